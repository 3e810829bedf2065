//! Voters whose data differs, while etcd says nothing: `status`, `doctor` and `restart` say it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, kill_all, loopback_zone, start_on_loopback, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::supervise_on_loopback;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::status::{NODES, exposition, status};

/// The first words of `status` and of the JSON reason.
const DIVERGED: &str = "data has diverged: ";

fn clients(zone: &TestZone) -> Vec<Command> {
    (0..3).map(|number| etcdctl(zone, &format!("https://127.0.0.1:{}", 2379 + 10 * number))).collect()
}

/// What a client writes, and what the disk of node3 makes of it.
const WRITTEN: &str = "written-by-the-client";
const CHANGED: &str = "changed-by-the-disk-3";

/// Writes a value that every member has in its file, and changes it in that of node3, as a disk does that
/// loses what was written. bbolt maps the file, and its pages of data have no checksum, so the running member
/// has the other value from now on.
#[track_caller]
pub fn diverge(zone: &TestZone) {
    let clients = clients(zone);
    // More than a quarter of a page: keys that are fewer lie in the root page, which each commit writes
    // again.
    let more = "x".repeat(2048);
    call(&clients[0], &["put", "key", &format!("{WRITTEN}{more}")]).expect_code(0);
    clients.iter().for_each(wait_for_quorum);
    // Until its next commit a member has what it wrote in memory alone, and 3.5 keeps a copy of that until
    // something else is written.
    until("the member to read its file", || {
        call(&clients[0], &["put", "later", "value"]);
        change_on_disk(zone, "node3");
        let held = call(&clients[2], &["get", "key", "--print-value-only", "--consistency=s"]).stdout;
        held.starts_with(CHANGED).then_some(())
    });
}

/// Changes the value wherever it stands in the database file of a member.
fn change_on_disk(zone: &TestZone, node: &str) {
    let file = zone.file(&format!("nodes/{node}/data/member/snap/db"));
    let bytes = fs::read(&file).expect("the database");
    let database = OpenOptions::new().write(true).open(&file).expect("the database");
    let places = bytes.windows(WRITTEN.len()).enumerate().filter(|(_, found)| *found == WRITTEN.as_bytes());
    for (place, _) in places {
        database.write_all_at(CHANGED.as_bytes(), place as u64).expect("written");
    }
}

/// The hash of each member by etcdctl, which asks the same question.
fn hashes(zone: &TestZone) -> Vec<u64> {
    let hash = |client: &Command| {
        let text = call(client, &["endpoint", "hashkv", "-w", "json"]).expect_code(0).stdout;
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        answer[0]["HashKV"]["hash"].as_u64().expect("a hash")
    };
    clients(zone).iter().map(hash).collect()
}

/// The first lines of a text, until one that is not indented.
fn first_sentence(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().expect("a line").to_owned();
    lines.take_while(|line| line.starts_with(' ')).fold(first, |all, line| all + " " + line.trim_start())
}

#[track_caller]
fn a_changed_value_is_told(version: &str) {
    let zone = loopback_zone(3, &format!("[etcd]\nversion = \"{version}\"\n"));
    zone.run(&["init"]).expect_code(0);
    let _members = start_on_loopback(&zone, &NODES);
    assert_eq!(status(&zone, 0)["data"]["state"], "same");
    diverge(&zone);
    let [one, other, third] = hashes(&zone)[..] else { panic!("three hashes") };
    assert!(one == other && one != third);

    let text = zone.run(&["status"]).expect_code(65).stdout;
    let first = first_sentence(&text);
    assert!(first.starts_with(DIVERGED), "{text}");
    assert!(first.contains(&format!("node1, node2 (hash {one} at revision ")), "{text}");
    assert!(first.contains(&format!("node3 (hash {third} at revision ")), "{text}");
    assert!(text.contains("\nexample.zone  degraded  ") && text.contains("\nnext: "), "{text}");

    let live = status(&zone, 65);
    assert_eq!(live["data"]["state"], "different");
    assert_eq!(live["data"]["groups"][0]["members"], serde_json::json!(["node1", "node2"]));
    assert_eq!(live["data"]["groups"][0]["hash"], one);
    assert_eq!(live["data"]["groups"][1]["members"], serde_json::json!(["node3"]));
    assert!(live["reasons"][0].as_str().expect("a reason").starts_with(DIVERGED), "{live}");

    let metrics = zone.run(&["status", "--format", "prometheus"]).expect_code(65).stdout;
    let samples = exposition(&metrics);
    assert_eq!(samples["zone_etcd_data_differs{zone=\"example.zone\"}"], 1.0);
    assert_eq!(samples["zone_etcd_data_compared{zone=\"example.zone\"}"], 1.0);

    let text = zone.run(&["doctor"]).expect_code(65).stdout;
    let first = text.lines().next().expect("a line");
    assert!(first.starts_with("  failed       member-data  node1, node2 (hash "), "{text}");
    assert!(first.contains(&format!("node3 (hash {third} at revision ")), "{text}");
}

#[test]
fn a_changed_value_is_told_on_3_7() {
    isolated(|| a_changed_value_is_told("3.7.3"));
}

#[test]
fn a_changed_value_is_told_on_3_6() {
    isolated(|| a_changed_value_is_told("3.6.16"));
}

#[test]
fn a_changed_value_is_told_on_3_5() {
    isolated(|| a_changed_value_is_told("3.5.35"));
}

/// The step that `status` names works as it is typed.
#[test]
fn the_data_of_a_group_is_saved_as_told() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &NODES);
        diverge(&zone);
        let text = zone.run(&["status"]).expect_code(65).stdout;
        let next = text.lines().last().expect("a next step");
        let (_, command) = next.split_once("data-differs`: zone-etcd ").expect("a command");
        let mut command = zone_etcd(command.split(' '));
        outcome(command.current_dir(zone.around())).expect_code(0);
        assert!(zone.around().join("node3.db").is_file(), "{next}");
    });
}

/// The third has the writes of the first history; the others have none, and raft entries that are not writes.
/// Up to the lowest revision their data is the same, so a comparison there would see nothing.
#[test]
fn a_history_that_was_founded_twice_is_told() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let lines = NODES.map(|node| zone.run(&["plan", "--node", node, "--format", "argv"]).stdout);
        let clients = clients(&zone);
        let members = found(&zone, &lines, &clients);
        for number in 0..30 {
            call(&clients[0], &["put", &format!("key{number}"), "value"]).expect_code(0);
        }
        clients.iter().for_each(wait_for_quorum);
        kill_all(members);
        let mut members = found(&zone, &lines[..2], &clients[..2]);
        for _ in 0..60 {
            call(&clients[0], &["lease", "grant", "600"]).expect_code(0);
        }
        members.push(bare(&zone, 2, &lines[2]));
        wait_for_quorum(&clients[2]);
        let text = zone.run(&["status"]).expect_code(65).stdout;
        let first = first_sentence(&text);
        assert!(first.starts_with(DIVERGED), "{text}");
        assert!(first.contains("node1, node2 (hash ") && first.contains(" at revision 1)"), "{text}");
        assert!(first.contains("node3 (hash ") && first.contains(" at revision 31)"), "{text}");
        assert!(members.iter_mut().all(Running::is_alive), "and etcd does not complain");
    });
}

/// Founds the cluster with these members, their data emptied, until its first leader was elected in the first
/// election: the entries of a later term would not be taken for those of the first cluster, and a member
/// would panic instead.
#[track_caller]
fn found(zone: &TestZone, lines: &[String], clients: &[Command]) -> Vec<Running> {
    until("a first leader in the first election", || {
        for node in &NODES[..lines.len()] {
            let _ = fs::remove_dir_all(zone.file(&format!("nodes/{node}/data")));
        }
        let members: Vec<Running> =
            lines.iter().enumerate().map(|(number, lines)| bare(zone, number, lines)).collect();
        clients.iter().for_each(wait_for_quorum);
        let status = call(&clients[0], &["endpoint", "status", "-w", "json"]).expect_code(0).stdout;
        if status.contains("\"raftTerm\":2,") {
            return Some(members);
        }
        kill_all(members);
        None
    })
}

/// etcd alone, as `plan` would have it started, without its check for corruption: that notices this only if
/// the others answer while it is made.
#[track_caller]
fn bare(zone: &TestZone, number: usize, lines: &str) -> Running {
    let mut lines = lines.lines();
    let mut command = Command::new(lines.next().expect("a program"));
    command.args(lines.map(|argument| argument.replace("CorruptCheck=true", "CorruptCheck=false")));
    Running::start(&mut command, zone.around(), NODES[number])
}

/// Nothing is restarted while nobody knows whose data is right.
#[test]
fn nobody_is_restarted_while_data_differs() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &NODES);
        diverge(&zone);
        for arguments in [&["restart", "--node", "node1"][..], &["restart", "--rolling"]] {
            let refused = zone.run(arguments).expect_code(65);
            refused.expect_error_with(&[
                " is not restarted",
                DIVERGED,
                "node1, node2 (hash ",
                "node3 (hash ",
            ]);
        }
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}

/// Compaction: members have compacted hashes at hand, and one that was restarted has not. That is no
/// difference.
#[test]
fn compaction_and_restarts_are_no_difference() {
    isolated(|| {
        for version in ["3.7.3", "3.6.16", "3.5.35"] {
            let zone = loopback_zone(3, &format!("[etcd]\nversion = \"{version}\"\n"));
            zone.run(&["init"]).expect_code(0);
            let mut members = start_on_loopback(&zone, &NODES);
            let clients = clients(&zone);
            let compare = || {
                let live = status(&zone, 0);
                assert_eq!(
                    (&live["health"], &live["data"]["state"]),
                    (&"healthy".into(), &"same".into()),
                    "{live}"
                );
            };
            for number in 0..5 {
                call(&clients[0], &["put", "key", &format!("value{number}")]).expect_code(0);
            }
            call(&clients[0], &["compact", "3"]).expect_code(0);
            compare();
            // Everything is compacted, up to the revision at which is compared.
            call(&clients[0], &["compact", "6"]).expect_code(0);
            compare();
            members[2].stop();
            members[2] = crate::harness::members::start(&zone, "node3");
            wait_for_quorum(&clients[2]);
            until("a member that takes requests", || (zone.run(&["status"]).code == 0).then_some(()));
            compare();
            call(&clients[0], &["del", "key"]).expect_code(0);
            compare();
            call(&clients[0], &["compact", "7"]).expect_code(0);
            compare();
        }
    });
}

/// With users and roles only an administrator may ask. Then nobody says that the zone is healthy.
#[test]
fn a_client_that_may_not_compare_is_told() {
    isolated(|| {
        let zone = loopback_zone(3, "[pki]\nclients = [\"watcher\"]\n");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &NODES);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        for arguments in [
            &["user", "add", "root", "--no-password"][..],
            &["user", "grant-role", "root", "root"],
            &["user", "add", "watcher", "--no-password"],
            &["auth", "enable"],
        ] {
            call(&client, arguments).expect_code(0);
        }
        let live = status(&zone, 0);
        assert_eq!((&live["health"], &live["data"]["state"]), (&"healthy".into(), &"same".into()), "{live}");
        let shown = zone.run(&["status", "--client", "watcher"]).expect_code(0).stdout;
        assert!(shown.starts_with("example.zone  data not compared  etcd 3.7.3  "), "{shown}");
        assert!(shown.contains("\n  the data was not compared: "), "{shown}");
        assert!(shown.contains("permission denied") && !shown.contains("healthy"), "{shown}");
        let metrics =
            zone.run(&["status", "--client", "watcher", "--format", "prometheus"]).expect_code(0).stdout;
        let samples = exposition(&metrics);
        assert_eq!(samples["zone_etcd_data_compared{zone=\"example.zone\"}"], 0.0);
        assert_eq!(samples["zone_etcd_health{zone=\"example.zone\"}"], 3.0);
    });
}
