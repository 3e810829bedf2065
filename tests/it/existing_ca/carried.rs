//! Bundles of zones whose CAs were made elsewhere: who signs them, and that their nodes take them up.

use super::external::{ALL, asked, sign_both};
use super::issuing::root_and_intermediate;
use crate::activation;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, subjects};
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{Refusal, Tree};

/// Makes a bundle of the node, and returns the fingerprint that is told with it.
#[track_caller]
fn bundled(zone: &TestZone, signer: &str) -> String {
    let mut command = zone.command(&["bundle", "node1", "--no-encryption", "--format", "json"]);
    let told = activation::json(&outcome(command.arg("--out").arg(zone.around().join("out"))).expect_code(0));
    assert_eq!(told["signer"], signer);
    told["signer_sha256"].as_str().expect("a fingerprint").to_owned()
}

/// Carries two bundles over: the first is believed by its fingerprint, the second because of the first.
#[track_caller]
fn assert_carries_over(zone: &TestZone, signer: &str) {
    let fingerprint = bundled(zone, signer);
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
    let shown = outcome(openssl.arg(zone.file(&format!("ca/{signer}.crt")))).expect_code(0).stdout;
    assert!(shown.contains(&fingerprint), "{shown}");
    let (file, directory) = (zone.around().join("out/node1.bundle"), zone.around().join("node1"));
    let wrong = "AA".repeat(32);
    activation::activate(&file, &directory, &["--root-fingerprint", &wrong])
        .expect_refusal(65, &["signed by another CA"]);
    activation::activate(&file, &directory, &["--root-fingerprint", &fingerprint]).expect_code(0);
    let mut plan = zone_etcd(["plan", "--config"]);
    outcome(plan.arg(directory.join("node.json"))).expect_code(0);

    activation::add_to_description(zone, "sans = [\"second.example.zone\"]\n");
    assert_eq!(bundled(zone, signer), fingerprint);
    activation::activate(&file, &directory, &[]).expect_code(0);
    let mut plan = zone_etcd(["plan", "--config"]);
    outcome(plan.arg(directory.join("node.json"))).expect_code(0);
}

#[test]
fn an_intermediate_signs_as_the_zones_root() {
    let (elsewhere, zone) = (root_and_intermediate(), TestZone::empty());
    elsewhere.init(&zone, &["--ca-cert", "chain.crt", "--ca-key", "issuing.key"]).expect_code(0);
    assert_carries_over(&zone, "root");
    let current = zone.around().join("node1/pki/current");
    assert_eq!(subjects(&current.join("ca.crt")), ["root"]);
    assert_eq!(subjects(&current.join("server.crt")).last().map(String::as_str), Some("issuing"));
}

#[test]
fn where_the_root_keeps_its_key_the_peer_ca_signs() {
    let (elsewhere, zone) = asked(&[]);
    sign_both(&elsewhere, &zone);
    elsewhere.init(&zone, &ALL).expect_code(0);
    assert_carries_over(&zone, "peer");
}

#[test]
fn plane_cas_of_other_roots_beside_a_root_of_the_zone() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    elsewhere.root("peers", &[]);
    elsewhere.root("clients", &[]);
    let peers = ["--peer-ca", "peers.crt", "--peer-ca-key", "peers.key"];
    let clients = ["--client-ca", "clients.crt", "--client-ca-key", "clients.key"];
    elsewhere.init(&zone, &[peers, clients].concat()).expect_code(0);
    assert_carries_over(&zone, "root");
}

#[test]
fn a_root_whose_key_was_taken_away_is_not_stood_in_for() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    elsewhere.root("peers", &[]);
    elsewhere.init(&zone, &["--peer-ca", "peers.crt", "--peer-ca-key", "peers.key"]).expect_code(0);
    assert_carries_over(&zone, "root");
    std::fs::rename(zone.file("ca/root.key"), zone.around().join("root.key")).expect("a move");
    let before = Tree::of(&zone.around().join("out"));
    let mut command = zone.command(&["bundle", "node1", "--no-encryption"]);
    outcome(command.arg("--out").arg(zone.around().join("out"))).expect_refusal(66, &["ca/root.key"]);
    Tree::of(&zone.around().join("out")).assert_same_as(&before, "a bundle that nobody signs");
}
