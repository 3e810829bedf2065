//! Nodes with directories of their own: reached by the command of `[access]`, or by files that are carried.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::{NODES, described, json, members};
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program, zone_etcd};

fn directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("machines").join(node)
}

fn run_there(zone: &TestZone, node: &str, options: &[&str]) -> Supervised {
    let parent = std::process::id().to_string();
    let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
    run.arg(directory(node).join("node.json")).args(options);
    Supervised::start(run, zone.around().to_owned(), node)
}

/// One that is reached gets its bundle before it is asked for its start, and so do the others.
#[test]
fn by_the_command_of_access() {
    isolated(|| {
        let place = std::env::temp_dir().join("machines");
        std::fs::create_dir(&place).expect("a directory");
        let access = format!(
            "[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\n",
            program().display(),
            place.display()
        );
        let zone = loopback_zone(3, &access);
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let mut running: Vec<Supervised> =
            NODES[..3].iter().map(|node| run_there(&zone, node, &[])).collect();
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2399"));

        let add = ["member", "add", "--node", &described(4), "--format", "json"];
        let mut adding = Running::start(&mut zone.command(&add), zone.around(), "add");
        adding.wait_for_line(&["node4", "has to be started", "--config"]);
        let contents = std::fs::read_to_string(directory("node4").join("node.json")).expect("its bundle");
        assert!(contents.contains("node4"), "{contents}");
        // It joins what is there, and may found nothing if the others are gone by then.
        let mut plan = zone_etcd(["plan", "--format", "json", "--config"]);
        let plan = json(outcome(plan.arg(directory("node4").join("node.json"))).expect_code(0));
        assert_eq!(plan["decision"], "join", "{plan:#}");
        running.push(run_there(&zone, "node4", &[]));
        assert!(adding.end().success(), "{}", adding.stderr());
        for node in &NODES[..4] {
            outcome(zone_etcd(["check", "--config"]).arg(directory(node).join("node.json"))).expect_code(0);
        }

        // Its directory is on its own machine, so its data stays where it is, and is put aside with the
        // start.
        running[1].end(Signal::SIGKILL);
        let replace = ["member", "replace", "node2", "--yes", "--format", "json"];
        let mut replacing = Running::start(&mut zone.command(&replace), zone.around(), "replace");
        replacing.wait_for_line(&["node2", "has to be started", "--move-data-aside"]);
        let _again = run_there(&zone, "node2", &["--move-data-aside"]);
        assert!(replacing.end().success(), "{}", replacing.stderr());

        let removed =
            json(zone.run(&["member", "remove", "node4", "--yes", "--format", "json"]).expect_code(0));
        assert_eq!(removed["others_told"], serde_json::json!(["node1", "node2", "node3"]), "{removed}");
        let told = run_there(&zone, "node4", &[]);
        crate::harness::processes::until("a refusal", || told.has_ended().then_some(()));
        assert!(told.stderr().contains("was removed from cluster"), "{}", told.stderr());
        zone.run(&["status"]).expect_code(0);
    });
}

/// Makes a bundle and activates it in the node's own directory.
#[track_caller]
fn carry(zone: &TestZone, node: &str) {
    let out = zone.around().join("carried");
    outcome(zone.command(&["bundle", node, "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
    zone.activate(&out.join(format!("{node}.bundle")), &directory(node));
}

/// Where files are carried it ends where one has to be, and goes on when that is done.
#[test]
fn by_files_that_are_carried() {
    isolated(|| {
        std::fs::create_dir(std::env::temp_dir().join("machines")).expect("a directory");
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        carry(&zone, "node1");
        let _first = run_there(&zone, "node1", &[]);
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        zone.run(&["member", "add", "--node", &described(2)]).expect_code(75).expect_error_with(&[
            "node2 is a learner, and was not started yet",
            "zone-etcd bundle node2 --out DIR --passphrase-file FILE",
            "zone-etcd run",
            "zone-etcd member add node2",
        ]);
        carry(&zone, "node2");
        let _second = run_there(&zone, "node2", &[]);
        let joined = crate::harness::processes::until("its vote", || {
            let told = zone.run(&["member", "add", "node2"]);
            (told.code == 0).then_some(told)
        });
        assert!(joined.stderr.contains("zone-etcd bundle node1 --out DIR"), "{}", joined.stderr);
        assert_eq!(members(&zone).len(), 2);
    });
}
