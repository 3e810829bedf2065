//! Whose bundle it is.

use super::{activate, activated, bundle, fingerprint, node_directory, zone};
use crate::support::{Refusal, Tree};

#[test]
fn the_first_bundle_needs_the_fingerprint_of_the_root() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "node1"), node_directory(&zone, "n1"));
    activate(&file, &directory, &[])
        .expect_refusal(64, &["--root-fingerprint SHA256", "openssl x509 -noout -fingerprint -sha256"]);
    assert!(!directory.exists(), "nothing was made");
}

#[test]
fn the_fingerprint_is_taken_as_people_copy_it() {
    let zone = zone();
    let file = bundle(&zone, "node1");
    let line = fingerprint(&zone);
    let value = line.split_once('=').expect("openssl names it").1.to_owned();
    let bare = value.replace(':', "").to_lowercase();
    for (number, form) in [line, value, bare].iter().enumerate() {
        let directory = node_directory(&zone, &format!("n{number}"));
        activate(&file, &directory, &["--root-fingerprint", form]).expect_code(0);
    }
    let directory = node_directory(&zone, "other");
    for (form, why) in [("00".repeat(20), "40 hexadecimal digits"), ("zz".repeat(32), "`z`")] {
        activate(&file, &directory, &["--root-fingerprint", &form]).expect_code(64).expect_error_with(&[why]);
    }
}

#[test]
fn a_bundle_of_another_root_is_refused() {
    let (ours, theirs) = (zone(), zone());
    let (file, directory) = (bundle(&theirs, "node1"), node_directory(&ours, "n1"));
    let other = ["--root-fingerprint", &fingerprint(&ours)];
    activate(&file, &directory, &other).expect_refusal(65, &["another CA", "fingerprint is given"]);
    assert!(!directory.exists(), "nothing was made");

    activated(&ours, &bundle(&ours, "node1"), &directory);
    let before = Tree::of(&directory);
    activate(&file, &directory, &[]).expect_refusal(65, &["another CA", "what is active here"]);
    // Who takes the fingerprint from the wrong place is not believed either.
    let theirs = ["--root-fingerprint", &fingerprint(&theirs)];
    activate(&file, &directory, &theirs).expect_refusal(65, &["what is active here"]);
    Tree::of(&directory).assert_same_as(&before, "bundles of another root");
}

#[test]
fn the_known_root_is_believed_without_a_fingerprint() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    super::add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
}
