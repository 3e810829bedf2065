//! Values of another type than the key wants.

use super::{check, etcd, fault, node, pki, whole};

const NODE: &str = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

#[test]
fn a_value_of_the_wrong_type_is_told_the_right_one() {
    check([
        node("name = ▸7", &["`name` in [[node]] is an integer", "a string in quotes"]),
        node("name = \"node1\"\naddress = ▸10.5", &["`address` in [[node]] is a float", "in quotes"]),
        node(
            "name = \"node1\"\nmember = ▸\"false\"",
            &["`member` in [[node]] is a string", "true or false without quotes"],
        ),
        node("name = \"node1\"\nnat = ▸1", &["`nat` in [[node]] is an integer", "true or false"]),
        node(
            "name = \"node1\"\nsans = ▸\"a.example.org\"",
            &["`sans` in [[node]] is a string", "[\"a\", \"b\"]"],
        ),
        node("name = \"node1\"\nprotocol = ▸true", &["`protocol` in [[node]] is a boolean"]),
        node("name = \"node1\"\nprotocol = ▸\"quic\"", &["`quic` is no protocol", "\"https\" or \"cyfs\""]),
        node("name = \"node1\"\npeer_port = ▸[2380]", &["`peer_port` in [[node]] is an array"]),
        node("name = \"node1\"\npeer_port = ▸2020-01-01", &["`peer_port` in [[node]] is a datetime"]),
        pki("clients = ▸\"apiserver\"", &["`clients` in [pki] is a string", "a list such as"]),
        pki("clients = [\"a\", ▸3]", &["`clients` in [pki] is an integer"]),
        pki("leaf_validity = ▸365", &["`leaf_validity` in [pki] is an integer", "in quotes"]),
        etcd("heartbeat = ▸100", &["`heartbeat` in [etcd] is an integer"]),
        etcd("quota = ▸8589934592", &["`quota` in [etcd] is an integer"]),
        etcd("flags = ▸\"--debug\"", &["`flags` in [etcd] is a string", "[etcd.flags]"]),
        etcd("[etcd.flags]\nsnapshot-count = ▸[1]", &["`snapshot-count` in [etcd.flags] is an array"]),
    ]);
}

#[test]
fn a_table_is_not_a_value() {
    check([
        whole(format!("zone = ▸\"example.zone\"\n{NODE}"), &["there is no [zone]"])
            .and(&["`zone` in the file is a string", "[zone]"]),
        whole("node = ▸\"node1\"\n[zone]\nname = \"example.zone\"\n", &["the zone has no node"])
            .and(&["`node` in the file is a string", "[[node]]"]),
        whole("[zone]\nname = \"example.zone\"\n▸[node]\nname = \"node1\"\n", &["the zone has no node"])
            .and(&["`node` in the file is a table", "[[node]]"]),
        fault(
            format!("pki = ▸true\n[zone]\nname = \"example.zone\"\n{NODE}"),
            &["`pki` in the file is a boolean", "[pki]"],
        ),
    ]);
}
