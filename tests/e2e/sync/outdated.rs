//! Nodes that were off while the CAs of their zone were replaced.

use std::fs;
use std::process::Command;

use super::{Fleet, WORKERS};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, bundle, outcome, program, zone_etcd};

/// A zone whose nodes are reached by a command. Beside them are copies of the worker, which are off.
fn fleet() -> (Fleet, Supervised) {
    let place = std::env::temp_dir().join("nodes");
    fs::create_dir(&place).expect("a directory");
    let access = format!(
        "{WORKERS}[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\nlimit = \"30s\"\n",
        program().display(),
        place.display()
    );
    let zone = loopback_zone(1, &access);
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    let parent = std::process::id().to_string();
    let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
    run.arg(place.join("node1/node.json"));
    let member = Supervised::start(run, zone.around().to_owned(), "node1");
    member.wait_for_line(&["\"serving client traffic securely\""]);
    let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
    wait_for_quorum(&etcdctl);
    let machines = zone.around().join("machines");
    fs::create_dir(&machines).expect("a directory");
    for copy in ["worker", "late"] {
        let mut copied = Command::new("cp");
        outcome(copied.arg("-a").arg(place.join("worker")).arg(machines.join(copy))).expect_code(0);
    }
    (Fleet { zone, members: Vec::new(), etcdctl }, member)
}

#[track_caller]
fn rotate(fleet: &Fleet, stage: &[&str]) {
    fleet.zone.run(&[&["pki", "rotate-ca", "--root", "--force"], stage].concat()).expect_code(0);
}

/// It finds a bundle for each signer that it has missed, and trusts the second by way of the first. By then
/// it trusts no member either, and they it still.
#[test]
fn both_bundles_of_a_rotation_of_the_root() {
    isolated(|| {
        let (fleet, _member) = fleet();
        let had = fleet.in_use("worker");
        rotate(&fleet, &["--stop-after", "trust-both"]);
        let first = fleet.sealed("worker");
        rotate(&fleet, &["--stop-after", "new-leaves"]);
        let second = fleet.sealed("worker");

        // With nothing for it there is nobody to trust, and only a file brings it back.
        let told = fleet.sync("worker", &[]).expect_code(69);
        told.expect_error_with(&[
            "no member's certificate is trusted here",
            "zone-etcd bundle worker --out DIR",
        ]);
        // The newest alone is signed by a CA that it does not know.
        fleet.put_bundle("worker", second.1, &second.0);
        let told = fleet.sync("worker", &[]).expect_code(69);
        assert!(told.stderr.contains("without verifying the member"), "{}", told.stderr);
        assert!(told.stderr.contains(&format!("bundle {} in etcd", second.1)), "{}", told.stderr);
        assert_eq!(fleet.in_use("worker"), had);

        fleet.put_bundle("worker", first.1, &first.0);
        let told = fleet.synced("worker", &[]);
        assert_eq!(told["activated"], serde_json::json!([first.1, second.1]));
        assert_eq!(told["unverified"], true);
        let answer = fleet.answer("worker");
        assert_eq!((answer.sequence, answer.not_activated), (second.1, None));
        assert_eq!(fleet.synced("worker", &[])["unverified"], false);

        // Members forget the old CA: the one that came late is not let in any more, and says what helps.
        rotate(&fleet, &[]);
        fleet.put_bundle("worker", first.1, &first.0);
        let told = fleet.sync("late", &[]).expect_code(69);
        told.expect_error_with(&[
            "members do not accept the certificate of this node any more",
            "zone-etcd bundle worker --out DIR",
        ]);
        assert_eq!(fleet.in_use("late"), had);
        fleet.synced("worker", &[]);
    });
}

/// Another server in the place of the member, by a certificate of its own: what it hands out is not
/// activated, and nothing is told to it.
#[test]
fn an_impostor_is_asked_and_not_believed() {
    isolated(|| {
        let mut fleet = Fleet::of_one();
        fleet.join("worker");
        let old = fleet.sealed("worker");
        fleet.put_bundle("worker", old.1, &old.0);
        fleet.synced("worker", &[]);
        let new = fleet.deliver("worker");
        fleet.synced("worker", &[]);
        for member in &mut fleet.members {
            member.stop();
        }

        let other = TestZone::init("other.zone", &["node1=127.0.0.1"]);
        other.run(&["pki", "issue", "--all"]).expect_code(0);
        let (data, url) = (fleet.zone.around().join("impostor.etcd"), "https://127.0.0.1:2379");
        let mut etcd = Command::new(bundle("3.7.3").join("etcd"));
        etcd.arg("--data-dir").arg(&data).args(["--listen-client-urls", url, "--advertise-client-urls", url]);
        for (flag, file) in [("--cert-file", "server.crt"), ("--key-file", "server.key")] {
            etcd.arg(flag).arg(other.file(&format!("nodes/node1/pki/current/{file}")));
        }
        let mut impostor = Running::start(&mut etcd, fleet.zone.around(), "impostor");
        impostor.wait_for_line(&["\"serving client traffic securely\""]);
        let mut etcdctl = Command::new(bundle("3.7.3").join("etcdctl"));
        etcdctl.args(["--endpoints", url, "--insecure-skip-tls-verify"]);
        fleet.etcdctl = etcdctl;

        // With nothing there; with garbage; with what the node has had, under another number.
        let told = fleet.sync("worker", &[]).expect_code(69);
        told.expect_error_with(&["no member's certificate is trusted here", "no newer bundle waits"]);
        for value in [b"garbage".as_slice(), &old.0] {
            fleet.put_bundle("worker", new + 7, value);
            let told = fleet.sync("worker", &[]).expect_code(69);
            assert!(told.stderr.contains("not activated: cannot use bundle"), "{}", told.stderr);
            assert_eq!(fleet.in_use("worker"), new);
        }
        let told = call(&fleet.etcdctl, &["get", "--prefix", "--keys-only", "/zone-etcd/answer/"]);
        assert_eq!(told.expect_code(0).stdout.trim(), "", "no answer is for it");
    });
}
