//! CAs that take the place of others while the zone runs, on real etcd.

mod back;
mod carried;
mod clock;
mod faults;
mod interrupted;
mod stages;
mod under_load;

use std::process::Command;

use serde_json::Value;

use crate::harness::members::loopback_zone;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome};

const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "node5"];

/// A zone on loopback whose members are started again when they end by SIGTERM.
#[track_caller]
fn running_zone(members: u16) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &NODES[..usize::from(members)]);
    (zone, running)
}

fn rotate(zone: &TestZone, arguments: &[&str]) -> Outcome {
    zone.run(&[&["pki", "rotate-ca"][..], arguments].concat())
}

/// Which CA issued what a server shows, as openssl sees it.
fn shown_issuer(port: u16) -> String {
    let line = format!(
        "openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -issuer \
         -nameopt RFC2253"
    );
    outcome(Command::new("sh").args(["-c", &line])).stdout.trim().to_owned()
}

/// The CAs that a server names in its handshake, as openssl sees them.
fn named_authorities(port: u16) -> String {
    let line = format!(
        "openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | sed -n '/^Acceptable \
         client/,/^Requested/p'"
    );
    outcome(Command::new("sh").args(["-c", &line])).stdout
}

/// The client ports and the peer ports of so many members.
fn ports(members: u16) -> [Vec<u16>; 2] {
    [2379, 2380].map(|first| (0..members).map(|number| first + 10 * number).collect())
}

#[track_caller]
fn standing(zone: &TestZone) -> Value {
    serde_json::from_str(&rotate(zone, &["--status", "--format", "json"]).stdout).expect("JSON")
}

/// Every member shows certificates of these CAs, and takes those of no other.
#[track_caller]
fn assert_alone(members: u16, client: &str, peer: &str) {
    for (ports, ca) in ports(members).into_iter().zip([client, peer]) {
        for port in ports {
            assert!(
                shown_issuer(port).contains(&format!("CN=example.zone {ca},")),
                "{port}: {}",
                shown_issuer(port)
            );
            let named = named_authorities(port);
            assert!(named.contains(&format!("CN = example.zone {ca}\n")), "{port}: {named}");
            assert_eq!(named.matches("CN = ").count(), 1, "{port}: {named}");
        }
    }
}
