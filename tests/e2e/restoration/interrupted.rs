//! Killed anywhere and run again, it goes on, and no member starts meanwhile with what it must not.

use std::fs;

use nix::sys::signal::Signal;

use super::{begin, keys, kill, start, zone_members};
use crate::harness::asked::Asked;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::supervised::Supervised;
use crate::snapshot::{save, zone_of};

#[test]
fn the_command_is_killed_and_run_again() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        fs::remove_dir_all(zone.file("nodes/node2/data")).expect("data that is lost");
        let mut clusters = Vec::new();
        for point in [
            "from now on, with the data of",
            "node1 has the restored data, beside its own",
            "node3 has the restored data, beside its own",
            "node1: its data of before is",
            "has to be started",
        ] {
            let mut restoring = begin(&zone, &file, &[]);
            restoring.wait_for_line(&[point]);
            restoring.signal(Signal::SIGKILL);
            restoring.end();
            let text = fs::read_to_string(zone.file("ca/restored.json")).expect("a record");
            let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(record["epoch"], 1, "{point}");
            clusters.push(record["cluster_id"].clone());
            // Whatever is on the disk of a node, it is refused or goes on with the restored data.
            for node in ["node1", "node2", "node3"] {
                let plan = zone.run(&["plan", "--node", node, "--format", "json"]);
                match plan.code {
                    65 | 75 => {}
                    0 => {
                        let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
                        assert_eq!(plan["decision"], "resume", "{point}: {plan:#}");
                        let text = fs::read_to_string(zone.file(&format!("nodes/{node}/state.json")));
                        let cluster = record["cluster_id"].as_str().expect("an id");
                        assert!(text.expect("state.json").contains(cluster), "{point}: {node}");
                    }
                    _ => panic!("{point}: {plan:?}"),
                }
            }
        }
        clusters.dedup();
        assert_eq!(clusters.len(), 1, "one cluster: {clusters:?}");
        let mut restoring = begin(&zone, &file, &[]);
        restoring.wait_for_line(&["has to be started"]);
        let mut running = zone_members(&zone);
        assert!(restoring.end().success(), "{}", restoring.stderr());
        assert_eq!(keys(&zone, 2389), ["one", "three", "two"]);

        // The same snapshot once more, another time, is another cluster.
        kill(&mut running);
        let (told, _running) = super::restore(&zone, &file, &[]);
        assert_eq!(told["epoch"], 2);
        assert_ne!(told["cluster_id"], clusters[0]);
    });
}

/// The members of before were frozen, and go on while the data is being restored beside theirs.
#[test]
fn a_quorum_that_is_back_meanwhile_keeps_its_data() {
    isolated(|| {
        let (zone, running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        running.iter().for_each(|member| member.signal(Signal::SIGSTOP));
        let mut restoring = begin(&zone, &file, &[]);
        restoring.wait_for_line(&["restoring the data of node1 beside"]);
        restoring.signal(Signal::SIGSTOP);
        running.iter().for_each(|member| member.signal(Signal::SIGCONT));
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        call(&client, &["put", "late", "a value"]).expect_code(0);
        restoring.signal(Signal::SIGCONT);
        assert_eq!(restoring.end().code(), Some(78), "{}", restoring.stderr());
        assert!(restoring.stderr().contains("a quorum of its members answers"), "{}", restoring.stderr());
        assert_eq!(running.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 1, 1]);
        call(&client, &["get", "late"]).expect_code(0);
    });
}

/// Another operator has begun a restore while this one is asked.
#[test]
fn of_two_at_once_one_is_refused() {
    isolated(|| {
        let (zone, mut running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let path = file.to_str().expect("a path");
        let mut asked = Asked::start(&zone, &["snapshot", "restore", path]);
        asked.asks();
        let mut other = begin(&zone, &file, &[]);
        other.wait_for_line(&["from now on, with the data of"]);
        other.signal(Signal::SIGKILL);
        other.end();
        let record = || fs::read_to_string(zone.file("ca/restored.json")).expect("a record");
        let before = record();
        let (code, told) = asked.answers("example.zone");
        assert_eq!(code, Some(75), "{told}");
        assert!(told.contains("another command restores the zone"), "{told}");
        assert_eq!(record(), before);
    });
}

/// A restore that was never seen to be complete, as the command was not run again: the zone has gone on for
/// long when most of it is lost.
#[test]
fn a_recovery_does_not_go_back_to_the_snapshot_of_a_restore() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let mut restoring = begin(&zone, &file, &[]);
        restoring.wait_for_line(&["has to be started"]);
        restoring.signal(Signal::SIGKILL);
        restoring.end();
        let mut running = zone_members(&zone);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        call(&client, &["put", "since", "a value"]).expect_code(0);
        kill(&mut running);
        for node in ["node2", "node3"] {
            fs::remove_dir_all(zone.file(&format!("nodes/{node}/data"))).expect("a disk that is lost");
        }
        zone.run(&["recover", "--dead", "node2,node3", "--rehearse"]).expect_code(0);
        let recover = ["recover", "--dead", "node2,node3", "--yes"];
        let mut recovering = Running::start(&mut zone.command(&recover), zone.around(), "recovering");
        recovering.wait_for_line(&["has to be started"]);
        let _recovered = start(&zone, &["node1"]);
        assert!(recovering.end().success(), "{}", recovering.stderr());
        assert_eq!(keys(&zone, 2379), ["one", "since", "three", "two"]);
    });
}

/// One that has run with the data may have voted, and is not given it once more under the same ids.
#[test]
fn a_member_that_has_lost_the_restored_data_is_not_restored_again() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let mut restoring = begin(&zone, &file, &[]);
        restoring.wait_for_line(&["has to be started"]);
        restoring.signal(Signal::SIGKILL);
        restoring.end();
        let path = file.to_str().expect("a path");
        fs::remove_dir_all(zone.file("nodes/node2")).expect("a disk that is lost");
        let told = zone.run(&["snapshot", "restore", path, "--yes", "--timeout", "1s"]).expect_code(65);
        assert!(told.stderr.contains("node2 had the restored data, and has lost it"), "{}", told.stderr);
        // Without it the zone is another cluster, of the others.
        let (told, _running) = super::restore(&zone, &file, &["--without", "node2"]);
        assert_eq!(told["epoch"], 2);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert!(text.contains("member = false"), "{text}");
        assert_eq!(keys(&zone, 2399), ["one", "three", "two"]);
        // It comes back as a member that is new.
        let mut adding =
            Running::start(&mut zone.command(&["member", "add", "node2"]), zone.around(), "adding");
        adding.wait_for_line(&["node2", "has to be started"]);
        let _added = start(&zone, &["node2"]);
        assert!(adding.end().success(), "{}", adding.stderr());
        assert_eq!(keys(&zone, 2389), ["one", "three", "two"]);
    });
}
