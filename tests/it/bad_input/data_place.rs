//! A `data_dir` where the data would lie among keys, or keys among the data.

use std::os::unix::fs::symlink;

use super::untouched;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{Refusal, StandIn, Tree};

/// A zone of one node whose `data_dir` is this path below the zone directory; `/…` is absolute.
fn zone(place: &str) -> TestZone {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let path = if place.starts_with('/') { place.into() } else { zone.path().join(place) };
    let text = format!(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n\
         data_dir = \"{}\"\n",
        path.display()
    );
    std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
    zone
}

#[test]
fn it_is_not_among_the_keys_of_a_zone() {
    for place in [
        "",
        "ca",
        "ca/data",
        "data",
        "nodes/node1",
        "nodes/node1/pki",
        "nodes/node1/pki/data",
        "nodes/node2/data",
        "..",
    ] {
        let zone = zone(place);
        let etcd = StandIn::new(zone.around(), "3.7.3");
        for command in
            [&["plan", "--node", "node1"][..], &["run", "--node", "node1", "--etcd", etcd.as_argument()]]
        {
            untouched(&zone, command, 78, &["`data_dir` of node1", "in which keys are"]);
        }
        assert_eq!(etcd.arguments(), None);
    }
    zone("/").run(&["plan", "--node", "node1"]).expect_code(78);
}

#[test]
fn a_link_does_not_hide_it() {
    let zone = zone("../link/data");
    symlink(zone.file("ca"), zone.around().join("link")).expect("a link");
    untouched(&zone, &["plan", "--node", "node1"], 78, &["`data_dir` of node1", "ca"]);
}

#[test]
fn any_other_place_is_fine() {
    for place in ["../data", "nodes/node1/data", "../zone-data", "/srv/etcd"] {
        zone(place).run(&["plan", "--node", "node1"]).expect_code(0);
    }
}

/// On a node the zone is its own directory, of which only `pki/` holds keys.
#[test]
fn it_is_not_among_the_keys_of_a_node() {
    for (place, code) in
        [("node/pki", 78), ("node/pki/data", 78), ("node", 78), ("", 78), ("node/etcd", 0), ("data", 0)]
    {
        let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let data = zone.around().join(place);
        let described = text.replacen(
            "address = \"127.0.0.1\"",
            &format!("address = \"127.0.0.1\"\ndata_dir = \"{}\"", data.display()),
            1,
        );
        std::fs::write(zone.file("zone.toml"), described).expect("zone.toml");
        let out = zone.around().join("out");
        outcome(zone.command(&["bundle", "node1", "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
        let node = zone.around().join("node");
        let mut activate = zone_etcd(["activate"]);
        activate.arg(out.join("node1.bundle")).arg("--node-dir").arg(&node);
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(zone.file("ca/root.crt"));
        let fingerprint = outcome(&mut openssl).expect_code(0).stdout;
        activate.args(["--root-fingerprint", fingerprint.trim()]);
        let activated = outcome(&mut activate);
        if code == 0 {
            activated.expect_code(0);
            outcome(zone_etcd(["plan", "--config"]).arg(node.join("node.json"))).expect_code(0);
        } else {
            activated.expect_refusal(code, &["`data_dir` of node1"]);
            assert!(!node.join("node.json").exists(), "{place}: {:?}", Tree::of(&node));
        }
    }
}
