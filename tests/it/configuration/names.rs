//! Names of zones, nodes and clients.

use super::{check, fault, node, pki};

fn zone(line: &str, words: &'static [&'static str]) -> super::Case {
    fault(format!("[zone]\n{line}\n\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n"), words)
}

#[test]
fn a_zone_name_is_a_dns_name() {
    check([
        zone(
            "name = ▸\"example_zone.org\"",
            &["zone name `example_zone.org` has `_`", "such as `example-zone`"],
        ),
        zone("name = ▸\"\"", &["the zone name is empty", "write a name"]),
        zone("name = ▸\"example..zone\"", &["`example..zone` has an empty label", "one dot"]),
        zone("name = ▸\".zone\"", &["empty label"]),
        zone("name = ▸\"-example.zone\"", &["`-example`", "starts or ends with a hyphen"]),
        zone("name = ▸\"example.zone-\"", &["`zone-`", "starts or ends with a hyphen"]),
        zone("name = ▸\"bücher.example\"", &["`bücher.example` is not ASCII", "xn--"]),
        zone("name = ▸\"exa mple.zone\"", &["has ` `"]),
        zone("name = ▸\"10.0.1.1\"", &["ends in a number"]),
    ]);
}

#[test]
fn a_node_name_is_made_of_dns_labels() {
    check([
        node("name = ▸\"node_1\"", &["node name `node_1` has `_`", "such as `node-1`"]),
        node("name = ▸\"\"", &["the node name is empty", "such as node1.example.zone"]),
        node("name = ▸\"-node1\"", &["`-node1`", "hyphen", "such as `node1`"]),
        node("name = ▸\"node1-\"", &["`node1-`", "hyphen"]),
        node("name = ▸\"knöten\"", &["`knöten` is not ASCII", "xn--"]),
        node("name = ▸\"node1..example.zone\"", &["empty label"]),
        node("name = ▸\"node/1\"", &["has `/`"]),
    ]);
}

#[test]
fn a_label_has_at_most_63_characters_and_a_name_253() {
    let fits = "n".repeat(63);
    let too_long = "n".repeat(64);
    let name = ["a".repeat(60).as_str(); 5].join(".");
    check([
        node(&format!("name = ▸\"{too_long}\""), &["has 64 characters", "at most 63"]),
        node(&format!("name = ▸\"{fits}x.example.zone\""), &["has 64 characters"]),
        zone(&format!("name = ▸\"{name}\""), &["has 304 characters", "at most 253"]),
    ]);
}

#[test]
fn a_short_name_counts_with_its_zone() {
    // Each of them is allowed; together they are too long.
    let zone = ["z".repeat(60).as_str(); 4].join(".");
    let text = format!(
        "[zone]\nname = \"{zone}\"\n\n[[node]]\nname = ▸\"{}\"\naddress = \"10.0.1.10\"\n",
        "n".repeat(20)
    );
    check([fault(text, &["has 264 characters", "at most 253"])]);
}

#[test]
fn a_node_is_inside_its_zone_and_is_not_the_zone() {
    check([
        node(
            "name = ▸\"node1.other.zone\"",
            &["`node1.other.zone` is outside the zone example.zone", "`node1`"],
        ),
        node("name = ▸\"node1.badexample.zone\"", &["outside the zone"]),
        node("name = ▸\"example.zone\"", &["`example.zone` is the zone's own name", "such as node1"]),
        node("name = ▸\"EXAMPLE.ZONE\"", &["is the zone's own name"]),
    ]);
}

#[test]
fn client_names_are_common_names() {
    check([
        pki("clients = [▸\"\"]", &["client name", "1 to 64"]),
        pki("clients = [\"ok\", ▸\"a b\"]", &["client name `a b` has ` `"]),
        pki("clients = [▸\"../x\"]", &["client name `../x`"]),
        pki("clients = [▸\"-x\"]", &["starts with `-`"]),
        pki("clients = [▸\".x\"]", &["starts with `.`"]),
        pki("clients = [▸\"root\"]", &["etcd's administrator", "`admin`"]),
        pki("clients = [\"twice\", ▸\"twice\"]", &["`twice` is there twice", "remove one"]),
        pki(&format!("clients = [▸\"{}\"]", "c".repeat(65)), &["has 65 characters"]),
    ]);
}
