//! `recover log` and `recover salvage`, on one node.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;

use super::{NODES, digest, json, keys_by_force, keys_of_snapshot, log_of, lose_the_quorum, three_members};
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, fill_database, kill_all, loopback_zone, turn_authentication_on};
use crate::harness::processes::processes_named;
use crate::harness::supervised::supervise_on_loopback;

#[test]
fn etcd_3_7_keeps_what_force_new_cluster_discards() {
    isolated(|| keeps_what_force_new_cluster_discards("3.7.3", false));
}

#[test]
fn etcd_3_6_keeps_what_force_new_cluster_discards_with_authentication() {
    isolated(|| keeps_what_force_new_cluster_discards("3.6.16", true));
}

#[test]
fn etcd_3_5_keeps_what_force_new_cluster_discards() {
    isolated(|| keeps_what_force_new_cluster_discards("3.5.35", false));
}

#[track_caller]
fn keeps_what_force_new_cluster_discards(version: &str, has_authentication: bool) {
    let (zone, members) = three_members(&format!("[etcd]\nversion = \"{version}\"\n"));
    if has_authentication {
        turn_authentication_on(&zone);
    }
    let (node, survivor, _) = lose_the_quorum(&zone, members);
    kill_all(vec![survivor]);
    let data = zone.file(&format!("nodes/{node}/data"));
    let (before, log) = (digest(&data), log_of(&zone, &node));
    assert_eq!((&log["is_running"], &log["etcd_version"]), (&false.into(), &version.into()), "{log:#}");
    assert_eq!(log["members"].as_array().map(Vec::len), Some(3), "{log:#}");

    let out = zone.around().join("recovered.db");
    let path = out.to_str().expect("a path");
    let told = json(&zone.run(&["recover", "salvage", "--node", &node, "--out", path, "-o", "json"]));
    let beyond = log["last_index"].as_u64().expect("an index") - log["commit"].as_u64().expect("an index");
    assert_eq!(told["entries_salvaged"], beyond, "{told:#}");
    assert_eq!(told["manifest"]["from"]["version"], version);
    assert_eq!(told["manifest"]["recovered"]["last_index"], log["last_index"]);
    assert_eq!(digest(&data), before, "the data was only read");
    assert_eq!(processes_named("etcd"), Vec::<u32>::new());
    assert_eq!(fs::metadata(&out).expect("the snapshot").permissions().mode() & 0o777, 0o600);

    zone.run(&["snapshot", "verify", path]).expect_code(0);
    if has_authentication {
        // Those who look at the keys here have no certificate, and so no user.
        return;
    }
    let (saved, forced) = (keys_of_snapshot(&zone, version, &out), keys_by_force(&zone, version, &data));
    assert!(forced.is_subset(&saved) && saved.len() > forced.len(), "{} of {}", forced.len(), saved.len());
    zone.run(&["recover", "salvage", "--node", &node, "--out", path])
        .expect_code(73)
        .expect_error_with(&["recovered.db is there already"]);
}

/// A rehearsal stops nothing; a salvage keeps the member stopped, whatever supervises it.
#[test]
fn a_rehearsal_stops_nothing_and_leaves_nothing() {
    isolated(|| {
        let zone = loopback_zone(3, "[etcd]\nquota = \"16MiB\"\n");
        zone.run(&["init"]).expect_code(0);
        let mut members = supervise_on_loopback(&zone, &NODES);
        fill_database(&zone, &etcdctl(&zone, "https://127.0.0.1:2379"));
        for member in &mut members[1..] {
            member.end(Signal::SIGKILL);
        }
        let pid = members[0].pid();
        let list = || {
            let entries = fs::read_dir(zone.file("nodes/node1")).expect("the node directory");
            let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
            names.sort();
            names
        };
        // A copy that somebody has made under the same name stays.
        let copy = zone.file("nodes/node1/data.recover");
        fs::create_dir(&copy).expect("a directory");
        fs::write(copy.join("mine"), "kept").expect("a file");
        zone.run(&["recover", "salvage", "--rehearse", "--node", "node1"])
            .expect_code(73)
            .expect_error_with(&["data.recover is there already", "mv "]);
        assert_eq!(fs::read_to_string(copy.join("mine")).expect("the file"), "kept");
        fs::remove_dir_all(copy).expect("removed");
        let before = list();
        let told = json(
            &zone.run(&["recover", "salvage", "--node", "node1", "--rehearse", "-o", "json"]).expect_code(0),
        );
        assert!(told["errors"].to_string().contains("NOSPACE"), "{told:#}");
        assert_eq!((&told["was_running"], members[0].pid()), (&true.into(), pid));
        assert_eq!((list(), processes_named("etcd")), (before.clone(), vec![pid]));

        let out = zone.around().join("recovered.db");
        let out = out.to_str().expect("a path");
        let told = json(&zone.run(&["recover", "salvage", "--node", "node1", "--out", out, "-o", "json"]));
        assert_eq!(told["was_running"], true);
        assert_eq!(list(), before);
        zone.run(&["snapshot", "verify", out]).expect_code(0);
        // Its supervisor was told why.
        assert!(members[0].has_ended() || members[0].pid() != pid);
    });
}

#[test]
fn what_cannot_be_salvaged_is_refused() {
    isolated(|| {
        let (zone, members) = three_members("");
        zone.run(&[
            "recover",
            "salvage",
            "--node",
            "node1",
            "--out",
            zone.around().join("x.db").to_str().expect("a path"),
        ])
        .expect_code(78)
        .expect_error_with(&["a quorum answers: nothing has to be recovered"]);
        assert_eq!(processes_named("etcd").len(), members.len(), "none was stopped");
        kill_all(members);
        let log = zone.file("nodes/node1/data/member/wal/0000000000000000-0000000000000000.wal");
        let mut bytes = fs::read(&log).expect("the log");
        bytes[100] ^= 1;
        fs::write(&log, bytes).expect("the log");
        let salvage = |node: &str| {
            let out = zone.around().join("recovered.db");
            zone.run(&["recover", "salvage", "--node", node, "--out", out.to_str().expect("a path")])
        };
        salvage("node1").expect_code(65).expect_error_with(&["is damaged at byte"]);
        fs::remove_dir_all(zone.file("nodes/node2/data")).expect("the data");
        salvage("node2").expect_code(66).expect_error_with(&["node2 has no log of a member"]);
        zone.run(&["recover", "salvage", "--node", "node3", "--out", "x"]).expect_code(64);
        // What an earlier call has left is cleared.
        let left = zone.file("nodes/node3/data.recover");
        fs::create_dir_all(left.join("data/member")).expect("a directory");
        fs::set_permissions(&left, fs::Permissions::from_mode(0o700)).expect("a mode");
        fs::write(left.join("zone-etcd-recover.lock"), "").expect("its mark");
        salvage("node3").expect_code(0);
        assert!(!left.exists());
    });
}
