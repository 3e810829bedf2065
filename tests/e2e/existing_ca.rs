//! Members below CAs that were made elsewhere, and who gets in with what.

use std::process::Command;

use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA};
use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, etcdctl, loopback_text, start_on_loopback};
use crate::harness::{TestZone, outcome};

const MEMBER: &str = "https://127.0.0.1:2379";

/// etcdctl and curl, to which nothing but the offline root is known.
#[track_caller]
fn assert_root_alone_gets_in(zone: &TestZone, elsewhere: &AuthoritiesElsewhere, root: &str) {
    let root = elsewhere.text(root);
    let mut with_root = again(&etcdctl(zone, MEMBER), &["put", "from", "outside"]);
    outcome(with_root.env("ETCDCTL_CACERT", &root)).expect_code(0);
    let client = |name: &str| zone.file("clients/admin/current").join(name).display().to_string();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*", "--cacert", &root]);
    curl.args(["--cert", &client("client.crt"), "--key", &client("client.key"), &format!("{MEMBER}/health")]);
    let answer = outcome(&mut curl).expect_code(0);
    assert!(answer.stdout.contains("\"health\":\"true\""), "{answer:?}");
}

/// `status` dials both planes of each member and finds nothing wrong with what they show.
#[track_caller]
fn assert_every_plane_is_sound(zone: &TestZone) {
    let text = zone.run(&["status", "--format", "json"]).expect_code(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let members = report["members"].as_array().expect("members");
    let planes: Vec<_> =
        members.iter().flat_map(|member| member["planes"].as_array().expect("planes")).collect();
    assert_eq!(planes.len(), 6);
    for plane in planes {
        assert!(plane["failure"].is_null() && plane["leads_to_zone"] == true, "{plane}");
    }
}

#[test]
fn below_an_offline_root_and_an_intermediate_the_root_is_all_that_a_client_needs() {
    isolated(|| {
        let elsewhere = AuthoritiesElsewhere::new();
        elsewhere.root("root", &[]);
        elsewhere.below("root", "issuing", &[CA]);
        elsewhere.join("chain.crt", &["issuing.crt", "root.crt"]);
        let zone = TestZone::described(&loopback_text("example.zone", 3, ""));
        elsewhere.init(&zone, &["--ca-cert", "chain.crt", "--ca-key", "issuing.key"]).expect_code(0);
        let _members = start_on_loopback(&zone, &["node1", "node2", "node3"]);
        assert_root_alone_gets_in(&zone, &elsewhere, "root.crt");
        assert_every_plane_is_sound(&zone);
        zone.run(&["check", "--node", "node1"]).expect_code(0);
    });
}

#[test]
fn self_signed_plane_cas_keep_the_planes_apart() {
    isolated(|| {
        let elsewhere = AuthoritiesElsewhere::new();
        elsewhere.root("peers", &[]);
        elsewhere.root("clients", &[]);
        let zone = TestZone::described(&loopback_text("example.zone", 3, ""));
        let peers = ["--peer-ca", "peers.crt", "--peer-ca-key", "peers.key"];
        let clients = ["--client-ca", "clients.crt", "--client-ca-key", "clients.key"];
        elsewhere.init(&zone, &[peers, clients].concat()).expect_code(0);
        let _members = start_on_loopback(&zone, &["node1", "node2", "node3"]);
        call(&etcdctl(&zone, MEMBER), &["put", "key", "value"]).expect_code(0);
        assert_root_alone_gets_in(&zone, &elsewhere, "clients.crt");
        assert_every_plane_is_sound(&zone);
        zone.run(&["check", "--node", "node1"]).expect_code(0);
        // A certificate of the one plane is nothing on the other.
        let file = |name: &str| zone.file("nodes/node1/pki/current").join(name);
        let mut crossed = again(&etcdctl(&zone, MEMBER), &["get", "key"]);
        crossed.env("ETCDCTL_CERT", file("peer.crt")).env("ETCDCTL_KEY", file("peer.key"));
        assert_ne!(outcome(&mut crossed).code, 0);
    });
}
