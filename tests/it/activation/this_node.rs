//! Whether a bundle is for the node that it is activated on.

use super::{activate, activated, bundle, fingerprint, node_directory, zone};
use crate::support::{Refusal, Tree};

#[test]
fn another_nodes_bundle_is_refused_where_one_is_active() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let before = Tree::of(&directory);
    let other = bundle(&zone, "node2");
    let texts = ["is for node2.example.zone", "this is node1.example.zone", "another --node-dir"];
    activate(&other, &directory, &[]).expect_refusal(65, &texts);
    // Saying so does not make it so.
    activate(&other, &directory, &["--node", "node2"]).expect_refusal(65, &texts);
    activate(&bundle(&zone, "node1"), &directory, &["--node", "node2"])
        .expect_refusal(65, &["--node says that this is node2"]);
    Tree::of(&directory).assert_same_as(&before, "bundles of another node");
}

#[test]
fn the_name_that_is_given_has_to_be_that_of_the_bundle() {
    let zone = zone();
    let (file, known) = (bundle(&zone, "node1"), fingerprint(&zone));
    let directory = node_directory(&zone, "n1");
    activate(&file, &directory, &["--root-fingerprint", &known, "--node", "node2"])
        .expect_refusal(65, &["is for node1.example.zone", "use the bundle of node2"]);
    for (number, name) in ["node1", "NODE1.example.zone"].iter().enumerate() {
        let directory = node_directory(&zone, &format!("right{number}"));
        activate(&file, &directory, &["--root-fingerprint", &known, "--node", name]).expect_code(0);
    }
}

#[test]
fn a_node_directory_that_is_none() {
    let zone = zone();
    let (file, known) = (bundle(&zone, "node1"), fingerprint(&zone));
    let taken = zone.around().join("taken");
    std::fs::write(&taken, "mine").expect("a file");
    for path in [taken.as_path(), std::path::Path::new("/dev/null")] {
        activate(&file, path, &["--root-fingerprint", &known])
            .expect_refusal(65, &["is not a directory", "--node-dir DIR"]);
    }
    assert_eq!(std::fs::read(&taken).expect("the file"), b"mine");
}
