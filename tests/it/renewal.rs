//! `pki renew`, where no member runs: whose certificates are new, and whose are not.

use serde_json::Value;

use crate::harness::TestZone;
use crate::support::{Refusal, Tree, three_members_issued};

#[track_caller]
fn renewed(zone: &TestZone, arguments: &[&str]) -> Vec<(String, String)> {
    let told = zone.run(&[&["pki", "renew", "--format", "json"], arguments].concat()).expect_code(0);
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
    let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    for row in &rows {
        assert_ne!(row["old_serial"], row["new_serial"], "{row}");
        assert_eq!(row["served"], "not-asked", "nobody runs: {row}");
    }
    rows.iter().map(|row| (text(row, "holder"), text(row, "role"))).collect()
}

fn pairs(holder: &str, roles: &[&str]) -> Vec<(String, String)> {
    roles.iter().map(|role| (holder.to_owned(), (*role).to_owned())).collect()
}

#[test]
fn all_of_a_node_or_one_role() {
    let zone = three_members_issued();
    let current =
        |name: &str| std::fs::read(zone.file("nodes/node1/pki/current").join(name)).expect("a file");
    let (peer, key) = (current("peer.crt"), current("server.key"));
    assert_eq!(renewed(&zone, &["node1", "--role", "server"]), pairs("node1", &["server"]));
    assert_eq!(current("peer.crt"), peer, "what was not asked for stays");
    assert_ne!(current("server.key"), key, "the key is new as well");
    assert_eq!(renewed(&zone, &["node1"]), pairs("node1", &["peer", "server", "gateway", "node-client"]));
    assert_ne!(current("peer.crt"), peer);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn what_ends_soon() {
    let zone = three_members_issued();
    let before = Tree::of(&zone.path());
    assert_eq!(renewed(&zone, &["--all", "--before", "30d"]), []);
    Tree::of(&zone.path()).assert_same_as(&before, "nothing ends within 30 days");
    let all = renewed(&zone, &["--all", "--before", "400d"]);
    assert_eq!(all.iter().filter(|(_, role)| role == "peer").count(), 3);
    assert!(all.contains(&("client/admin".to_owned(), "client".to_owned())), "{all:?}");
}

#[test]
fn clients_by_name() {
    let zone = three_members_issued();
    assert_eq!(renewed(&zone, &["--client", "health"]), pairs("client/health", &["client"]));
    zone.run(&["pki", "renew", "--client", "nobody"]).expect_refusal(64, &["no client `nobody`"]);
    zone.run(&["pki", "renew", "node1", "--role", "root"]).expect_refusal(64, &["no role `root`", "gateway"]);
    zone.run(&["pki", "renew"]).expect_code(64);
}

/// Those to which nothing is brought are issued to in batches: each of them gets its own, once.
#[test]
fn more_holders_than_a_batch() {
    const NODES: usize = 600;
    let mut text = "[zone]\nname = \"example.zone\"\n".to_owned();
    for number in 1..=NODES {
        let member = number == 1;
        text.push_str(&format!(
            "[[node]]\nname = \"node{number}\"\naddress = \"127.0.0.1\"\nmember = {member}\n"
        ));
    }
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let issued = || std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log").lines().count();
    let before = issued();
    let listed = zone.run(&["pki", "renew", "--all", "--dry-run", "--format", "json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let rows = renewed(&zone, &["--all"]);
    let nodes = rows.iter().filter(|(_, role)| role == "node-client");
    let expected: Vec<String> = (1..=NODES).map(|number| format!("node{number}")).collect();
    assert_eq!(nodes.map(|(holder, _)| holder.clone()).collect::<Vec<_>>(), expected);
    assert!(rows.contains(&("client/admin".to_owned(), "client".to_owned())), "{rows:?}");
    assert_eq!(issued() - before, rows.len(), "none is issued twice");
    let steps = listed["steps"].as_array().expect("steps").iter().filter(|step| step["step"] == "change");
    assert_eq!(steps.count(), NODES + 2, "a dry run lists each holder");
    zone.run(&["pki", "check"]).expect_code(0);
}
