//! etcd's own Go client at work while certificates change: no write is lost, and none fails.

use crate::harness::TestZone;
use crate::harness::go_writer::{GoWriter, assert_unharmed};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, start_on_loopback};
use crate::harness::processes::{Running, until};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const ENDPOINTS: [&str; 3] = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];

fn running_zone() -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}

/// Waits until 200 more keys are below a prefix.
#[track_caller]
fn go_on(zone: &TestZone, prefix: &str) {
    let etcdctl = etcdctl(zone, ENDPOINTS[0]);
    let count = || {
        let told =
            call(&etcdctl, &["get", prefix, "--prefix", "--count-only", "--write-out", "fields"]).stdout;
        let count = told.lines().find_map(|line| line.strip_prefix("\"Count\" : ")?.parse::<usize>().ok())?;
        (count > 0).then_some(count)
    };
    let before = until("a first write", count);
    until("further writes", || (count()? > before + 200).then_some(()));
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
            let told = writer.finish();
            println!("{told}");
            assert_unharmed(&told);
            assert_eq!(told["redialled"], 3, "the client has dialled anew for each change: {told:#}");
            assert_eq!(told["spans"].as_array().map(Vec::len), Some(4), "{told:#}");
        }
    });
}

/// A test that no writer could fail would say nothing.
#[test]
fn a_go_client_tells_what_was_lost() {
    isolated(|| {
        let (zone, _members) = running_zone();
        let writer = GoWriter::start(&zone, &ENDPOINTS);
        go_on(&zone, "writer-all/");
        let etcdctl = etcdctl(&zone, ENDPOINTS[0]);
        call(&etcdctl, &["del", "writer-all/000000000007"]).expect_code(0);
        call(&etcdctl, &["put", "writer-all/000000000008", "another value"]).expect_code(0);
        let told = writer.finish();
        assert_eq!((&told["lost"], &told["failed"]), (&2.into(), &0.into()), "{told:#}");
    });
}
