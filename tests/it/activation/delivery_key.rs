//! The key of a node that bundles for it may be sealed to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{activate, activated, bundle, json, node_directory, zone};
use crate::support::Refusal;

#[test]
fn is_made_once_and_told() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let first = bundle(&zone, "node1");
    let told = activated(&zone, &first, &directory);
    let key = directory.join("delivery.key");
    let text = fs::read_to_string(&key).expect("a key");
    assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o7777, 0o600);
    let public = told["recipient"].as_str().expect("a public key");
    assert!(
        public.starts_with("age1") && text.contains(public) && text.contains("AGE-SECRET-KEY-1"),
        "{told}"
    );
    let again = json(&activate(&first, &directory, &["--format", "json"]).expect_code(0));
    assert_eq!((&again["result"], &again["recipient"]), (&"unchanged".into(), &told["recipient"]));
    // A directory of an older version has none: the next activation makes it, whatever it finds.
    fs::remove_file(&key).expect("removed");
    let made = json(&activate(&first, &directory, &["--format", "json"]).expect_code(0));
    assert_eq!(made["result"], "unchanged");
    assert_ne!(made["recipient"], told["recipient"]);
    assert!(fs::read_to_string(&key).expect("a key").contains(made["recipient"].as_str().expect("a key")));
}

#[test]
fn that_others_can_read_is_refused() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let first = bundle(&zone, "node1");
    activated(&zone, &first, &directory);
    let key = directory.join("delivery.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("a mode");
    activate(&first, &directory, &[]).expect_refusal(77, &["delivery.key", "0640"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    fs::write(&key, "age1notaprivatekey\n").expect("written");
    activate(&first, &directory, &[]).expect_refusal(65, &["delivery.key is not an age key"]);
}

/// A bundle that is refused leaves nothing behind.
#[test]
fn is_not_made_for_a_refused_bundle() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activate(&bundle(&zone, "node1"), &directory, &["--root-fingerprint", &"00".repeat(32)]).expect_code(65);
    assert!(!directory.exists());
}
