//! A node directory that is elsewhere than by default: what is proposed names it, and fixes what it was
//! proposed for.

use std::fs;
use std::path::Path;

use super::{activated, bundle, node_directory, zone};
use crate::harness::{Outcome, TestZone, outcome, typed_at, zone_etcd};
use crate::support::{append, replace_in};

/// A shell as an operator has it, in a directory.
/// Does what is told in a text: the line for the signing host there, and the other one on the node.
#[track_caller]
fn obey(zone: &TestZone, told: &str) {
    let passphrase = zone.around().join("passphrase");
    fs::write(&passphrase, "a passphrase that is long enough\n").expect("a file");
    let text = told.split("on the signing host: ").nth(1).unwrap_or_else(|| panic!("nothing to do: {told}"));
    let text = text.lines().next().expect("a line");
    let (there, rest) = text.split_once("; then ").expect("two commands");
    let (_, here) = rest.split_once(": ").expect("a place");
    let fill = |line: &str| {
        let line = line.replace(" DIR", &format!(" {}", zone.around().join("again").display()));
        line.replace(" FILE", &format!(" {}", passphrase.display()))
    };
    fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    typed_at(&fill(there), &zone.path()).expect_code(0);
    typed_at(&fill(here), zone.around()).expect_code(0);
}

fn on_node(directory: &Path, command: &str) -> Outcome {
    outcome(zone_etcd([command, "--config"]).arg(directory.join("node.json")))
}

fn zone_and_node() -> (TestZone, std::path::PathBuf) {
    let zone = zone();
    let directory = node_directory(&zone, "n 1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    (zone, directory)
}

#[test]
fn a_file_that_the_node_was_given_is_had_again() {
    for file in ["client.crl", "peer-ca.crt"] {
        for damage in [Some("garbage"), None] {
            let (zone, directory) = zone_and_node();
            let path = directory.join("pki/current").join(file);
            match damage {
                Some(garbage) => fs::write(&path, garbage).expect("garbage"),
                None => fs::remove_file(&path).expect("it is gone"),
            }
            let told = on_node(&directory, "status");
            assert!(told.stderr.contains(file), "{}", told.stderr);
            obey(&zone, &told.stderr);
            let told = on_node(&directory, "status");
            assert!(!told.stderr.contains(file), "{}", told.stderr);
        }
    }
}

#[test]
fn what_a_check_proposes_is_for_the_directory_of_the_node() {
    let (zone, directory) = zone_and_node();
    fs::write(directory.join("pki/current/client.crl"), "garbage").expect("garbage");
    let told = on_node(&directory, "check");
    assert!(told.stdout.contains("it is not a revocation list"), "{}", told.stdout);
    obey(&zone, &told.stdout);
    let told = on_node(&directory, "check");
    assert!(!told.stdout.contains("it is not a revocation list"), "{}", told.stdout);
}

#[test]
fn a_description_of_others_is_replaced() {
    let (zone, directory) = zone_and_node();
    replace_in(&directory.join("pki/current/zone.toml"), "node1", "node9");
    let told = on_node(&directory, "status").expect_code(78);
    assert!(told.stderr.contains("does not fit what was activated"), "{}", told.stderr);
    obey(&zone, &told.stderr);
    let told = on_node(&directory, "status");
    assert!(!told.stderr.contains("does not fit"), "{}", told.stderr);
}

/// `[access]` says where they are.
#[test]
fn a_bundle_is_said_to_be_activated_where_the_node_has_its_directory() {
    let zone = zone();
    append(
        &zone.file("zone.toml"),
        "\n[access]\ncommand = \"ssh {name} zone-etcd\"\nnode_dir = \"/srv/{name}\"\n",
    );
    let mut command = zone.command(&["bundle", "node1", "--no-encryption"]);
    let told = outcome(command.arg("--out").arg(zone.around().join("out"))).expect_code(0);
    assert!(
        told.stderr.contains("zone-etcd activate node1.bundle --node-dir /srv/node1 --root-fingerprint"),
        "{}",
        told.stderr
    );
}

/// It has the certificate of a client alone, and no bundle brings it the CAs of the members.
#[test]
fn a_node_without_a_member_is_not_sent_for_another_bundle() {
    let zone = zone();
    let directory = node_directory(&zone, "w");
    activated(&zone, &bundle(&zone, "worker"), &directory);
    let told = on_node(&directory, "status").expect_code(78);
    let told = told.expect_error_with(&[
        "worker.example.zone has no member",
        "on the signing host: zone-etcd status; here: zone-etcd check --config ",
    ]);
    assert!(!told.stderr.contains("bundle"), "{}", told.stderr);
    on_node(&directory, "check").expect_code(0);
    // No member runs for it to ask for its own answer; that it judges none is no fault.
    let told = on_node(&directory, "doctor").expect_code(69);
    assert!(told.stdout.contains("note         quorum"), "{}", told.stdout);
    assert!(!told.stdout.contains("failed") && !told.stdout.contains("peer-ca.crt"), "{}", told.stdout);
}
