//! A node that runs from the zone directory, where `run` issues what is missing or wrong.

use std::fs;
use std::net::TcpListener;

use super::{chmod, each};
use crate::harness::{TestZone, outcome};
use crate::support::{Asked, Refusal, StandIn, replace_in, three_members_issued};

type Row = (&'static str, i32, &'static str, fn(&TestZone));

fn remove(zone: &TestZone, name: &str) {
    fs::remove_file(zone.file(name)).expect("removed");
}

const ROWS: [Row; 20] = [
    ("nothing", 0, "", |_| ()),
    ("a key that others can read", 0, "issued peer.crt", |zone| {
        chmod(&zone.file("nodes/node1/pki/current/peer.key"), 0o644);
    }),
    ("a certificate that is missing", 0, "issued server.crt", |zone| {
        remove(zone, "nodes/node1/pki/current/server.crt");
    }),
    ("something to issue, and no key", 66, "ca/peer.key", |zone| {
        remove(zone, "nodes/node1/pki/current/peer.crt");
        remove(zone, "ca/peer.key");
    }),
    ("something to issue, and the key of another CA", 65, "cannot sign", |zone| {
        remove(zone, "nodes/node1/pki/current/peer.crt");
        let root = fs::read(zone.file("ca/root.key")).expect("a key");
        fs::write(zone.file("ca/peer.key"), root).expect("written");
    }),
    ("something to issue, and a key that others can read", 77, "its mode is 0644", |zone| {
        remove(zone, "nodes/node1/pki/current/peer.crt");
        chmod(&zone.file("ca/peer.key"), 0o644);
    }),
    ("nothing to issue, and no key", 0, "", |zone| remove(zone, "ca/peer.key")),
    ("a certificate that was revoked", 65, "was revoked, and gets no certificates", |zone| {
        zone.run(&["pki", "revoke", "node1"]);
    }),
    ("generations that others can look into", 65, "others can look into it", |zone| {
        chmod(&zone.file("nodes/node1/pki"), 0o755);
    }),
    ("the same, and something to issue", 77, "others can use", |zone| {
        chmod(&zone.file("nodes/node1/pki"), 0o755);
        remove(zone, "nodes/node1/pki/current/peer.crt");
    }),
    ("a node directory that others can look into", 77, "its mode is 0755", |zone| {
        chmod(&zone.file("nodes/node1"), 0o755);
    }),
    ("data that others can look into", 77, "its mode is 0750", |zone| {
        fs::create_dir(zone.file("nodes/node1/data")).expect("a directory");
        chmod(&zone.file("nodes/node1/data"), 0o750);
    }),
    ("a CA that others can write to", 77, "ca", |zone| chmod(&zone.file("ca"), 0o777)),
    ("a revocation list that is missing", 66, "ca/client.crl", |zone| remove(zone, "ca/client.crl")),
    ("a CA that is none", 65, "ca/peer.crt", |zone| {
        fs::write(zone.file("ca/peer.crt"), "none").expect("written");
    }),
    ("a revocation list that is none", 65, "ca/peer.crl", |zone| {
        fs::write(zone.file("ca/peer.crl"), "none").expect("written");
    }),
    ("CAs that are gone", 66, "ca is gone", |zone| {
        fs::rename(zone.file("ca"), zone.around().join("ca")).expect("moved away");
    }),
    ("a state that is damaged", 65, "state.json is damaged", |zone| {
        fs::write(zone.file("nodes/node1/state.json"), "[]").expect("written");
    }),
    ("a node directory that is gone", 65, "is gone", |zone| {
        fs::rename(zone.file("nodes/node1"), zone.around().join("node1")).expect("moved away");
    }),
    ("a description that is none", 78, "", |zone| {
        replace_in(&zone.file("zone.toml"), "[zone]\n", "[etcd]\nflags = 1\n[zone]\n");
    }),
];

#[test]
fn plan_check_and_run_agree_in_a_zone_directory() {
    each(
        &ROWS,
        |row| row.0,
        |row| {
            let zone = three_members_issued();
            row.3(&zone);
            let etcd = StandIn::new(zone.around(), "3.7.3");
            let run = Asked::zone(&zone, &etcd).one_verdict();
            run.expect_code(row.1).expect_error_with(&[row.2]);
        },
    );
}

/// The port is named as `run` names it, whoever has it, and all three say so.
#[test]
fn plan_check_and_run_agree_on_ports_in_use() {
    for key in ["peer_port", "client_port", "metrics_port"] {
        let zone = three_members_issued();
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let port = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).expect("the key");
        let port: u16 = port.parse().expect("a port");
        let _listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let etcd = StandIn::new(zone.around(), "3.7.3");
        let run = Asked::zone(&zone, &etcd).one_verdict();
        run.expect_code(75).expect_error_with(&["is in use by"]);
    }
}

/// `plan` may be typed on another machine than the node's: it says that this is one.
#[test]
fn a_plan_for_another_machine_says_so() {
    let zone = three_members_issued();
    // 192.0.2.0/24 is for documentation (RFC 5737); no machine has it.
    let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    fs::write(zone.file("zone.toml"), text.replace("127.0.0.1", "192.0.2.1")).expect("zone.toml");
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let fault = "192.0.2.1 is not an address of this machine";
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()]))
        .expect_refusal(78, &[fault]);
    let checked = zone.run(&["check", "--node", "node1"]).expect_code(78);
    assert!(checked.stdout.contains("192.0.2.1"), "{}", checked.stdout);
    zone.run(&["plan", "--node", "node1"]).expect_code(0).expect_error_with(&["warning: ", fault]);
}
