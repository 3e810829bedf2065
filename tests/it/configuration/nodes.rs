//! What has to hold between the nodes of a zone.

use super::{check, fault, warning, whole};

fn zone_of(nodes: &[&str]) -> String {
    let tables: String = nodes.iter().map(|node| format!("\n[[node]]\n{node}\n")).collect();
    format!("[zone]\nname = \"example.zone\"\n{tables}")
}

#[test]
fn two_nodes_do_not_share_a_name() {
    let second = |name: &str| {
        zone_of(&[
            "name = \"node1\"\naddress = \"10.0.1.1\"",
            &format!("name = ▸\"{name}\"\naddress = \"10.0.1.2\""),
            "name = \"node3\"\naddress = \"10.0.1.3\"",
        ])
    };
    let words: &'static [&'static str] = &["two nodes are called `node1`", "a name of its own"];
    check([
        fault(second("node1"), words),
        fault(second("node1.example.zone"), words),
        fault(second("NODE1"), words),
        fault(second("node1.example.zone."), words),
    ]);
}

#[test]
fn a_zone_has_nodes_and_one_of_them_is_a_member() {
    check([
        whole("[zone]\nname = \"example.zone\"\n", &["the zone has no node", "[[node]]"]),
        whole("node = []\n[zone]\nname = \"example.zone\"\n", &["the zone has no node"]),
        fault(
            zone_of(&["name = ▸\"node1\"\nmember = false"]),
            &["no node runs a member", "remove `member = false`"],
        ),
    ]);
}

#[test]
fn a_file_without_a_zone_is_told_how_to_begin() {
    check([
        whole("[[node]]\nname = \"node1\"\n", &["there is no [zone]", "name = \"example.zone\""]),
        fault("▸[zone]\n[[node]]\nname = \"node1\"\n", &["[zone] has no `name`", "name = \"example.zone\""]),
        fault(
            "[zone]\nname = \"example.zone\"\n▸[[node]]\naddress = \"10.0.1.1\"\n",
            &["[[node]] has no `name`"],
        ),
    ]);
}

#[test]
fn an_even_number_of_members_is_a_warning() {
    let text =
        zone_of(&["name = \"node1\"\naddress = \"10.0.1.1\"", "name = ▸\"node2\"\naddress = \"10.0.1.2\""]);
    warning(&text, &["2 members survive no failure, as 1 would", "odd number"]);
    let nodes: Vec<String> =
        (1..=4).map(|n| format!("name = \"node{n}\"\naddress = \"10.0.1.{n}\"")).collect();
    let text =
        zone_of(&nodes.iter().map(String::as_str).collect::<Vec<_>>()).replace("\"node4\"", "▸\"node4\"");
    warning(&text, &["4 members survive 1 failure, as 3 would"]);
}

#[test]
fn more_than_seven_members_is_a_warning() {
    let nodes: Vec<String> =
        (1..=9).map(|n| format!("name = \"node{n}\"\naddress = \"10.0.1.{n}\"")).collect();
    let text =
        zone_of(&nodes.iter().map(String::as_str).collect::<Vec<_>>()).replace("\"node9\"", "▸\"node9\"");
    warning(&text, &["9 members make every write wait for 5", "three or five"]);
}

#[test]
fn two_members_on_one_machine_is_a_warning() {
    let text = zone_of(&[
        "name = \"node1\"\naddress = \"10.0.1.1\"",
        "name = ▸\"node2\"\naddress = \"10.0.1.1\"\npeer_port = 2480\nclient_port = 2479",
        "name = \"node3\"\naddress = \"10.0.1.3\"",
    ]);
    warning(&text, &["two members share the machine 10.0.1.1", "one failure takes both"]);
}

#[test]
fn names_of_certificates_are_names_and_are_there_once() {
    let sans = |list: &str| zone_of(&[&format!("name = \"node1\"\naddress = \"10.0.1.1\"\nsans = [{list}]")]);
    check([
        fault(
            sans("\"a.example.org\", ▸\"a.example.org\""),
            &["`a.example.org` is there twice in `sans`", "remove one"],
        ),
        fault(sans("\"a.example.org\", ▸\"A.Example.Org\""), &["is there twice"]),
        fault(sans("\"::ffff:10.1.1.1\", ▸\"10.1.1.1\""), &["`10.1.1.1` is there twice"]),
        fault(sans("▸\"not a name\""), &["`not a name` in `sans`", "DNS name"]),
        fault(sans("▸\"\""), &["in `sans`"]),
        fault(sans("▸\"a.*.example.org\""), &["`a.*.example.org` in `sans`"]),
        fault(sans("▸7"), &["`sans` in [[node]] is an integer", "strings in quotes"]),
    ]);
}
