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
