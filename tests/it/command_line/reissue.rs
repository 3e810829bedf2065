//! Certificates that no longer fit: issued again, and no others.

use model::config::ZoneConfig;
use model::plan::NODE_ROLES;
use time::{Duration, OffsetDateTime};
use zone_pki::Authority;

use super::{certificate, files};
use crate::harness::TestZone;
use crate::support::replace_in;

fn zone() -> TestZone {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

/// The stems whose certificate and key differ between two generations. A pair changes as a whole.
#[track_caller]
fn changed(zone: &TestZone, change: impl FnOnce()) -> Vec<&'static str> {
    let before = files(zone, "nodes/node1/pki");
    change();
    let after = files(zone, "nodes/node1/pki");
    assert!(before.keys().eq(after.keys()), "the same files");
    ["peer", "server", "gateway", "client"]
        .into_iter()
        .filter(|stem| {
            let differs = |extension: &str| {
                before[&format!("{stem}.{extension}")] != after[&format!("{stem}.{extension}")]
            };
            assert_eq!(differs("crt"), differs("key"), "{stem}: a new certificate has a new key");
            differs("crt")
        })
        .collect()
}

#[test]
fn new_names_in_the_description() {
    let zone = zone();
    let stems = changed(&zone, || {
        replace_in(
            &zone.file("zone.toml"),
            "address = \"10.0.1.1\"",
            "address = \"10.0.1.1\"\nsans = [\"api.example.zone\"]",
        );
        let plan = zone.run(&["plan", "--node", "node1"]).expect_code(0);
        assert!(
            plan.stdout.contains("names differ from zone.toml: without api.example.zone"),
            "{}",
            plan.stdout
        );
        zone.run(&["pki", "issue", "node1"]).expect_code(0).expect_error_with(&["issued 2 certificates"]);
    });
    assert_eq!(stems, ["peer", "server"]);
    let names = certificate(&zone.file("nodes/node1/pki/current/peer.crt")).names().clone();
    assert!(names.iter().any(|name| name.to_string() == "api.example.zone"));
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn names_that_are_gone_from_the_description() {
    let zone = zone();
    let stems = changed(&zone, || {
        replace_in(&zone.file("zone.toml"), "10.0.1.1", "10.0.1.7");
        zone.run(&["pki", "check"]).expect_code(65);
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
    });
    assert_eq!(stems, ["peer", "server"]);
    let names = certificate(&zone.file("nodes/node1/pki/current/server.crt")).names().clone();
    assert!(!names.iter().any(|name| name.to_string() == "10.0.1.1"), "{names:?}");
}

#[test]
fn server_names_concern_servers_alone() {
    let zone = zone();
    let stems = changed(&zone, || {
        crate::support::append(
            &zone.file("zone.toml"),
            "\n[pki]\nserver_names = [\"*.etcd.example.zone\"]\n",
        );
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
    });
    assert_eq!(stems, ["server"]);
}

/// Issues `stem` with zone_pki as of `made` and so long a life, and puts it in the place of the one that is
/// there.
fn put(zone: &TestZone, stem: &str, made: OffsetDateTime, validity: Duration) {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let (config, _) = ZoneConfig::parse(&text).expect("a valid description");
    let role = NODE_ROLES.iter().find(|role| role.stem == stem).expect("a role");
    let ca = |extension: &str| {
        std::fs::read(zone.file(&format!("ca/{}.{extension}", role.plane.name()))).expect("the CA")
    };
    let authority = Authority::load(&ca("crt"), &ca("key"), OffsetDateTime::now_utc()).expect("the CA");
    let mut spec = role.node_spec(&config, &config.nodes[0], authority.certificate().permitted_dns());
    spec.validity = validity;
    let issued = authority.issue(&spec, made).expect("a certificate");
    let directory = zone.file("nodes/node1/pki/current");
    std::fs::write(directory.join(format!("{stem}.crt")), issued.chain_pem(authority.certificate()))
        .expect("written");
    std::fs::write(directory.join(format!("{stem}.key")), issued.key().to_pem().as_bytes()).expect("written");
}

#[test]
fn two_thirds_of_a_life_are_enough() {
    let zone = zone();
    for stem in ["peer", "server", "gateway", "client"] {
        put(&zone, stem, OffsetDateTime::now_utc() - Duration::minutes(4), Duration::minutes(5));
        let stems = changed(&zone, || {
            let found = zone.run(&["pki", "check"]).expect_code(65);
            assert!(found.stdout.contains("past two thirds of its life"), "{}", found.stdout);
            zone.run(&["pki", "issue", "node1"]).expect_code(0).expect_error_with(&["issued 1 certificate"]);
        });
        assert_eq!(stems, [stem]);
    }
}

#[test]
fn less_than_two_thirds_are_not() {
    let zone = zone();
    // About three of five minutes are over.
    put(&zone, "peer", OffsetDateTime::now_utc() - Duration::minutes(2), Duration::minutes(4));
    let stems = changed(&zone, || {
        zone.run(&["pki", "issue", "node1"]).expect_code(0).expect_error_with(&["nothing to issue"]);
    });
    assert_eq!(stems, [""; 0]);
    // That somebody else has issued it is all that is wrong.
    let found = zone.run(&["pki", "check"]).expect_code(65).stdout;
    assert!(found.lines().count() == 2 && found.contains("issued.jsonl does not have it"), "{found}");
}

/// A life may be short: right after it was issued, no certificate is due again.
#[test]
fn a_short_life_is_not_over_when_it_begins() {
    let zone = zone();
    crate::support::append(&zone.file("zone.toml"), "\n[pki]\nleaf_validity = \"2m\"\n");
    put(&zone, "peer", OffsetDateTime::now_utc(), Duration::minutes(2));
    zone.run(&["pki", "issue", "node1"]).expect_code(0).expect_error_with(&["nothing to issue"]);
}

#[test]
fn an_expired_certificate() {
    let zone = zone();
    // The CA is as old as five minutes, so no certificate of it can have ended earlier than that.
    put(&zone, "server", OffsetDateTime::now_utc() - Duration::minutes(4), Duration::minutes(1));
    let stems = changed(&zone, || {
        let found = zone.run(&["pki", "check"]).expect_code(65);
        assert!(found.stdout.contains("expired"), "{}", found.stdout);
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
    });
    assert_eq!(stems, ["server"]);
}

#[test]
fn a_certificate_from_the_future() {
    let zone = zone();
    put(&zone, "peer", OffsetDateTime::now_utc() + Duration::days(1), Duration::days(30));
    let stems = changed(&zone, || {
        let found = zone.run(&["pki", "check"]).expect_code(65);
        assert!(found.stdout.contains("not valid yet by this machine's clock"), "{}", found.stdout);
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
    });
    assert_eq!(stems, ["peer"]);
}
