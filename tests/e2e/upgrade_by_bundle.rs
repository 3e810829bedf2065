//! Changes of version on nodes with bundles: what must not run on the data there is not activated.

use std::path::{Path, PathBuf};

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::supervised::Supervised;
use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};
use crate::upgrade::{ENDPOINTS, NODES, set_version, wait_for_storage_version};
use crate::upgrade_walk::assert_went_well;

const ENDPOINT: &str = ENDPOINTS[0];

/// A described zone whose nodes are directories of this machine, reached by the program itself.
fn zone_with_access(members: u16, version: &str) -> TestZone {
    let place = node_directory("");
    std::fs::create_dir(&place).expect("a directory");
    let (program, place) = (program().display().to_string(), place.display().to_string());
    let zone = loopback_zone(
        members,
        &format!(
            "[etcd]\nversion = \"{version}\"\n[access]\ncommand = \"{program}\"\n\
             node_dir = \"{place}/{{name}}\"\nlimit = \"60s\"\n"
        ),
    );
    zone.run(&["init"]).expect_code(0);
    zone
}

/// The directory of a node.
fn node_directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("nodes").join(node)
}

/// Starts the member of an activated node under a supervisor.
#[track_caller]
fn supervise(zone: &TestZone, node: &str) -> Supervised {
    let mut command = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
    command.arg(node_directory(node).join("node.json"));
    Supervised::start(command, zone.around().to_owned(), node)
}

/// Makes the bundle of a node, with programs, and activates it there.
fn bundle_and_activate(zone: &TestZone, node: &str) -> Outcome {
    let out = zone.around().join("out");
    let mut bundle = zone.command(&["bundle", node, "--no-encryption", "--with-binaries"]);
    outcome(bundle.arg("--out").arg(&out)).expect_code(0);
    let mut activate = zone_etcd(["activate"]);
    activate.arg(out.join(format!("{node}.bundle"))).arg("--node-dir").arg(node_directory(node));
    outcome(&mut activate)
}

fn on_node(command: &[&str], node: &str) -> Outcome {
    let mut command = zone_etcd(command);
    outcome(command.arg("--config").arg(node_directory(node).join("node.json")))
}

fn in_use(node: &Path) -> PathBuf {
    std::fs::read_link(node.join("pki/current")).expect("a generation in use")
}

#[test]
fn a_bundle_whose_etcd_must_not_run_on_the_data_switches_nothing() {
    isolated(|| {
        let zone = zone_with_access(1, "3.5.35");
        let directory = node_directory("node1");
        zone.run(&["pki", "renew", "node1"]).expect_code(0);
        let member = supervise(&zone, "node1");
        let client = etcdctl(&zone, ENDPOINT);
        wait_for_quorum(&client);

        set_version(&zone, "3.7.3");
        bundle_and_activate(&zone, "node1").expect_code(65).expect_error_with(&[
            "the data is of etcd 3.5",
            "3.6.16",
            "nothing was switched",
        ]);
        assert_eq!(in_use(&directory), Path::new("gen-1"));

        set_version(&zone, "3.6.16");
        bundle_and_activate(&zone, "node1").expect_code(0);
        on_node(&["restart"], "node1").expect_code(0);
        wait_for_storage_version(&client, "3.6.0");
        let active = in_use(&directory);

        // The log holds what 3.5 wrote, and the member that runs has taken no snapshot since.
        set_version(&zone, "3.7.3");
        bundle_and_activate(&zone, "node1").expect_code(65).expect_error_with(&[
            "no snapshot of 3.6",
            "3.7.3 panics",
            "its member runs",
            "nothing was switched",
        ]);
        let mut rollback = zone_etcd(["activate", "--rollback", "--node-dir"]);
        outcome(rollback.arg(&directory))
            .expect_code(65)
            .expect_error_with(&["the data is of etcd 3.6", "nothing was switched"]);
        assert_eq!(in_use(&directory), active);
        assert!(!directory.join("libexec/zone-etcd/3.7.3").exists(), "no program was installed");
        on_node(&["restart"], "node1").expect_code(0);
        assert_eq!(member.starts(), 3);
        call(&client, &["put", "kept", "here"]).expect_code(0);
    });
}

/// Two minors with bundles that the command of `[access]` brings, and the snapshot in between, while somebody
/// writes.
#[test]
fn long_upgrade_takes_nodes_with_bundles_from_3_5_to_3_7() {
    isolated(|| {
        let zone = zone_with_access(3, "3.5.35");
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let members = NODES.map(|node| supervise(&zone, node));
        let client = etcdctl(&zone, ENDPOINT);
        wait_for_quorum(&client);
        call(&client, &["put", "kept", "here"]).expect_code(0);
        let writer = GoWriter::start(&zone, &ENDPOINTS);

        set_version(&zone, "3.7.3");
        zone.run(&["upgrade"]).expect_code(0).expect_error_with(&[
            "etcd 3.6.16",
            "etcd 3.7.3",
            "every member of example.zone runs etcd 3.7.3",
        ]);
        assert_went_well(&zone, writer);
        for (node, member) in NODES.iter().zip(&members) {
            assert!((3..=4).contains(&member.starts()), "{node}: {} starts", member.starts());
            assert!(node_directory(node).join("libexec/zone-etcd/3.7.3/etcd").is_file());
            on_node(&["plan"], node).expect_code(0);
            // What forced a snapshot is in no bundle any more.
            let description = node_directory(node).join("pki/current/zone.toml");
            let description = std::fs::read_to_string(description).expect("zone.toml");
            assert!(!description.contains("snapshot-count"), "{description}");
        }
    });
}
