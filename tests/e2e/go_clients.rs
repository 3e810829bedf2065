//! etcd's own Go client at work while certificates change: no write is lost, and none fails.

use std::process::Command;

use crate::harness::TestZone;
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, loopback_zone, start_on_loopback, start_together, wait_for_quorum, wait_until_serving,
};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, until};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const ENDPOINTS: [&str; 3] = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];

fn running_zone() -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}

/// Waits until a key below a prefix was changed 200 revisions later.
#[track_caller]
fn go_on(zone: &TestZone, prefix: &str) {
    go_on_by(&etcdctl(zone, ENDPOINTS[0]), prefix);
}

#[track_caller]
fn go_on_by(etcdctl: &Command, prefix: &str) {
    let newest = || {
        let told = call(etcdctl, &["get", prefix, "--prefix", "--write-out", "fields"]).stdout;
        told.lines().filter_map(|line| line.strip_prefix("\"ModRevision\" : ")?.parse::<u64>().ok()).max()
    };
    let before = until("a first write", newest);
    until("further writes", || (newest()? > before + 200).then_some(()));
}

#[test]
fn new_certificates_cost_a_go_client_no_write() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let mut writers = [
            (GoWriter::start(&zone, &ENDPOINTS), "writer-all/"),
            (GoWriter::start_pinned(&zone, &ENDPOINTS), "writer-pinned/"),
        ];
        for (_, prefix) in &writers {
            go_on(&zone, prefix);
        }
        for round in 0..2 {
            writers.iter_mut().for_each(|(writer, _)| writer.begins(&format!("renew {round}")));
            zone.run(&["pki", "renew", "--all"]).expect_code(0);
            for (_, prefix) in &writers {
                go_on(&zone, prefix);
            }
        }
        // The certificate with which the writers began is refused by now.
        writers.iter_mut().for_each(|(writer, _)| writer.begins("revoke"));
        zone.run(&["pki", "revoke", "client/admin"]).expect_code(0);
        for (_, prefix) in &writers {
            go_on(&zone, prefix);
        }
        assert!(members.iter_mut().all(Running::is_alive));
        for (writer, _) in writers {
            let told = writer.finish_unharmed();
            assert_eq!(told["redialled"], 3, "the client has dialled again for each change: {told:#}");
            assert_eq!(told["spans"].as_array().map(Vec::len), Some(4), "{told:#}");
        }
    });
}

/// A history that nothing could spoil would say nothing.
#[test]
fn a_change_that_no_client_made_is_told_of() {
    isolated(|| {
        let (zone, _members) = running_zone();
        let writer = GoWriter::start(&zone, &ENDPOINTS);
        go_on(&zone, "writer-all/");
        call(&etcdctl(&zone, ENDPOINTS[0]), &["put", "writer-all/0000/0", "another value"]).expect_code(0);
        go_on(&zone, "writer-all/");
        let told = writer.finish();
        assert!(told["violations"].to_string().contains("no client made the change"), "{told:#}");
        assert!(told["violations"].to_string().contains("not linearizable"), "{told:#}");
    });
}

/// A member that is cut off answers serializable reads from what it had.
#[test]
fn a_stale_read_is_told_of() {
    isolated(|| {
        let addresses = ["10.0.1.10", "10.0.1.11", "10.0.1.12"];
        let machines: Vec<_> = NODES.into_iter().zip(addresses).chain([("client", "10.0.1.20")]).collect();
        let network = Network::new(&machines);
        let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
        let mut members = start_together(&zone, &NODES, |node, command| network.on(node, &command));
        wait_until_serving(&mut members);
        let endpoints = addresses.map(|address| format!("https://{address}:2379"));
        let client = network.on("client", &etcdctl(&zone, &endpoints[0]));
        wait_for_quorum(&client);
        let leads = |endpoint: &str| {
            let told = call(&client, &["endpoint", "status", "--endpoints", endpoint]).stdout;
            told.split(", ").nth(5) == Some("true")
        };
        let follower = (0..3).find(|place| !leads(&endpoints[*place])).expect("a follower");
        let others = network.on("client", &etcdctl(&zone, &endpoints[(follower + 1) % 3]));
        let writer =
            GoWriter::start_with(&zone, &endpoints, "stale", &["-try", "50ms", "-serializable"], |it| {
                network.on("client", &it)
            });
        network.cut(NODES[follower], &addresses);
        go_on_by(&others, "writer-stale/");
        network.heal(NODES[follower], &addresses);
        let told = writer.finish();
        assert!(told["violations"].to_string().contains("stale: get"), "{told:#}");
        assert!(told["violations"].to_string().contains("not linearizable: get"), "{told:#}");
    });
}
