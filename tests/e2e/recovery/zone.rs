//! `recover` from the signing host: the best log, salvaged, and the zone restored from it.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::{Value, json as value};

use super::{NODES, digest, json, lose_the_quorum, three_members};
use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, kill_all, loopback_zone, run_command, start_on_loopback, wait_for_quorum,
};
use crate::harness::processes::{Running, processes_named, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{TestZone, program, zone_etcd};

/// The others' directories are gone with their machines.
fn lose_the_disks(zone: &TestZone, survivor: &str) -> String {
    let dead: Vec<&str> = NODES.into_iter().filter(|node| *node != survivor).collect();
    for node in &dead {
        fs::remove_dir_all(zone.file(&format!("nodes/{node}/data"))).expect("the data");
    }
    dead.join(",")
}

fn snapshots(zone: &TestZone) -> Vec<PathBuf> {
    ending_with(zone, "db")
}

fn parts(zone: &TestZone) -> usize {
    ending_with(zone, "part").len()
}

fn ending_with(zone: &TestZone, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(zone.file("snapshots")).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == end)).collect()
}

#[test]
fn all_that_was_acknowledged_is_there_again() {
    isolated(|| {
        let (zone, members) = three_members("");
        let (survivor, running, acknowledged) = lose_the_quorum(&zone, members);
        let dead = NODES.into_iter().filter(|node| *node != survivor).collect::<Vec<_>>().join(",");
        // Their disks are readable.
        zone.run(&["recover", "--dead", &dead, "--yes"]).expect_code(78).expect_error_with(&[
            "the quorum is not lost",
            "3 of 3 voters",
            "start those that do not run",
        ]);
        zone.run(&["recover", "--dead", &dead, "--method", "snapshot", "any.db", "--yes"])
            .expect_code(78)
            .expect_error_with(&["the quorum is not lost"]);
        lose_the_disks(&zone, &survivor);
        zone.run(&["recover", "--dead", &survivor, "--yes"])
            .expect_code(78)
            .expect_error_with(&["answers: it is not dead"]);

        let listed = zone.run(&["recover", "--dead", &dead, "--dry-run"]).expect_code(0);
        assert!(listed.stdout.contains(&format!("the log of {survivor} is the best")), "{listed:?}");
        assert!(listed.stdout.contains("nothing was changed"), "{listed:?}");
        let pid = running.pid();
        let rehearsed =
            json(&zone.run(&["recover", "--dead", &dead, "--rehearse", "-o", "json"]).expect_code(0));
        assert!(rehearsed["salvage"]["entries_salvaged"].as_u64() > Some(0), "{rehearsed:#}");
        assert!(rehearsed["unknown"].as_str().is_some_and(|text| text.contains("cannot be told")));
        assert_eq!((processes_named("etcd"), snapshots(&zone)), (vec![pid], Vec::new()));

        zone.run(&["recover", "--dead", &dead])
            .expect_code(64)
            .expect_error_with(&["cannot be undone", "--yes"]);
        let mut command = zone.command(&["recover", "--dead", &dead, "--yes"]);
        let mut recovering = Running::start(&mut command, zone.around(), "recovering");
        recovering.wait_for_line(&["has to be started"]);
        let restored =
            Supervised::start(run_command(&zone, &survivor, &[]), zone.around().to_owned(), "restored");
        let ended = recovering.end();
        assert!(ended.success(), "{}", recovering.stderr());
        assert!(recovering.stdout().contains("beyond what the member knew to be committed"));
        let place = NODES.iter().position(|node| *node == survivor).expect("a node");
        let client = etcdctl(&zone, &format!("https://127.0.0.1:{}", 2379 + 10 * place));
        wait_for_quorum(&client);
        let keys = call(&client, &["get", "--prefix", "load/", "--keys-only"]).expect_code(0).stdout;
        let lost: Vec<&String> = acknowledged.iter().filter(|key| !keys.contains(*key)).collect();
        assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
        zone.run(&["snapshot", "status", snapshots(&zone)[0].to_str().expect("a path"), "--signed"])
            .expect_code(0);
        zone.run(&["recover", "--dead", &dead, "--yes"]).expect_code(78);
        drop((running, restored));
    });
}

/// Two of three are left, and one of them is away for as long as an election may take.
#[test]
fn a_quorum_that_is_away_for_a_moment_is_waited_for() {
    isolated(|| {
        let (zone, mut members) = three_members("");
        members[2].signal(Signal::SIGKILL);
        members[2].end();
        fs::remove_dir_all(zone.file("nodes/node3/data")).expect("the data");
        let description = zone.file("zone.toml");
        let text = fs::read_to_string(&description).expect("zone.toml");
        fs::write(&description, text.replace("election = \"100ms\"", "election = \"8s\"")).expect("written");
        members[1].signal(Signal::SIGSTOP);
        let mut command = zone.command(&["-v", "recover", "--dead", "node3", "--yes"]);
        let mut recovering = Running::start(&mut command, zone.around(), "recovering");
        recovering.wait_for_line(&["ask members", "close"]);
        members[1].signal(Signal::SIGCONT);
        let ended = recovering.outcome();
        assert_eq!(ended.code, 78, "{}", ended.stderr);
        ended.expect_error_with(&["a quorum answers: nothing has to be recovered"]);
        assert!(snapshots(&zone).is_empty());
    });
}

/// What was salvaged on a node is carried, and the operator vouches for it.
#[test]
fn by_hand_with_files() {
    isolated(|| {
        let (zone, members) = three_members("");
        let (survivor, mut running, _) = lose_the_quorum(&zone, members);
        running.signal(Signal::SIGKILL);
        running.end();
        let dead = lose_the_disks(&zone, &survivor);
        let out = zone.around().join("carried.db");
        let out = out.to_str().expect("a path");
        zone.run(&["recover", "salvage", "--node", &survivor, "--out", out]).expect_code(0);
        zone.run(&["snapshot", "status", out, "--signed"]).expect_code(65);
        let listed =
            zone.run(&["recover", "--dead", &dead, "--method", "snapshot", out, "--dry-run"]).expect_code(0);
        assert!(listed.stdout.contains("check and sign"), "{listed:?}");
        let mut command = zone.command(&["recover", "--dead", &dead, "--method", "snapshot", out, "--yes"]);
        let mut recovering = Running::start(&mut command, zone.around(), "recovering");
        recovering.wait_for_line(&["has to be started"]);
        recovering.signal(Signal::SIGKILL);
        recovering.end();
        let adopted = snapshots(&zone);
        zone.run(&["snapshot", "status", adopted[0].to_str().expect("a path"), "--signed"]).expect_code(0);
        // A rehearsal changes nothing of a restore that is under way either.
        let state = || {
            let text = |name: &str| fs::read_to_string(zone.file(name)).expect("a file");
            (
                text("ca/restored.json"),
                text("zone.toml"),
                digest(&zone.file(&format!("nodes/{survivor}/data"))),
            )
        };
        let before = state();
        zone.run(&["recover", "--dead", &dead, "--rehearse"]).expect_code(75);
        assert_eq!(state(), before);
        // The same command goes on, and takes no second snapshot.
        let _restored =
            Supervised::start(run_command(&zone, &survivor, &[]), zone.around().to_owned(), "restored");
        let told = json(&zone.run(&["recover", "--dead", &dead, "--yes", "-o", "json"]).expect_code(0));
        assert_eq!(told["restore"]["is_compared"], true, "{told:#}");
        assert_eq!(snapshots(&zone), adopted);
        zone.run(&["status"]).expect_code(0);
    });
}

/// A quorum is back between the salvage and the restore, and takes a write. Its disks are lost after that.
#[test]
fn what_is_written_after_the_salvage_is_not_lost() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut members = supervise_on_loopback(&zone, &NODES);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        call(&client, &["put", "early", "a value"]).expect_code(0);
        let (survivor, others) = members.split_at_mut(1);
        // They go on with files that nobody finds any more.
        others.iter().for_each(|other| other.signal(Signal::SIGSTOP));
        for node in &NODES[1..] {
            let away = zone.around().join(node);
            fs::rename(zone.file(&format!("nodes/{node}/data")), away).expect("a disk that is lost");
        }
        let recover = ["recover", "--dead", "node2,node3", "--yes", "-o", "json"];
        let mut recovering = Running::start(&mut zone.command(&recover), zone.around(), "recovering");
        recovering.wait_for_line(&["all that the log of node1 holds is in"]);
        recovering.signal(Signal::SIGSTOP);
        survivor[0].end(Signal::SIGTERM);
        survivor[0].start_again();
        others.iter().for_each(|other| other.signal(Signal::SIGCONT));
        wait_for_quorum(&client);
        call(&client, &["put", "late", "a value"]).expect_code(0);
        others.iter().for_each(|other| other.signal(Signal::SIGSTOP));
        recovering.signal(Signal::SIGCONT);
        assert_eq!(recovering.end().code(), Some(65), "{}", recovering.stderr());
        let told: Value = serde_json::from_str(&recovering.stdout()).expect("JSON");
        assert!(told["salvage"].is_object() && told["restore"].is_null(), "{told:#}");
        assert!(recovering.stderr().contains("node1 has entries that were not salvaged"));

        // The same command looks at the log anew.
        let mut again = Running::start(&mut zone.command(&recover), zone.around(), "again");
        again.wait_for_line(&["has to be started"]);
        let _restored =
            Supervised::start(run_command(&zone, "node1", &[]), zone.around().to_owned(), "restored");
        assert!(again.end().success(), "{}", again.stderr());
        let told: Value = serde_json::from_str(&again.stdout()).expect("JSON");
        assert_eq!(
            (&told["chosen"], &told["restore"]["is_compared"]),
            (&value!("node1.example.zone"), &value!(true))
        );
        let keys = call(&client, &["get", "", "--prefix", "--keys-only"]).expect_code(0).stdout;
        assert!(keys.contains("early") && keys.contains("late"), "{keys}");
    });
}

/// By files as well: what was carried is compared with the logs that can be read.
#[test]
fn a_snapshot_that_a_log_is_ahead_of_is_refused() {
    isolated(|| {
        let (zone, mut members) = three_members("");
        let others = members.split_off(1);
        kill_all(others);
        let out = zone.around().join("carried.db");
        let out = out.to_str().expect("a path");
        zone.run(&["recover", "salvage", "--node", "node1", "--out", out]).expect_code(0);
        drop(members);
        let members = start_on_loopback(&zone, &NODES);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        call(&client, &["put", "late", "a value"]).expect_code(0);
        kill_all(members);
        let dead = lose_the_disks(&zone, "node1");
        zone.run(&["recover", "--dead", &dead, "--method", "snapshot", out, "--yes"])
            .expect_code(78)
            .expect_error_with(&["the log of node1 has what the snapshot has not"]);
    });
}

/// Two of five can be read, and the one that is given up has more.
#[test]
fn a_better_log_is_not_given_up() {
    isolated(|| {
        const FIVE: [&str; 5] = ["node1", "node2", "node3", "node4", "node5"];
        let zone = loopback_zone(5, "");
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &FIVE);
        let client = etcdctl(&zone, "https://127.0.0.1:2389");
        wait_for_quorum(&client);
        let first = members.remove(0);
        kill_all(vec![first]);
        wait_for_quorum(&client);
        call(&client, &["put", "late", "a value"]).expect_code(0);
        kill_all(members);
        for node in &FIVE[2..] {
            fs::remove_dir_all(zone.file(&format!("nodes/{node}/data"))).expect("a disk that is lost");
        }
        zone.run(&["recover", "--dead", "node2,node3,node4,node5", "--yes"])
            .expect_code(78)
            .expect_error_with(&["node2 is not lost", "leave node2 out of --dead"]);
    });
}

/// Nodes with directories of their own, which a command reaches.
#[test]
fn by_access() {
    isolated(|| {
        let place = std::env::temp_dir().join("nodes");
        fs::create_dir(&place).expect("a directory");
        let (command, shown) = (program().display().to_string(), place.display().to_string());
        let zone = loopback_zone(
            3,
            &format!("[access]\ncommand = \"{command}\"\nnode_dir = \"{shown}/{{name}}\"\nlimit = \"20s\"\n"),
        );
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let parent = std::process::id().to_string();
        let mut members: Vec<Running> = NODES
            .iter()
            .map(|node| {
                let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
                Running::start(run.arg(place.join(node).join("node.json")), zone.around(), node)
            })
            .collect();
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        call(&client, &["put", "one", "a value"]).expect_code(0);
        for member in &mut members {
            member.signal(Signal::SIGKILL);
            member.end();
        }
        fs::remove_dir_all(place.join("node2/data")).expect("the data");
        zone.run(&["recover", "--dead", "node2", "--rehearse"])
            .expect_code(78)
            .expect_error_with(&["2 of 3 voters"]);
        fs::rename(place.join("node3"), zone.around().join("away")).expect("a node that is not reached");
        zone.run(&["recover", "--dead", "node2", "--rehearse"])
            .expect_code(69)
            .expect_error_with(&["the log of node3 cannot be read", "--dead"]);
        let rehearsed =
            json(&zone.run(&["recover", "--dead", "node2,node3", "--rehearse", "-o", "json"]).expect_code(0));
        assert_eq!(rehearsed["chosen"], "node1.example.zone", "{rehearsed:#}");
        assert_eq!(snapshots(&zone), Vec::<PathBuf>::new());

        // One that is killed while the snapshot comes leaves a part of it, which is in no other's way.
        let mut command = zone.command(&["recover", "--dead", "node2,node3", "--yes"]);
        let mut killed = Running::start(&mut command, zone.around(), "killed");
        until("a part of a snapshot", || (parts(&zone) == 1).then_some(()));
        killed.signal(Signal::SIGKILL);
        killed.end();
        assert_eq!(parts(&zone), 1);
        let mut recovering = Running::start(&mut command, zone.around(), "recovering");
        recovering.wait_for_line(&["has to be started"]);
        assert_eq!(parts(&zone), 0);
        zone.run(&["snapshot", "status", snapshots(&zone)[0].to_str().expect("a path"), "--signed"])
            .expect_code(0);
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        let run = run.arg(place.join("node1/node.json"));
        let _restored = Running::start(run, zone.around(), "restored");
        let ended = recovering.end();
        assert!(ended.success(), "{}", recovering.stderr());
        zone.run(&["status"]).expect_code(0);
    });
}
