//! Keys that nobody knows, each with the nearest that somebody does.

use super::{check, etcd, fault, node, pki};

const REST: &str = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

#[test]
fn every_level_names_the_nearest_key() {
    check([
        fault(
            format!("[zone]\nname = \"example.zone\"\n▸nmae = \"x\"\n{REST}"),
            &["unknown key `nmae` in [zone]", "did you mean `name`?"],
        ),
        fault(
            format!("[zone]\nname = \"example.zone\"\n{REST}[▸ectd]\n"),
            &["unknown key `ectd` in the file", "did you mean `etcd`?"],
        ),
        fault(
            format!("[zone]\nname = \"example.zone\"\n{REST}[[▸nodes]]\nname = \"node2\"\n"),
            &["unknown key `nodes` in the file", "did you mean `node`?"],
        ),
        node(
            "name = \"node1\"\n▸adress = \"10.0.1.1\"",
            &["unknown key `adress` in [[node]]", "did you mean `address`?"],
        ),
        node("name = \"node1\"\n▸peerport = 2380", &["did you mean `peer_port`?"]),
        node("name = \"node1\"\n▸san = []", &["did you mean `sans`?"]),
        pki(
            "▸leaf-validity = \"1d\"",
            &["unknown key `leaf-validity` in [pki]", "did you mean `leaf_validity`?"],
        ),
        pki("▸keys = \"p256\"", &["did you mean `key`?"]),
        etcd("▸hearbeat = \"100ms\"", &["unknown key `hearbeat` in [etcd]", "did you mean `heartbeat`?"]),
        etcd("▸flag = 1", &["did you mean `flags`?"]),
    ]);
}

#[test]
fn a_key_that_is_near_to_none_gets_the_list() {
    check([
        node(
            "name = \"node1\"\n▸colour = \"red\"",
            &["unknown key `colour`", "known here: ", "address", "peer_port"],
        ),
        pki("▸zzzzzzzz = 1", &["known here: ", "leaf_validity"]),
    ]);
}

#[test]
fn a_key_in_the_wrong_table_is_unknown_there() {
    check([
        fault(
            format!("[zone]\nname = \"example.zone\"\n▸version = \"3.7.3\"\n{REST}"),
            &["unknown key `version` in [zone]"],
        ),
        fault(
            format!("▸name = \"example.zone\"\n[zone]\nname = \"example.zone\"\n{REST}"),
            &["unknown key `name` in the file"],
        ),
    ]);
}
