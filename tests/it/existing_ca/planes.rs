//! Plane CAs that are there already.

use super::{issue_and_verify, refused};
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA, CA_OF_LEAVES, certificate, subjects};
use crate::support::Refusal;

const BOTH: [&str; 8] = [
    "--peer-ca",
    "peers.crt",
    "--peer-ca-key",
    "peers.key",
    "--client-ca",
    "clients.crt",
    "--client-ca-key",
    "clients.key",
];

/// Two self-signed CAs, as many clusters have them.
fn two_cas() -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("peers", &[]);
    elsewhere.root("clients", &[]);
    elsewhere
}

#[test]
fn two_self_signed_cas_are_the_planes_and_the_zone_has_a_root_of_its_own() {
    let (elsewhere, zone) = (two_cas(), TestZone::empty());
    elsewhere.init(&zone, &BOTH).expect_code(0);
    assert_eq!(subjects(&zone.file("ca/root.crt")), ["example.zone root CA"]);
    issue_and_verify(&zone, &elsewhere, "clients.crt");
    let file = |name: &str| zone.file("nodes/node1/pki/current").join(name);
    assert_eq!(subjects(&file("ca.crt")), ["example.zone root CA", "clients"]);
    assert_eq!(subjects(&file("peer-ca.crt")), ["peers"]);
    assert_eq!(subjects(&file("client-ca.crt")), ["clients"]);
}

/// What they issue carries one all the same, which is not to be taken for another CA's.
#[test]
fn cas_without_key_identifier_do() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    for name in ["peers", "clients"] {
        elsewhere.root_for(
            name,
            &[],
            &["keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=none"],
        );
    }
    elsewhere.init(&zone, &BOTH).expect_code(0);
    assert!(certificate(&zone.file("ca/peer.crt")).subject_key_identifier().is_none());
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn one_plane_can_be_given_and_the_other_is_made() {
    let (elsewhere, zone) = (two_cas(), TestZone::empty());
    elsewhere.init(&zone, &BOTH[4..]).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "clients.crt");
    assert_eq!(subjects(&zone.file("ca/peer.crt")), ["example.zone peer CA"]);
}

#[test]
fn plane_cas_below_a_corporate_root_may_have_path_length_0() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    elsewhere.root("root", &[]);
    for name in ["peers", "clients"] {
        elsewhere.below("root", name, &[CA_OF_LEAVES]);
        elsewhere.join(&format!("{name}.chain"), &[&format!("{name}.crt"), "root.crt"]);
        std::fs::rename(elsewhere.file(&format!("{name}.chain")), elsewhere.file(&format!("{name}.crt")))
            .expect("renamed");
    }
    elsewhere.init(&zone, &BOTH).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    assert_eq!(subjects(&zone.file("clients/admin/current/ca.crt")), ["example.zone root CA", "root"]);
}

#[test]
fn one_ca_for_both_planes_is_refused_with_the_reason() {
    let elsewhere = two_cas();
    let twice = ["--peer-ca", "peers.crt", "--peer-ca-key", "peers.key"];
    let again = ["--client-ca", "peers.crt", "--client-ca-key", "peers.key"];
    refused(
        &elsewhere,
        &[twice, again].concat(),
        65,
        &["is given twice", "take part in consensus as a member"],
    );
    // The same key under another certificate is the same CA.
    std::fs::copy(elsewhere.file("peers.key"), elsewhere.file("clients.key")).expect("copied");
    elsewhere.root_for("clients", &[], &["keyUsage=critical,keyCertSign,cRLSign"]);
    refused(&elsewhere, &BOTH, 65, &["have the same key", "each plane has a CA of its own"]);
}

#[test]
fn a_plane_ca_that_may_not_revoke_is_refused() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root_for("peers", &[], &["keyUsage=critical,keyCertSign"]);
    refused(&elsewhere, &BOTH[..4], 65, &["may not sign revocation lists", "cRLSign"]);
}

/// Nothing in two foreign CAs says which plane is whose, so it was written down.
#[test]
fn given_planes_that_are_swapped_are_refused() {
    let (elsewhere, zone) = (two_cas(), TestZone::empty());
    elsewhere.init(&zone, &BOTH).expect_code(0);
    for extension in ["crt", "key", "crl"] {
        let [peer, client, aside] =
            ["peer", "client", "aside"].map(|stem| zone.file(&format!("ca/{stem}.{extension}")));
        std::fs::rename(&peer, &aside).expect("renamed");
        std::fs::rename(&client, &peer).expect("renamed");
        std::fs::rename(&aside, &client).expect("renamed");
    }
    let texts = ["ca/peer.crt is not the zone's peer CA", "given.json names another one"];
    zone.run(&["pki", "issue", "--all"]).expect_refusal(65, &texts);
}

#[test]
fn a_plane_ca_that_is_put_there_without_being_given_is_refused() {
    let (elsewhere, zone) = (two_cas(), TestZone::init("example.zone", &["node1=127.0.0.1"]));
    for extension in ["crt", "key"] {
        let bytes = std::fs::read(elsewhere.file(&format!("clients.{extension}"))).expect("a file");
        std::fs::write(zone.file(&format!("ca/client.{extension}")), bytes).expect("written");
    }
    zone.run(&["pki", "issue", "--all"]).expect_refusal(65, &["it was not issued by"]);
}

#[test]
fn an_option_without_its_key_is_refused() {
    let elsewhere = two_cas();
    elsewhere.below("peers", "sub", &[CA]);
    let zone = TestZone::empty();
    elsewhere.init(&zone, &["--peer-ca", "peers.crt"]).expect_code(64).expect_error_with(&["--peer-ca-key"]);
    elsewhere.init(&zone, &["--ca-key", "peers.key"]).expect_code(64).expect_error_with(&["--ca-cert"]);
    refused(&elsewhere, &["--ca-cert", "sub.crt"], 64, &["the key of", "--external"]);
}

/// What others made, others have to make again.
#[test]
fn given_planes_are_not_rotated_here() {
    let (elsewhere, zone) = (two_cas(), TestZone::empty());
    elsewhere.init(&zone, &BOTH).expect_code(0);
    let out = zone.around().join("out").display().to_string();
    zone.run(&["pki", "rotate-ca", "--no-encryption", "--out", &out]).expect_code(78).expect_error_with(&[
        "the peer CA was made elsewhere, so no other can be made here",
        "the maker of this one has to make the next",
    ]);
    assert!(!zone.file("ca/next").exists());
}
