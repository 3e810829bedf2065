//! Bundles that arrive damaged: the first one makes nothing, a later one leaves what is active as it is.

use std::fs;

use super::{activate, activated, add_to_description, bundle, fingerprint, node_directory, zone};
use crate::support::Tree;

/// How many places of a bundle are tried; its length is no multiple of it.
const PLACES: usize = 24;

#[test]
fn a_bundle_that_is_cut_off_anywhere() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    let whole = fs::read(bundle(&zone, "node1")).expect("the bundle");
    let cut = zone.around().join("cut.bundle");
    let before = Tree::of(&directory);
    for place in 0..PLACES {
        let length = whole.len() * place / PLACES;
        fs::write(&cut, &whole[..length]).expect("a file");
        activate(&cut, &directory, &[]).expect_code(65).expect_error_with(&["error: ", "next: "]);
        Tree::of(&directory).assert_same_as(&before, &format!("{length} bytes of {}", whole.len()));
    }
    fs::write(&cut, &whole).expect("a file");
    activate(&cut, &directory, &[]).expect_code(0);
}

#[test]
fn a_bundle_with_a_changed_bit_anywhere() {
    let zone = zone();
    let whole = fs::read(bundle(&zone, "node1")).expect("the bundle");
    let (changed, known) = (zone.around().join("changed.bundle"), fingerprint(&zone));
    for place in 0..PLACES {
        let mut bytes = whole.clone();
        bytes[whole.len() * place / PLACES] ^= 1 << (place % 8);
        fs::write(&changed, bytes).expect("a file");
        let directory = node_directory(&zone, &format!("n{place}"));
        let refused = activate(&changed, &directory, &["--root-fingerprint", &known]);
        refused.expect_code(65).expect_error_with(&["error: ", "next: "]);
        assert!(!directory.join("pki/current").exists(), "nothing is in use");
    }
}
