//! `packaging/ssh/zone-etcd-only`: what the key of the signing host may do on a node, and where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{assert_same, read, renewed, stand_in, there, with_command};
use crate::harness::programs::write_program;
use crate::harness::{Outcome, TestZone, outcome, program};
use crate::support::{Refusal, Tree, replace_in, three_members_issued};

/// The script as it is installed, for a program elsewhere.
fn script(zone: &TestZone) -> PathBuf {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ssh/zone-etcd-only");
    let text = fs::read_to_string(packaged).expect("the script");
    let text = text.replace("/usr/local/bin/zone-etcd\n", &format!("{}\n", program().display()));
    let path = zone.around().join("zone-etcd-only");
    write_program(&path, text);
    path
}

fn fingerprint(zone: &TestZone) -> String {
    let root = zone_pki::Certificate::from_pem(&read(&zone.file("ca/root.crt"))).expect("the root");
    zone_pki::hex::encode(&root.fingerprint_sha256())
}

/// A zone whose node1 is reached through the script, which has these arguments in `authorized_keys`.
fn restricted(pinned: impl FnOnce(&TestZone) -> String) -> TestZone {
    let zone = with_command("PLACE/stand-in {name} zone-etcd", "");
    replace_in(&zone.file("zone.toml"), "PLACE", &zone.around().display().to_string());
    let (only, pinned) = (script(&zone), pinned(&zone));
    stand_in(&zone, &format!("shift\nSSH_ORIGINAL_COMMAND=\"$*\" exec {} {pinned}", only.display()));
    zone
}

fn called(only: &Path, pinned: &[&str], line: &str) -> Outcome {
    outcome(Command::new(only).args(pinned).env("SSH_ORIGINAL_COMMAND", line))
}

#[test]
fn a_node_is_brought_up_and_renewed_through_it() {
    let zone = restricted(|zone| format!("{} {}", fingerprint(zone), there(zone, "node1").display()));
    renewed(&zone, &["node1"]);
    assert_same(&zone, "node1");
    renewed(&zone, &["node1", "--role", "server"]);
    assert_same(&zone, "node1");
    // Of another node, whose directory is another.
    zone.run(&["pki", "renew", "node2"])
        .expect_code(77)
        .expect_error_with(&["this key may not run that here", "another node directory"]);
    assert!(!there(&zone, "node2").exists());
}

#[test]
fn a_first_bundle_of_another_root_is_refused_whatever_the_caller_says() {
    let other = "00".repeat(32);
    let zone = restricted(|zone| format!("{other} {}", there(zone, "node1").display()));
    zone.run(&["pki", "renew", "node1"])
        .expect_code(65)
        .expect_error_with(&["signed by another CA than the one whose fingerprint is given"]);
    assert!(!there(&zone, "node1").exists());

    // What is in authorized_keys says of no CA that it may be the first.
    let zone = restricted(|zone| format!("- {}", there(zone, "node1").display()));
    zone.run(&["pki", "renew", "node1"])
        .expect_code(64)
        .expect_error_with(&["nothing says that standard input comes from your zone"]);
    assert!(!there(&zone, "node1").exists());
}

#[test]
fn options_and_places_that_are_not_needed_are_refused() {
    let zone = three_members_issued();
    let (only, directory) = (script(&zone), zone.around().join("n1"));
    let (node, config) = (directory.display().to_string(), directory.join("node.json").display().to_string());
    let pinned = ["-", node.as_str()];
    assert!(called(&only, &pinned, "zone-etcd --version").expect_code(0).stdout.starts_with("zone-etcd "));
    let before = Tree::of(zone.around());
    for line in [
        String::new(),
        "id".to_owned(),
        "zone-etcd run".to_owned(),
        "zone-etcd --version --help".to_owned(),
        format!("zone-etcd activate --format json --node-dir {node}"),
        format!("zone-etcd activate - --node-dir {node}; id"),
        format!("zone-etcd activate - --node-dir {node} --passphrase-file /etc/shadow"),
        format!("zone-etcd activate - --node-dir {node} --identity /etc/shadow"),
        format!("zone-etcd activate - --node-dir={node}"),
        format!("zone-etcd activate - --node-dir {node} --node-dir /tmp"),
        "zone-etcd activate - --node-dir /tmp".to_owned(),
        "zone-etcd activate - --node-dir".to_owned(),
        format!("zone-etcd activate --rollback --node-dir {node}/.."),
        format!("zone-etcd pki csr --new-keys --node node1 --out /tmp/x --node-dir {node}"),
        format!("zone-etcd pki csr --node --node-dir {node}"),
        "zone-etcd restart --format json --config /tmp/node.json".to_owned(),
        format!("zone-etcd restart --rolling --config {config}"),
        format!("zone-etcd restart --format json --zone {node}"),
        format!("zone-etcd snapshot restore /etc/shadow --config {config}"),
        format!("zone-etcd snapshot restore - --identity /etc/shadow --config {config}"),
        format!("zone-etcd snapshot save --config {config}"),
        "zone-etcd snapshot restore - --staged --config /tmp/node.json".to_owned(),
        format!("zone-etcd recover --dead node2 --config {config}"),
        format!("zone-etcd recover serve --end-with-parent 1 --etcd /bin/sh --config {config}"),
        format!("zone-etcd recover salvage --out /tmp/x.db --config {config}"),
        format!("zone-etcd recover salvage --out - --etcd /bin/sh --config {config}"),
        "zone-etcd recover log --format json --config /tmp/node.json".to_owned(),
    ] {
        called(&only, &pinned, &line).expect_refusal(77, &["this key may not run that here"]);
    }
    // The directory of a machine that is one node.
    called(&only, &[], &format!("zone-etcd activate --rollback --node-dir {node}")).expect_code(77);
    called(&only, &[], "zone-etcd activate --rollback --format json --node-dir /var/lib/zone-etcd/x")
        .expect_code(77);
    Tree::of(zone.around()).assert_same_as(&before, "nothing was done");

    // What is needed is not refused by the script.
    let told =
        called(&only, &pinned, &format!("zone-etcd restart --format json --dry-run --config {config}"));
    assert!(!told.stderr.contains("this key"), "{}", told.stderr);
    for line in [
        format!("zone-etcd recover log --format json --config {config}"),
        format!("zone-etcd recover salvage --out - --timeout 300s --config {config}"),
        format!("zone-etcd recover salvage --rehearse --format json --timeout 300s --config {config}"),
    ] {
        let told = called(&only, &pinned, &line);
        assert!(!told.stderr.contains("this key"), "{}", told.stderr);
    }
    let line = format!("zone-etcd pki csr --new-keys --key p256 --node node1.example.zone --node-dir {node}");
    assert!(called(&only, &pinned, &line).expect_code(0).stdout.contains("CERTIFICATE REQUEST"));
}
