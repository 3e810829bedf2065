//! Ports that are in use, and addresses that this machine does not have.

use std::net::TcpListener;

use super::{issued_zone, refused_by, untouched};

/// The port that `key` of the first node has in the file.
fn port(zone: &crate::harness::TestZone, key: &str) -> u16 {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).expect("the key");
    line.parse().expect("a port")
}

#[test]
fn a_port_in_use_names_the_process() {
    for key in ["peer_port", "client_port", "metrics_port"] {
        let (zone, etcd) = issued_zone();
        let port = port(&zone, key);
        let _listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let said = format!("port {port} of 127.0.0.1 is in use by ");
        let process = format!("(process {})", std::process::id());
        refused_by(
            &zone,
            &etcd,
            &[&["plan", "--node", "node1"]],
            75,
            &[&said, &process, "stop ", "or give node1 other ports in zone.toml"],
        );
    }
}

#[test]
fn all_that_is_in_the_way_is_named_at_once() {
    let (zone, etcd) = issued_zone();
    let take = |key: &str| TcpListener::bind(("127.0.0.1", port(&zone, key))).expect("the port is free");
    let _listeners = [take("client_port"), take("peer_port")];
    let arguments = ["run", "--node", "node1", "--etcd", etcd.as_argument()];
    let refused = untouched(&zone, &arguments, 75, &["node1 cannot listen where zone.toml says"]);
    assert_eq!(refused.stderr.matches("is in use by").count(), 2, "{}", refused.stderr);
}

#[test]
fn an_address_that_this_machine_does_not_have() {
    // 192.0.2.0/24 is for documentation (RFC 5737); no machine has it.
    let (zone, etcd) = issued_zone();
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    std::fs::write(zone.file("zone.toml"), text.replace("127.0.0.1", "192.0.2.1")).expect("zone.toml");
    let texts = ["192.0.2.1 is not an address of this machine", "run this on node1, or correct its address"];
    refused_by(&zone, &etcd, &[], 78, &texts);
}
