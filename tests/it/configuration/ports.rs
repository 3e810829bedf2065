//! Ports, and listeners that would collide.

use model::config::ZoneConfig;

use super::{check, fault, node};
use crate::harness::TestZone;

#[test]
fn a_port_is_a_number_from_1_to_65535() {
    check([
        node("name = \"node1\"\npeer_port = ▸0", &["`peer_port`: 0 is no port", "1 to 65535"]),
        node("name = \"node1\"\nclient_port = ▸65536", &["`client_port`: 65536 is no port", "1 to 65535"]),
        node("name = \"node1\"\nmetrics_port = ▸-1", &["`metrics_port`: -1 is no port"]),
        node(
            "name = \"node1\"\npeer_port = ▸\"2380\"",
            &["`peer_port` in [[node]] is a string", "without quotes"],
        ),
        node("name = \"node1\"\npeer_port = ▸2380.0", &["`peer_port` in [[node]] is a float"]),
        node(
            "name = \"node1\"\npeer_port = ▸99999999999999999999",
            &["`peer_port` = 99999999999999999999", "too large"],
        ),
    ]);
}

/// Two nodes at the same address, the second's name marked.
fn two(first: &str, second: &str) -> String {
    format!(
        "[zone]\nname = \"example.zone\"\n\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n{first}\n\n\
         [[node]]\nname = ▸\"node2\"\naddress = \"127.0.0.1\"\n{second}\n\n\
         [[node]]\nname = \"node3\"\naddress = \"127.0.0.3\"\nmetrics_port = 3\n"
    )
}

#[test]
fn two_members_of_one_machine_have_ports_of_their_own() {
    check([
        fault(
            two("", ""),
            &["127.0.0.1:2380 is both peer_port of node1 and peer_port of node2", "ports of its own"],
        ),
        fault(
            two("peer_port = 1000\nclient_port = 1010", "peer_port = 1100\nclient_port = 1010"),
            &["127.0.0.1:1010 is both client_port of node1 and client_port of node2"],
        ),
        fault(
            two("peer_port = 1000\nclient_port = 1010", "peer_port = 1010\nclient_port = 1020"),
            &["127.0.0.1:1010 is both client_port of node1 and peer_port of node2"],
        ),
        fault(
            two(
                "peer_port = 1000\nclient_port = 1010\nmetrics_port = 1050",
                "peer_port = 1050\nclient_port = 1060",
            ),
            &["127.0.0.1:1050 is both metrics_port of node1 and peer_port of node2"],
        ),
        fault(
            two(
                "peer_port = 1000\nclient_port = 1010\nmetrics_port = 9",
                "peer_port = 1050\nclient_port = 1060\nmetrics_port = 9",
            ),
            &["127.0.0.1:9 is both metrics_port of node1 and metrics_port of node2"],
        ),
    ]);
}

/// The metrics port of each node of a file that is valid, as a bundle says it.
#[track_caller]
fn metrics_ports(text: &str) -> Vec<Option<u16>> {
    let (zone, _) = ZoneConfig::parse(text).expect("a valid file");
    let written = zone.render_members("token");
    let (again, _) = ZoneConfig::parse(&written).expect("the same file");
    assert_eq!(again.nodes, zone.nodes, "{written}");
    let port = |node: &str| node.lines().find_map(|line| line.strip_prefix("metrics_port = ")?.parse().ok());
    written.split("[[node]]").skip(1).map(port).collect()
}

/// Nobody wrote it, so it is nobody's fault.
#[test]
fn a_default_metrics_port_gives_way() {
    // That of node3 is written.
    let ports = |first: &str, second: &str| metrics_ports(&two(first, second).replace('▸', ""));
    let first = "peer_port = 1000\nclient_port = 1010";
    assert_eq!(ports(first, "peer_port = 1020\nclient_port = 1001"), [Some(1002), Some(1021), Some(3)]);
    assert_eq!(ports(first, "peer_port = 1001\nclient_port = 1002"), [Some(1003), Some(1004), Some(3)]);
    let written = "peer_port = 1020\nclient_port = 1030\nmetrics_port = 1001";
    assert_eq!(ports(first, written), [Some(1002), Some(1001), Some(3)]);
    // Every loopback address is this machine's, and metrics are on 127.0.0.1 whichever is written.
    let nodes = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n\
                 [[node]]\nname = \"node2\"\naddress = \"127.0.0.2\"\n[[node]]\nname = \"node3\"\n\
                 address = \"127.0.0.3\"\n";
    assert_eq!(metrics_ports(nodes), [Some(2381), Some(2382), Some(2383)]);
}

/// Then there are no metrics, and etcd is not told of any.
#[test]
fn a_default_metrics_port_may_be_none() {
    let text = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n\
                peer_port = 65535\n";
    assert_eq!(metrics_ports(text), [None]);
    let zone = TestZone::described(text);
    zone.run(&["init"]).expect_code(0);
    let plan =
        |format: &str| zone.run(&["plan", "--node", "node1", "--format", format]).expect_code(0).stdout;
    assert!(!plan("argv").contains("metrics"), "{}", plan("argv"));
    assert!(plan("text").contains("metrics      none"), "{}", plan("text"));
    assert!(plan("json").contains("\"listen_metrics_url\": null"), "{}", plan("json"));
}

#[test]
fn one_member_does_not_use_a_port_twice() {
    check([
        node(
            "name = ▸\"node1\"\npeer_port = 2379",
            &["2379 is both peer_port of node1 and client_port of node1"],
        ),
        node(
            "name = ▸\"node1\"\nclient_port = 2381\nmetrics_port = 2381",
            &["2381 is both client_port of node1 and metrics_port of node1"],
        ),
    ]);
}

#[test]
fn the_same_address_in_another_form_is_the_same_machine() {
    let text = "[zone]\nname = \"example.zone\"\n\n[[node]]\nname = \"node1\"\naddress = \"fd00::1\"\n\n\
                [[node]]\nname = ▸\"node2\"\naddress = \"[fd00:0:0::1]\"\n\n[[node]]\nname = \"node3\"\n\
                address = \"fd00::3\"\n";
    check([fault(text.replace("▸", "▸▸"), &["fd00::1:2380 is both peer_port of node1"])
        .and(&["share the machine fd00::1"])]);
}
