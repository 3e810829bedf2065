//! Names that a member publishes: with a peer certificate it may publish any.

use std::process::Command;

use super::{findings, found};
use crate::harness::isolation::isolated;
use crate::harness::members::{change_members, etcdctl, loopback_zone, start_on_loopback};
use crate::harness::processes::{Running, until};
use crate::harness::{TestZone, bundle};

/// A learner with a certificate of node1.
#[track_caller]
fn start_learner(zone: &TestZone, name: &str) -> Running {
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    change_members(&client, &["add", "any", "--learner", "--peer-urls=https://127.0.0.1:2999"]);
    let file = |name: &str| zone.file(&format!("nodes/node1/pki/current/{name}"));
    let mut etcd = Command::new(bundle("3.7.3").join("etcd"));
    etcd.arg(format!("--name={name}")).arg("--data-dir").arg(zone.around().join("learner"));
    let first = "node1=https://127.0.0.1:2380";
    etcd.arg(format!("--initial-cluster={first},{name}=https://127.0.0.1:2999"));
    etcd.args(["--initial-cluster-state=existing", "--heartbeat-interval=10", "--election-timeout=100"]);
    for flag in ["listen-peer-urls", "initial-advertise-peer-urls"] {
        etcd.arg(format!("--{flag}=https://127.0.0.1:2999"));
    }
    for flag in ["listen-client-urls", "advertise-client-urls"] {
        etcd.arg(format!("--{flag}=https://127.0.0.1:2998"));
    }
    etcd.arg("--peer-trusted-ca-file").arg(file("peer-ca.crt")).arg("--peer-client-cert-auth");
    etcd.arg("--peer-cert-file").arg(file("peer.crt")).arg("--peer-key-file").arg(file("peer.key"));
    etcd.arg("--trusted-ca-file").arg(file("client-ca.crt")).arg("--client-cert-auth");
    etcd.arg("--cert-file").arg(file("server.crt")).arg("--key-file").arg(file("server.key"));
    Running::start(&mut etcd, zone.around(), "learner")
}

/// A line that is proposed is typed, or copied, into a shell where the keys of the CAs are.
#[test]
fn a_name_that_is_published_is_no_part_of_a_command() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_on_loopback(&zone, &["node1"]);
        let mut learner = start_learner(&zone, "x;touch written;#");
        let report = until("a learner that has caught up", || {
            let report = zone.run(&["doctor", "-o", "json"]);
            report.stdout.contains("does not vote yet").then_some(report)
        });
        let finding = found(&findings(&report), "learner", "warning", "");
        assert!(finding["remedy"].as_str().expect("a text").contains("member list"), "{finding:#}");
        let shown = zone.run(&["status"]).stdout;
        let reports = [&report.stdout, &shown];
        assert!(reports.iter().all(|report| !report.contains(";touch")), "{reports:#?}");

        learner.stop();
        let report = zone.run(&["doctor", "-o", "json"]);
        let finding = found(&findings(&report), "learner", "warning", "it does not answer");
        let subject = finding["subject"].as_str().expect("an id");
        let remedy = finding["remedy"].as_str().expect("a text");
        assert!(remedy.contains(&format!("member remove {subject} --zone")), "{finding:#}");
    });
}

/// A name that looks like one of ours may be that of a node that has no member.
#[test]
fn a_plain_name_proves_nothing_either() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _member = start_on_loopback(&zone, &["node1"]);
        let mut learner = start_learner(&zone, "node9");
        until("its name", || zone.run(&["status"]).stdout.contains("node9").then_some(()));
        learner.stop();
        let report = zone.run(&["doctor", "-o", "json"]);
        let finding = found(&findings(&report), "learner", "warning", "it does not answer");
        let remedy = finding["remedy"].as_str().expect("a text");
        assert!(remedy.contains("member remove ") && !remedy.contains("node9"), "{finding:#}");
    });
}
