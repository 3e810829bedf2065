//! Operations on a cluster whose authentication is on: the nodes' own certificates have no user there, and
//! `admin` is the user `root`.

use std::fs;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, turn_authentication_on, wait_for_quorum};
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Three nodes with directories of their own, which are restarted by the command of `[access]`.
#[track_caller]
fn nodes() -> (TestZone, Vec<Supervised>) {
    let place = std::env::temp_dir().join("nodes");
    fs::create_dir(&place).expect("a directory");
    let (program, shown) = (program().display().to_string(), place.display().to_string());
    let access =
        format!("[access]\ncommand = \"{program}\"\nnode_dir = \"{shown}/{{name}}\"\nlimit = \"40s\"\n");
    let zone = loopback_zone(3, &access);
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    let parent = std::process::id().to_string();
    let start = |node: &&str| {
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        run.arg(place.join(node).join("node.json"));
        Supervised::start(run, zone.around().to_owned(), node)
    };
    let members: Vec<Supervised> = NODES.iter().map(start).collect();
    wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
    (zone, members)
}

#[track_caller]
fn turn_on(zone: &TestZone) {
    turn_authentication_on(zone);
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    assert_ne!(call(&client, &["user", "revoke-role", "root", "root"]).code, 0);
}

#[test]
fn long_the_signing_host_works_on_all() {
    isolated(|| {
        let (zone, members) = nodes();
        turn_on(&zone);
        zone.run(&["status"]).expect_code(0);
        let told = zone.run(&["restart", "--rolling", "--format", "json"]).expect_code(0);
        assert_eq!(told.stdout.matches("\"leadership_moved_to\": \"node").count(), 1, "{}", told.stdout);
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [2; 3]);
        zone.run(&["pki", "rotate-ca", "--plane", "client"]).expect_code(0);
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [4; 3]);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        zone.run(&["pki", "issue", "--client", "app"]).expect_code(0);
        let revoked = zone.run(&["pki", "revoke", "client/app"]).expect_code(0);
        assert!(revoked.stdout.contains("refused by node1, node2, node3"), "{}", revoked.stdout);
        zone.run(&["status"]).expect_code(0);
    });
}

/// A node asks with its own certificate, which is no user. What it may not move, etcd hands over itself.
#[test]
fn each_node_restarts_its_own_member() {
    isolated(|| {
        let (zone, members) = nodes();
        turn_on(&zone);
        // The users that it makes may do less than nobody: each is looked up.
        zone.run(&["access", "grants", "--format", "apply", "node2", "node3"]).expect_code(0);
        let mut said = String::new();
        for node in NODES {
            let config = std::env::temp_dir().join("nodes").join(node).join("node.json");
            let restarted = outcome(zone_etcd(["restart", "--config"]).arg(&config)).expect_code(0);
            said += &restarted.stderr;
            outcome(zone_etcd(["check", "--config"]).arg(&config)).expect_code(0);
        }
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [2; 3]);
        assert!(said.contains("hands over by itself when it is stopped"), "{said}");
    });
}

/// The data is for the role root, which the client `admin` has, and no node.
#[test]
fn a_snapshot_takes_the_role_root() {
    isolated(|| {
        let (zone, _members) = nodes();
        turn_on(&zone);
        let to = zone.around().join("out");
        let to = to.to_str().expect("a path");
        let config = std::env::temp_dir().join("nodes/node1/node.json");
        let refused = outcome(zone_etcd(["snapshot", "save", "--to", to, "--config"]).arg(&config));
        refused.expect_code(77).expect_error_with(&["has no right to the data", "the role root"]);
        assert!(!std::path::Path::new(to).exists());
        zone.run(&["snapshot", "save", "--to", to]).expect_code(0);
        zone.run(&["snapshot", "list", to]).expect_code(0);
        let file = fs::read_dir(to).expect("a directory").map(|entry| entry.expect("an entry").path());
        let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "db"));
        let file = file.expect("a snapshot");
        zone.run(&["snapshot", "verify", file.to_str().expect("a path")]).expect_code(0);
        // Without authentication a node may take one, and has no key to sign it with.
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["auth", "disable"]).expect_code(0);
        let taken =
            outcome(zone_etcd(["snapshot", "save", "--to", to, "--config"]).arg(&config)).expect_code(0);
        assert!(taken.stdout.contains("not signed"), "{}", taken.stdout);
    });
}
