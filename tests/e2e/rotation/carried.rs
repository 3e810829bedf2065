//! Nodes with directories of their own, as on other machines: reached by a command, or by files that people
//! carry.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{assert_alone, rotate};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("nodes").join(node)
}

/// Members that run from what was activated in their directories.
fn started(zone: &TestZone) -> Vec<Supervised> {
    let start = |node: &&str| {
        let mut command =
            zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
        command.arg(directory(node).join("node.json"));
        Supervised::start(command, zone.around().to_owned(), node)
    };
    let members: Vec<Supervised> = NODES.iter().map(start).collect();
    for port in [2379, 2389, 2399] {
        wait_for_quorum(&etcdctl(zone, &format!("https://127.0.0.1:{port}")));
    }
    members
}

#[test]
fn long_by_the_command_of_access() {
    isolated(|| {
        let place = std::env::temp_dir().join("nodes");
        std::fs::create_dir(&place).expect("a directory");
        let (program, place) = (program().display().to_string(), place.display().to_string());
        let access =
            format!("[access]\ncommand = \"{program}\"\nnode_dir = \"{place}/{{name}}\"\nlimit = \"30s\"\n");
        let zone = loopback_zone(3, &access);
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let members = started(&zone);
        let told = rotate(&zone, &["--root"]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
        assert!(members.iter().all(|member| member.starts() == 3), "two restarts each: {}", told.stderr);
        for node in NODES {
            let manifest = std::fs::read_to_string(directory(node).join("pki/current/manifest.json"))
                .expect("a manifest");
            assert!(!manifest.contains("other_signer_sha256"), "only the new root is believed: {manifest}");
            assert!(!directory(node).join("pki/current/root.key").exists());
        }
        // A way back leads to no certificate of the old CA.
        let back = || {
            let mut rollback = zone_etcd(["activate", "--rollback", "--node-dir"]);
            outcome(rollback.arg(directory("node3")))
        };
        back().expect_code(0);
        back()
            .expect_code(65)
            .expect_error_with(&["is of no use any more", "does not trust its CA any more"]);
        // The desk's own word, and a later bundle, are of the new root.
        zone.run(&["pki", "renew", "node1"]).expect_code(0);
        call(&etcdctl(&zone, "https://127.0.0.1:2389"), &["put", "a", "b"]).expect_code(0);
        zone.run(&["pki", "renew", "node3"]).expect_code(0);
        zone.run(&["restart", "--rolling"]).expect_code(0);
    });
}

/// Types on a node what the signing host says: the files are in `out`, and so is the shell.
fn type_on(out: &Path, node: &str, told: &str) {
    let mark = format!("  {node}: ");
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix(&mark))
        .unwrap_or_else(|| panic!("no line for {node}:\n{told}"));
    let home = directory(node);
    // On its own machine the default directory is the node's.
    let line = line
        .replace(
            "zone-etcd activate ",
            &format!("{} activate --node-dir {} ", program().display(), home.display()),
        )
        .replace(
            "zone-etcd restart ",
            &format!("{} restart --config {}/node.json ", program().display(), home.display()),
        );
    outcome(Command::new("sh").args(["-c", &line]).current_dir(out)).expect_code(0);
}

#[test]
fn by_hand() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let out = zone.around().join("out");
        let place = out.display().to_string();
        let told = zone.run(&["pki", "renew", "--all", "--no-encryption", "--out", &place]).expect_code(0);
        NODES.iter().for_each(|node| type_on(&out, node, &told.stderr));
        let members = started(&zone);

        let files = ["--no-encryption", "--out", &place];
        let go_on = ["--no-encryption", "--out", &place, "--continue"];
        let told = rotate(&zone, &files).expect_code(0);
        type_on(&out, "node1", &told.stderr);
        let open = rotate(&zone, &go_on).expect_code(0);
        assert!(open.stdout.contains("done") && open.stdout.contains("open"), "{}", open.stdout);
        assert!(!open.stderr.contains("  node1: ") && open.stderr.contains("  node2: "), "{}", open.stderr);
        NODES[1..].iter().for_each(|node| type_on(&out, node, &told.stderr));

        let told = rotate(&zone, &go_on).expect_code(0);
        assert!(told.stderr.contains("new-leaves"), "{}", told.stderr);
        assert!(!told.stderr.contains("restart"), "leaves are read at each handshake: {}", told.stderr);
        NODES.iter().for_each(|node| type_on(&out, node, &told.stderr));

        let told = rotate(&zone, &go_on).expect_code(0);
        assert!(told.stderr.contains("drop-old"), "{}", told.stderr);
        NODES.iter().for_each(|node| type_on(&out, node, &told.stderr));
        let end = rotate(&zone, &go_on).expect_code(0);
        assert!(end.stderr.contains("the rotation is over"), "{}", end.stderr);
        assert_alone(3, "G2 client CA", "G2 peer CA");
        assert!(members.iter().all(|member| member.starts() == 3));
    });
}

/// Nodes that nothing leads to are told of, with both ways to them.
#[test]
fn without_a_way_to_the_nodes() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let out = zone.around().join("out");
        let told = zone
            .run(&["pki", "renew", "--all", "--no-encryption", "--out", &out.display().to_string()])
            .expect_code(0);
        NODES.iter().for_each(|node| type_on(&out, node, &told.stderr));
        let _members = started(&zone);
        rotate(&zone, &[])
            .expect_code(64)
            .expect_error_with(&["nothing says how node1 is reached", "--out DIR"]);
        assert!(!zone.file("ca/next").exists(), "nothing was begun");
    });
}
