//! `ca/` is gone, or half of it, in a zone that has issued certificates.

use super::{issued_zone, refused_by, untouched};
use crate::support::Tree;

/// New CAs in its place would shut out every member and client that has a certificate.
#[test]
fn all_of_them() {
    let (zone, etcd) = issued_zone();
    std::fs::rename(zone.file("ca"), zone.around().join("ca")).expect("moved away");
    let others: [&[&str]; 2] = [&["pki", "issue", "--all"], &["init"]];
    refused_by(&zone, &etcd, &others, 66, &["ca is gone", "issued.jsonl", "put the directory back"]);
    untouched(&zone, &["plan", "--node", "node1"], 66, &["ca is gone"]);
    std::fs::rename(zone.around().join("ca"), zone.file("ca")).expect("moved back");
    zone.run(&["pki", "check"]).expect_code(0);
}

/// What an interrupted `init` below a root of one's own leaves: the next step that it names is one that
/// works.
#[test]
fn the_certificate_beside_a_key() {
    let (zone, _) = issued_zone();
    for file in ["peer.crt", "peer.crl"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    let refused =
        untouched(&zone, &["init"], 66, &["ca/peer.crt is not there, but", "if an `init` was interrupted"]);
    let (_, command) = refused.stderr.trim().rsplit_once("interrupted: ").expect("a command");
    let done = std::process::Command::new("sh").args(["-c", command]).status().expect("a shell");
    assert!(done.success(), "{command}");
    zone.run(&["init"]).expect_code(0).expect_error_with(&["made the peer CA"]);
    assert!(zone.file("ca/peer.key.unused").exists());
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

/// A directory that somebody copied is no client, and gets no certificate of its own.
#[test]
fn a_copied_client_directory_is_no_client() {
    let (zone, _) = issued_zone();
    std::fs::create_dir_all(zone.file("clients/admin.bak/gen-1")).expect("a directory");
    std::os::unix::fs::symlink("gen-1", zone.file("clients/admin.bak/current")).expect("a link");
    let before = Tree::of(&zone.path());
    zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["nothing to issue"]);
    let listed = zone.run(&["pki", "list"]).expect_code(0);
    assert!(!listed.stdout.contains("admin.bak"), "{}", listed.stdout);
    Tree::of(&zone.path()).assert_same_as(&before, "pki issue --all");
}
