//! `pki issue`: for nodes, for clients, for all.

use super::{certificate, files};
use crate::harness::TestZone;
use crate::support::{Refusal, Tree, three_members_issued};

fn zone() -> TestZone {
    TestZone::init("example.zone", &["node1=10.0.1.1", "node2=10.0.1.2", "node3=10.0.1.3"])
}

#[test]
fn a_node_gets_its_roles_and_what_it_trusts() {
    let zone = zone();
    zone.run(&["pki", "issue", "node1", "node2.example.zone"])
        .expect_code(0)
        .expect_error_with(&["issued 8 certificates"]);
    let names: Vec<String> = files(&zone, "nodes/node1/pki").into_keys().collect();
    let expected = [
        "ca.crt",
        "client-ca.crt",
        "client.crl",
        "client.crt",
        "client.key",
        "gateway.crt",
        "gateway.key",
        "peer-ca.crt",
        "peer.crl",
        "peer.crt",
        "peer.key",
        "server.crt",
        "server.key",
    ];
    assert_eq!(names, expected);
    assert!(zone.file("nodes/node2/pki/current").exists());
    assert!(!zone.file("nodes/node3").exists());
    let gateway = certificate(&zone.file("nodes/node1/pki/current/gateway.crt"));
    assert_eq!(gateway.common_name(), None, "the gateway is no user");
    assert!(gateway.subject().contains("OU=etcd gateway"));
}

#[test]
fn no_ca_key_reaches_a_node() {
    let zone = zone();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let keys = ["root", "peer", "client"]
        .map(|stem| std::fs::read(zone.file(&format!("ca/{stem}.key"))).expect("a key"));
    for path in Tree::of(&zone.path()).paths().filter(|path| !path.starts_with("ca")) {
        let full = zone.path().join(path);
        if full.is_file() {
            let bytes = std::fs::read(full).expect("a file");
            assert!(!keys.contains(&bytes), "{} is a CA's key", path.display());
        }
    }
}

#[test]
fn a_second_call_issues_nothing() {
    let zone = zone();
    zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["issued 12 certificates"]);
    let before = Tree::of(&zone.path());
    zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["nothing to issue"]);
    zone.run(&["pki", "issue", "node1", "--client", "admin"])
        .expect_code(0)
        .expect_error_with(&["nothing to issue"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a second call");
}

#[test]
fn clients_get_the_root_and_their_pair() {
    let zone = zone();
    zone.run(&["pki", "issue", "--client", "apiserver", "--client", "backup@host"])
        .expect_code(0)
        .expect_error_with(&["issued 2 certificates"]);
    let names: Vec<String> = files(&zone, "clients/apiserver").into_keys().collect();
    assert_eq!(names, ["ca.crt", "client.crt", "client.key"]);
    let issued = certificate(&zone.file("clients/apiserver/current/client.crt"));
    assert_eq!(issued.common_name(), Some("apiserver"));
    assert!(issued.names().is_empty());
    assert_eq!(issued.usages(), zone_pki::Usages::CLIENT);
    let admin = certificate(&zone.file("clients/admin/current/client.crt"));
    assert_eq!(admin.common_name(), Some("root"), "admin is etcd's administrator");
    // Clients that were issued by name are among all from then on.
    let listed = zone.run(&["pki", "list"]).expect_code(0);
    assert!(listed.stdout.contains("client/apiserver"), "{}", listed.stdout);
}

#[test]
fn names_of_clients_are_checked() {
    let zone = zone();
    let before = Tree::of(&zone.path());
    let long = "x".repeat(65);
    for (name, text) in [
        ("root", "etcd's administrator"),
        ("a b", "has ` `"),
        ("../node1", "client name"),
        (".hidden", "starts with `.`"),
        ("a/b", "has `/`"),
        ("", "1 to 64"),
        ("ä", "has `ä`"),
        (long.as_str(), "has 65 characters"),
    ] {
        zone.run(&["pki", "issue", &format!("--client={name}")]).expect_refusal(64, &[text]);
        Tree::of(&zone.path()).assert_same_as(&before, name);
    }
    // One bad name, and the good one beside it is not issued either.
    zone.run(&["pki", "issue", "--client", "good", "--client", "root"])
        .expect_refusal(64, &["administrator"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a good and a bad name");
}

#[test]
fn a_zone_without_cas_gets_them_at_the_first_issue() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n",
    );
    zone.run(&["pki", "issue", "node1"])
        .expect_code(0)
        .expect_error_with(&["made the CAs of example.zone", "issued 4"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

/// Also where no certificate is due, what is written is said.
#[test]
fn a_list_that_is_replaced_is_said() {
    let zone = three_members_issued();
    let path = zone.file("nodes/node2/pki/current/client.crl");
    let right = std::fs::read(&path).expect("a list");
    std::fs::copy(zone.file("nodes/node2/pki/current/peer.crl"), &path).expect("another list");
    let told = zone.run(&["pki", "issue", "--all"]).expect_code(0);
    assert!(
        told.stderr.contains("node2: CAs, chains and revocation lists brought up to date"),
        "{}",
        told.stderr
    );
    assert!(!told.stderr.contains("nothing to issue"), "{}", told.stderr);
    assert_eq!(std::fs::read(&path).expect("a list"), right);
    zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["nothing to issue"]);
}

#[test]
fn a_client_may_be_named_as_it_is_listed() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let told = zone.run(&["pki", "revoke", "app"]).expect_code(66).stderr;
    assert!(told.contains("pki list"), "{told}");
    zone.run(&["pki", "issue", "client/app"]).expect_code(0);
    assert!(zone.file("clients/app/current/client.crt").exists());
    let told = zone.run(&["pki", "revoke", "app"]).expect_code(66).stderr;
    assert!(told.contains("did you mean client/app? zone-etcd pki revoke client/app"), "{told}");
    let told = zone.run(&["pki", "renew", "client/app", "--dry-run"]).expect_code(0).stdout;
    assert!(told.contains("client/app"), "{told}");
}
