//! Operations on a cluster whose authentication is on: the nodes' own certificates have no user there, and `admin` is the
//! user `root`.

use std::fs;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
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

/// The certificate of `admin` is that of the user `root`, from whom nobody can take its role.
#[track_caller]
fn turn_on(zone: &TestZone) {
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    let calls: [&[&str]; 3] = [
        &["user", "add", "root", "--no-password"],
        &["user", "grant-role", "root", "root"],
        &["auth", "enable"],
    ];
    for arguments in calls {
        call(&client, arguments).expect_code(0);
    }
    assert_ne!(call(&client, &["user", "revoke-role", "root", "root"]).code, 0);
}

#[test]
fn the_signing_host_works_on_all() {
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
