//! A file with many faults: all of them in one go.

use super::cases::problems;
use crate::harness::TestZone;
use crate::support::Refusal;

const FILE: &str = r#"[zone]
name = "example.zone"
colour = "red"

[[node]]
name = "node_1"
address = "localhost"
peer_port = 0

[[node]]
name = "node2"
address = "0.0.0.0"
sans = ["a.example.org", "a.example.org"]

[[node]]
name = "node3.other.zone"
protocol = "quic"
member = "no"

[[node]]
name = "node4"
address = "10.0.1.4"

[[node]]
name = "node4"
address = "10.0.1.4"

[pki]
key = "dsa"
leaf_validity = "forever"
clients = ["root"]

[etcd]
version = "3.4.1"
heartbeat = "1s"
election = "2s"
quota = "1"
tls_min_version = "1.0"

[extra]
"#;

#[test]
fn a_file_with_many_faults_reports_all_of_them_in_its_order() {
    let zone = TestZone::described(FILE);
    let outcome = zone
        .run(&["plan", "--node", "node4"])
        .expect_refusal(78, &["next: correct them, nothing was changed"]);
    let expected = [
        ("3:1", "unknown key `colour` in [zone]"),
        ("6:8", "`node_1` has `_`"),
        ("7:11", "`localhost`"),
        ("8:13", "0 is no port"),
        ("12:11", "`0.0.0.0`"),
        ("13:26", "`a.example.org` is there twice"),
        ("16:8", "`node3.other.zone` is outside the zone"),
        ("17:12", "`quic` is no protocol"),
        ("18:10", "`member` in [[node]] is a string"),
        ("25:8", "two nodes are called `node4`"),
        ("25:8", "10.0.1.4:2380 is both"),
        ("25:8", "share the machine 10.0.1.4"),
        ("29:7", "`dsa` is no kind of key"),
        ("30:17", "`leaf_validity` = \"forever\""),
        ("31:12", "a certificate for `root`"),
        ("34:11", "etcd 3.4.1 is not supported"),
        ("36:12", "`election` is less than five times `heartbeat`"),
        ("37:9", "`quota` = \"1\""),
        ("38:19", "`tls_min_version` = \"1.0\""),
        ("40:2", "unknown key `extra` in the file"),
    ];
    let found = problems(&outcome, &zone.file("zone.toml"));
    for (place, said) in expected {
        let is_there = found.iter().any(|(at, text)| at == place && text.contains(said));
        assert!(is_there, "no `{said}` at {place} in:\n{}", outcome.stderr);
    }
    // The even number of members is a warning beside the errors.
    assert_eq!(found.iter().filter(|(_, text)| !text.starts_with("warning: ")).count(), expected.len() - 1);
    let places: Vec<(usize, usize)> = found.iter().map(|(place, _)| numbers(place)).collect();
    assert!(places.is_sorted(), "not in the order of the file:\n{}", outcome.stderr);
    let first = outcome.stderr.lines().next().expect("a line");
    assert!(first.contains("19 problems"), "{first}");
}

fn numbers(place: &str) -> (usize, usize) {
    let (line, column) = place.split_once(':').expect("line and column");
    (line.parse().expect("a line"), column.parse().expect("a column"))
}
