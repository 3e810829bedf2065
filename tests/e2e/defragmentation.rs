//! `defrag`: database files made smaller one member after the other, and the alarm NOSPACE ended.

use serde_json::{Value, json};

use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, etcdctl, fill_database, loopback_zone};
use crate::harness::processes::until;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const FIRST: &str = "https://127.0.0.1:2379";
const MEBIBYTE: u64 = 1 << 20;

#[track_caller]
fn members(count: usize, settings: &str) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(u16::try_from(count).expect("few"), settings);
    zone.run(&["init"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &NODES[..count]);
    (zone, members)
}

#[track_caller]
fn reported(told: Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {}{}", told.stdout, told.stderr))
}

#[track_caller]
fn status(zone: &TestZone) -> Value {
    reported(zone.run(&["status", "--format", "json"]))
}

/// Writes 20 MiB, deletes it, and drops its history: the pages are free, and the files as large as before.
#[track_caller]
fn leave_free_pages(zone: &TestZone) {
    let client = etcdctl(zone, FIRST);
    let value = zone.around().join("value");
    std::fs::write(&value, "x".repeat(1 << 20)).expect("a value");
    for key in 0..20 {
        let key = format!("key{key}");
        until("a write", || {
            let mut put = again(&client, &["put", &key]);
            put.stdin(std::fs::File::open(&value).expect("the value"));
            (outcome(&mut put).code == 0).then_some(())
        });
    }
    until("the keys to be deleted", || (call(&client, &["del", "key", "--prefix"]).code == 0).then_some(()));
    // Of a compaction the last pages are counted as free only at the next.
    for key in ["one", "another"] {
        call(&client, &["put", key, "x"]).expect_code(0);
        let revision = status(zone)["revision"].to_string();
        call(&client, &["compact", &revision, "--physical"]).expect_code(0);
    }
    until("the pages to be free", || {
        let status = status(zone);
        let mut members = status["members"].as_array().expect("members").iter();
        let in_use = |member: &Value| member["db_in_use_bytes"].as_u64().expect("a size");
        members.all(|member| in_use(member) < 5 * MEBIBYTE).then_some(())
    });
}

#[track_caller]
fn leader(zone: &TestZone) -> String {
    status(zone)["leader"].as_str().expect("a leader").to_owned()
}

#[test]
fn files_get_smaller_one_after_the_other_the_leader_last() {
    isolated(|| {
        let (zone, members) = members(3, "");
        leave_free_pages(&zone);
        let leader = leader(&zone);

        let alone = reported(zone.run(&["defrag", "--format", "json"]).expect_code(0));
        assert_eq!(alone["members"], json!([]), "20 MiB are not worth it: {alone:#}");
        assert_eq!(alone["left_alone"].as_array().map(Vec::len), Some(3));

        let over = ["defrag", "--over", "10MiB", "--format", "json"];
        let listed = reported(zone.run(&[&over[..], &["--dry-run"]].concat()).expect_code(0));
        let steps = listed["steps"].as_array().expect("steps");
        let kinds: Vec<&str> = steps.iter().map(|step| step["step"].as_str().expect("a step")).collect();
        assert_eq!(kinds, ["defragment", "defragment", "cluster", "defragment"], "{listed:#}");
        assert_eq!(steps[3]["node"], leader.as_str());

        let told = zone.run(&over).expect_code(0);
        assert!(told.stderr.contains("is defragmented: "), "{}", told.stderr);
        let done = reported(told);
        let done = done["members"].as_array().expect("members");
        assert_eq!(done.len(), 3);
        assert_eq!(done[2]["node"], leader.as_str(), "the leader comes last");
        assert!(done[2]["leadership_moved_to"].is_string() && done[0]["leadership_moved_to"].is_null());
        for member in done {
            let size = |name: &str| member[name].as_u64().expect("a size");
            assert!(size("size") > 20 * MEBIBYTE && size("size_after") < 5 * MEBIBYTE, "{member:#}");
        }
        assert!(members.iter().all(|member| member.starts() == 1), "none was restarted");

        let again = zone.run(&["defrag", "node2", "--over", "1MiB"]).expect_code(0);
        assert!(again.stdout.contains("node2") && again.stdout.contains("left alone"), "{}", again.stdout);
        assert!(!again.stdout.contains("node1"), "{}", again.stdout);
    });
}

#[test]
fn none_is_defragmented_while_a_member_is_down() {
    isolated(|| {
        let (zone, mut members) = members(3, "");
        leave_free_pages(&zone);
        members.truncate(2);
        zone.run(&["defrag", "--over", "1MiB"]).expect_code(69).expect_error_with(&[
            "node1 is not defragmented",
            "node3 is down",
            "left alone: ",
        ]);
        assert_eq!(
            status(&zone)["members"][0]["db_size_bytes"].as_u64().map(|size| size > 20 * MEBIBYTE),
            Some(true)
        );
    });
}

/// The gates are about the others.
#[test]
fn one_that_is_down_itself_is_named() {
    isolated(|| {
        let (zone, mut members) = members(3, "");
        members.truncate(2);
        zone.run(&["defrag", "node3"]).expect_code(69).expect_error_with(&[
            "node3 is not defragmented",
            "it does not answer",
            "zone-etcd status",
        ]);
    });
}

#[test]
fn an_alarm_is_ended_by_one_command() {
    isolated(|| {
        let (zone, _members) = members(3, "[etcd]\nquota = \"16MiB\"\n");
        let client = etcdctl(&zone, FIRST);
        fill_database(&zone, &client);
        zone.run(&["defrag"])
            .expect_code(69)
            .expect_error_with(&["the alarm NOSPACE is raised", "zone-etcd defrag --nospace --zone"]);
        // What is there is kept before anything is dropped.
        zone.run(&["snapshot", "save"]).expect_code(0);
        call(&client, &["del", "key", "--prefix"]).expect_code(0);

        let listed = zone.run(&["defrag", "--nospace", "--dry-run"]).expect_code(0).stdout;
        assert!(listed.contains("the alarm NOSPACE of node"), "{listed}");
        assert!(call(&client, &["alarm", "list"]).stdout.contains("NOSPACE"), "nothing was done");

        let done = reported(zone.run(&["defrag", "--nospace", "--format", "json"]).expect_code(0));
        assert_eq!(done["members"].as_array().map(Vec::len), Some(3), "{done:#}");
        assert!(done["compacted_to"].is_u64() && done["writes"] == true, "{done:#}");
        assert!(!done["disarmed"].as_array().expect("members").is_empty());
        call(&client, &["put", "after", "x"]).expect_code(0);
        assert_eq!(status(&zone)["alarms"], json!([]));

        let again = zone.run(&["defrag", "--nospace"]).expect_code(0);
        assert!(again.stderr.contains("there is nothing to do"), "{}", again.stderr);
    });
}

/// Each value is a key of its own, so there is no history to drop. A larger quota is put in effect while the
/// alarm is raised.
#[test]
fn live_data_takes_a_larger_quota() {
    isolated(|| {
        let (zone, members) = members(1, "[etcd]\nquota = \"16MiB\"\n");
        let client = etcdctl(&zone, FIRST);
        let value = zone.around().join("value");
        std::fs::write(&value, "x".repeat(192 << 10)).expect("a value");
        // The file is full of free pages before the data fills it: a value more fits after each time.
        let refused = (0..200).find_map(|key| {
            let mut put = again(&client, &["put", &format!("live{key}")]);
            put.stdin(std::fs::File::open(&value).expect("the value"));
            if !outcome(&mut put).stderr.contains("database space exceeded") {
                return None;
            }
            until("the alarm", || call(&client, &["alarm", "list"]).stdout.contains("NOSPACE").then_some(()));
            let told = zone.run(&["defrag", "--nospace"]);
            (told.code != 0).then_some(told)
        });
        refused.expect("a full database").expect_code(78).expect_error_with(&[
            "the data itself fills the quota",
            "of a quota of 16.0 MiB",
            "set quota = \"32MiB\" in [etcd]",
        ]);
        assert!(call(&client, &["alarm", "list"]).stdout.contains("NOSPACE"));

        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        std::fs::write(zone.file("zone.toml"), text.replace("16MiB", "32MiB")).expect("zone.toml");
        zone.run(&["defrag", "--nospace"])
            .expect_code(78)
            .expect_error_with(&["the members do not have the quota of zone.toml yet", "restart --rolling"]);
        zone.run(&["restart", "--rolling"]).expect_code(0);
        assert_eq!(members[0].starts(), 2);
        let done = reported(zone.run(&["defrag", "--nospace", "--format", "json"]).expect_code(0));
        assert_eq!(done["writes"], true, "{done:#}");
    });
}
