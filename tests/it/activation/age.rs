//! Bundles of another time.

use std::fs;

use time::{Duration, OffsetDateTime};

use super::{
    activate, activated, add_to_description, bundle, fingerprint, json, node_directory, roll_back, zone,
};
use crate::harness::TestZone;
use crate::harness::processes::until;
use crate::support::{Refusal, Tree, authority_at};

#[test]
fn an_older_bundle_is_refused() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let first = bundle(&zone, "node1");
    let kept = zone.around().join("first.bundle");
    fs::copy(&first, &kept).expect("a copy");
    activated(&zone, &first, &directory);
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    let told = activate(&bundle(&zone, "node1"), &directory, &["--format", "json"]).expect_code(0);
    assert_eq!(json(&told)["sequence"], 2);
    add_to_description(&zone, "[etcd]\nheartbeat = \"200ms\"\nelection = \"2s\"\n");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    // As long as the first is there it is gone back to; without it, it would be a step back that nobody has
    // asked for.
    fs::remove_dir_all(directory.join("pki/gen-1")).expect("the first generation");
    let before = Tree::of(&directory);
    activate(&kept, &directory, &[]).expect_refusal(65, &["is older than what is active", "--rollback"]);
    Tree::of(&directory).assert_same_as(&before, "an older bundle");
    // Nothing to go back to.
    fs::remove_dir_all(directory.join("pki/gen-2")).expect("the second generation");
    let refused = activate(&kept, &directory, &[]).expect_refusal(65, &["is older than what is active"]);
    assert!(!refused.stderr.contains("--rollback"), "{}", refused.stderr);
}

/// Two zone directories that were one make different bundles of one number.
#[test]
fn two_bundles_of_one_number_are_told_apart() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let copy = TestZone::empty();
    Tree::of(&zone.path()).write_to(&copy.path());
    activated(&zone, &bundle(&zone, "node1"), &directory);
    activate(&bundle(&copy, "node1"), &directory, &[]).expect_refusal(65, &["has the same number"]);
}

#[test]
fn an_expired_bundle_is_refused() {
    let zone = TestZone::described(&super::nodes());
    // What a CA issues lives no longer than it does.
    let end = OffsetDateTime::now_utc() + Duration::seconds(8);
    fs::create_dir(zone.file("ca")).expect("ca/");
    fs::set_permissions(zone.file("ca"), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("its mode");
    for file in ["root.crt", "root.key"] {
        let path = zone.file(&format!("ca/{file}"));
        fs::write(&path, "").expect("a file");
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    }
    let begin = end - Duration::days(10);
    authority_at("root", begin, Duration::days(10)).put(&zone, "root");
    zone.run(&["init"]).expect_code(0);
    let (file, known) = (bundle(&zone, "node1"), fingerprint(&zone));
    activate(&file, &node_directory(&zone, "in-time"), &["--root-fingerprint", &known]).expect_code(0);
    until("the end of the certificates", || (OffsetDateTime::now_utc() > end).then_some(()));
    activate(&file, &node_directory(&zone, "late"), &["--root-fingerprint", &known])
        .expect_refusal(65, &["a certificate in it has expired", "this machine's clock says"]);
}

/// The way by hand: the number that the node has goes back to the signing host, which makes the next one
/// above it.
#[test]
fn a_bundle_is_made_above_the_number_that_a_node_has() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let copy = TestZone::empty();
    Tree::of(&zone.path()).write_to(&copy.path());
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let old = bundle(&copy, "node1");
    let told = activate(&old, &directory, &["--format", "json"]).expect_code(65).expect_error_with(&[
        "has the same number",
        "zone-etcd bundle node1.example.zone --out DIR --passphrase-file FILE --above 1",
    ]);
    let answer = json(&told);
    assert_eq!((answer["result"].as_str(), answer["sequence"].as_u64()), (Some("older"), Some(1)));
    assert_eq!(answer["node"], "node1.example.zone");

    let above = |more: &[&str]| {
        let out = copy.around().join("out").display().to_string();
        copy.run(&[&["bundle", "--no-encryption", "--out", &out, "--above", "1"], more].concat())
    };
    above(&[]).expect_refusal(64, &["--above", "name"]);
    above(&["node1", "node2"]).expect_refusal(64, &["--above", "name"]);
    above(&["node1"]).expect_code(0);
    let told = activate(&old, &directory, &["--format", "json"]).expect_code(0);
    let answer = json(&told);
    assert_eq!((&answer["sequence"], &answer["result"]), (&2.into(), &"activated".into()));
    above(&["node1"]).expect_code(0);
    assert_eq!(bundle(&copy, "node1"), old);
    let told = activate(&old, &directory, &["--format", "json"]).expect_code(0);
    assert_eq!(json(&told)["sequence"], 2, "one that is above is not made again");
}

/// After a step back the bundle in use has a lower number than others that this node has had.
#[test]
fn a_number_that_this_node_has_had_is_not_taken_again() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let copy = TestZone::empty();
    activated(&zone, &bundle(&zone, "node1"), &directory);
    Tree::of(&zone.path()).write_to(&copy.path());
    for zone in [&zone, &copy] {
        zone.run(&["pki", "renew", "node1"]).expect_code(0);
    }
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    roll_back(&directory, &[]).expect_code(0);
    let before = Tree::of(&directory);
    let other = bundle(&copy, "node1");
    let told = activate(&other, &directory, &["--format", "json"])
        .expect_code(65)
        .expect_error_with(&["this node has had another with the same number", "--above 2"]);
    let answer = json(&told);
    assert_eq!((answer["result"].as_str(), answer["sequence"].as_u64()), (Some("older"), Some(2)));
    Tree::of(&directory).assert_same_as(&before, "a number that was used");
    // Its own goes forth again.
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
}
