//! Generations: a new one for each change, at most five kept, and `current` points to the newest.

use std::path::Path;

use crate::harness::TestZone;
use crate::support::{Tree, replace_in};

#[test]
fn at_most_five_are_kept() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.100"]);
    let directory = zone.file("nodes/node1/pki");
    for number in 1..=8 {
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
        let target = std::fs::read_link(directory.join("current")).expect("a link");
        assert_eq!(
            target,
            Path::new(&format!("gen-{number}")),
            "relative, so that the directory can be moved"
        );
        let mut kept: Vec<u32> = std::fs::read_dir(&directory)
            .expect("the store")
            .filter_map(|entry| {
                entry.expect("an entry").file_name().to_str()?.strip_prefix("gen-")?.parse().ok()
            })
            .collect();
        kept.sort_unstable();
        let first = if number > 5 { number - 4 } else { 1 };
        assert_eq!(kept, (first..=number).collect::<Vec<u32>>());
        replace_in(
            &zone.file("zone.toml"),
            &format!("10.0.1.{}", 99 + number),
            &format!("10.0.1.{}", 100 + number),
        );
    }
    let names: Vec<_> = std::fs::read_dir(&directory)
        .expect("the store")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names.len(), 6, "five generations and the link: {names:?}");
}

/// A generation that is there is never written to.
#[test]
fn an_older_one_stays_as_it_was() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.100"]);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let first = zone.file("nodes/node1/pki/gen-1");
    let before = Tree::of(&first);
    replace_in(&zone.file("zone.toml"), "10.0.1.100", "10.0.1.101");
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    Tree::of(&first).assert_same_as(&before, "a second generation");
}

/// What an interrupted command left aside is in nobody's way.
#[test]
fn a_generation_without_a_link_is_not_in_use() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.100"]);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let store = zone.file("nodes/node1/pki");
    std::fs::create_dir(store.join("gen-2")).expect("a directory");
    zone.run(&["pki", "check"]).expect_code(0);
    replace_in(&zone.file("zone.toml"), "10.0.1.100", "10.0.1.101");
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    assert_eq!(std::fs::read_link(store.join("current")).expect("a link"), Path::new("gen-3"));
}
