//! Files that are not TOML, or not text.

use super::cases::problems;
use super::{check, etcd, whole};
use crate::harness::TestZone;
use crate::support::Refusal;

const REST: &str = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

#[test]
fn what_is_not_toml_is_told_with_its_place() {
    for (text, line) in [
        ("[zone\nname = \"example.zone\"\n", "1:"),
        ("[zone]\nname = \"example.zone\n", "2:"),
        ("[zone]\nname = example.zone\n", "2:"),
        ("[zone]\nname \"example.zone\"\n", "2:"),
        ("[zone]\nname =\n", "2:"),
        ("[zone]\nname = \"a\" \"b\"\n", "2:"),
        ("[zone]\nname = \"\\q\"\n", "2:"),
        ("[zone]\n= \"example.zone\"\n", "2:"),
        ("{\"zone\": {\"name\": \"example.zone\"}}\n", "1:"),
        ("zone:\n  name: example.zone\n", "1:"),
    ] {
        let zone = TestZone::described(&format!("{text}{REST}"));
        let outcome = zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["this is not TOML: "]);
        let found = problems(&outcome, &zone.file("zone.toml"));
        let is_there =
            found.iter().any(|(place, said)| place.starts_with(line) && said.contains("this is not TOML"));
        assert!(is_there, "not in line {line} of:\n{text}{}", outcome.stderr);
    }
}

#[test]
fn every_fault_of_the_syntax_is_reported() {
    let text =
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = node1\naddress = 10.0.0.\npeer_port = = 3\n";
    let zone = TestZone::described(text);
    let outcome = zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &[]);
    let found = problems(&outcome, &zone.file("zone.toml"));
    for line in ["4:", "5:", "6:"] {
        assert!(
            found.iter().any(|(place, _)| place.starts_with(line)),
            "nothing in line {line}\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_key_is_written_once() {
    for (text, line) in [
        (format!("[zone]\nname = \"example.zone\"\nname = \"other.zone\"\n{REST}"), "3:"),
        (format!("[zone]\nname = \"example.zone\"\n{REST}[zone]\nname = \"other.zone\"\n"), "6:"),
        (
            format!(
                "[zone]\nname = \"example.zone\"\n{REST}[etcd]\nquota = \"1GiB\"\n[etcd]\nquota = \"2GiB\"\n"
            ),
            "8:",
        ),
    ] {
        let zone = TestZone::described(&text);
        let outcome = zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["duplicate key"]);
        let found = problems(&outcome, &zone.file("zone.toml"));
        assert!(
            found.iter().any(|(place, _)| place.starts_with(line)),
            "line {line} of\n{text}{}",
            outcome.stderr
        );
    }
}

#[test]
fn an_empty_file_is_told_all_that_it_needs() {
    for text in ["", "\n\n", "# only a comment\n"] {
        check([whole(text, &["there is no [zone]"]).and_of_the_file(&["the zone has no node"])]);
    }
}

#[test]
fn columns_count_characters() {
    check([etcd(
        "flags = { log-outputs = \"ünï\", other = ▸[1] }",
        &["`other` in [etcd.flags] is an array"],
    )]);
}
