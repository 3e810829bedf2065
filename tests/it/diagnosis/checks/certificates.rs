//! Certificates, keys and lists that are wrong on disk. `run` refuses each of them too, as far as it does not
//! issue again.

use std::os::unix::fs::PermissionsExt;

use time::{Duration, OffsetDateTime};
use zone_pki::{RevocationReason, Revoked, Usages};

use super::{authority, checked, failed, forge, found};
use crate::harness::TestZone;
use crate::support::{Others, StandIn, Tree, append, authority_at, replace_in, three_members_issued};

const CURRENT: &str = "nodes/node1/pki/current";

fn set_mode(zone: &TestZone, file: &str, mode: u32) {
    std::fs::set_permissions(zone.file(file), PermissionsExt::from_mode(mode)).expect("a mode");
}

#[test]
fn everything_in_order_writes_nothing() {
    let zone = three_members_issued();
    let before = Tree::of(&zone.path());
    // The other members do not run.
    let findings = checked(&zone, 69);
    assert!(failed(&findings).is_empty(), "{findings:#?}");
    for check in ["certificate-files", "certificate-names", "handshake", "revocation-list", "listeners"] {
        assert!(findings.iter().any(|finding| finding["check"] == check && finding["verdict"] == "passed"));
    }
    let text = zone.run(&["check", "--node", "node1"]).expect_code(69).stdout;
    assert!(text.contains("\ncertificates\n") && text.contains("\n2 unreachable, "), "{text}");
    Tree::of(&zone.path()).assert_same_as(&before, "check");
}

#[test]
fn it_works_without_the_cas() {
    let zone = three_members_issued();
    std::fs::rename(zone.file("ca"), zone.around().join("ca")).expect("moved");
    // `run` in a zone directory does not, and that is all.
    assert_eq!(failed(&checked(&zone, 66)), ["start"]);
    std::fs::remove_file(zone.file(CURRENT).join("peer.crt")).expect("removed");
    let finding = found(&checked(&zone, 66), "certificate-files", "failed", "it is missing");
    let remedy = finding["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("pki issue node1") && remedy.contains("where the CAs are"), "{remedy}");
}

#[test]
fn nothing_was_issued() {
    let zone = crate::support::three_members();
    let findings = checked(&zone, 0);
    found(&findings, "certificate-files", "note", "nothing was issued for this node yet");
    assert!(failed(&findings).is_empty(), "`run` issues what is missing");
}

#[test]
fn certificate_files() {
    let zone = three_members_issued();
    std::fs::remove_file(zone.file(CURRENT).join("gateway.crt")).expect("removed");
    std::fs::write(zone.file(CURRENT).join("server.crt"), "garbage").expect("written");
    let findings = checked(&zone, 65);
    found(&findings, "certificate-files", "failed", "it is missing");
    found(&findings, "certificate-files", "failed", "it cannot be used");
    // One cause, one finding: the handshakes that cannot be made say nothing new.
    assert_eq!(failed(&findings), ["certificate-files"]);
}

#[test]
fn file_access() {
    let cases = [
        ("nodes/node1/pki/current/peer.key", 0o644, 65, "its mode is 0644"),
        ("nodes/node1/pki/current/peer-ca.crt", 0o666, 65, "others can change it"),
        ("nodes/node1", 0o755, 77, "others can look into it"),
        ("nodes/node1/pki", 0o750, 65, "others can look into it"),
    ];
    for (file, mode, code, text) in cases {
        let zone = three_members_issued();
        set_mode(&zone, file, mode);
        let finding = found(&checked(&zone, code), "file-access", "failed", text);
        let remedy = finding["remedy"].as_str().expect("a remedy");
        assert!(remedy.starts_with("chmod "), "{remedy}");
    }
    let zone = three_members_issued();
    set_mode(&zone, "nodes", 0o777);
    found(&checked(&zone, 69), "file-access", "warning", "can put another directory in the place");
}

#[test]
fn certificate_key() {
    let zone = three_members_issued();
    let current = zone.file(CURRENT);
    std::fs::copy(current.join("server.key"), current.join("peer.key")).expect("copied");
    let findings = checked(&zone, 65);
    found(&findings, "certificate-key", "failed", "it is not the key of peer.crt");
    assert_eq!(failed(&findings), ["certificate-key"]);
}

#[test]
fn certificate_chain() {
    let (zone, other) = (three_members_issued(), TestZone::init("example.zone", &["node1=127.0.0.1"]));
    other.run(&["pki", "issue", "--all"]).expect_code(0);
    for file in ["peer.crt", "peer.key"] {
        std::fs::copy(other.file(CURRENT).join(file), zone.file(CURRENT).join(file)).expect("copied");
    }
    let findings = checked(&zone, 65);
    found(&findings, "certificate-chain", "failed", "it was issued by another CA");
    assert_eq!(failed(&findings), ["certificate-chain"]);

    // A plane CA that the zone does not have any more.
    let zone = three_members_issued();
    std::fs::copy(other.file("ca/peer.crt"), zone.file(CURRENT).join("peer-ca.crt")).expect("copied");
    found(&checked(&zone, 65), "certificate-chain", "failed", "it is not the CA that the zone has");
}

#[test]
fn certificate_usage() {
    let zone = three_members_issued();
    let now = OffsetDateTime::now_utc();
    forge(&zone, "peer", "peer", Usages::SERVER, now, Duration::days(30));
    let findings = checked(&zone, 65);
    found(&findings, "certificate-usage", "failed", "it may not be used for client");
    assert_eq!(failed(&findings), ["certificate-usage"]);
    forge(&zone, "client", "gateway", Usages::CLIENT, now, Duration::days(30));
    found(&checked(&zone, 65), "certificate-usage", "warning", "it has a common name");
    forge(&zone, "client", "server", Usages::BOTH, now, Duration::days(30));
    found(&checked(&zone, 65), "certificate-usage", "warning", "it may also be used for client");
}

#[test]
fn certificate_validity() {
    let zone = three_members_issued();
    let before = OffsetDateTime::now_utc() - Duration::minutes(3);
    forge(&zone, "peer", "peer", Usages::BOTH, before, Duration::minutes(3) - Duration::SECOND);
    let findings = checked(&zone, 65);
    found(&findings, "certificate-validity", "failed", "it expired at ");
    assert_eq!(failed(&findings), ["certificate-validity"]);
    // It ends in one minute, and began three ago at least.
    forge(&zone, "peer", "peer", Usages::BOTH, before, Duration::minutes(4));
    found(&checked(&zone, 69), "certificate-validity", "warning", "less than a third of its life");
}

#[test]
fn clock() {
    let zone = three_members_issued();
    let ahead = OffsetDateTime::now_utc() + Duration::hours(1);
    forge(&zone, "peer", "peer", Usages::BOTH, ahead, Duration::days(30));
    let findings = checked(&zone, 65);
    found(&findings, "clock", "failed", "which is still to come");
    found(&findings, "certificate-validity", "failed", "it is not valid before");

    let zone = three_members_issued();
    let log = zone.file("issued.jsonl");
    let text = std::fs::read_to_string(&log).expect("the log");
    let line = text.lines().last().expect("an entry");
    let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
    entry["issued_at"] = "2999-01-01T00:00:00Z".into();
    append(&log, &format!("{entry}\n"));
    found(&checked(&zone, 69), "clock", "warning", "the last certificate was issued at 2999-01-01");
}

#[test]
fn authority_validity() {
    let zone = three_members_issued();
    append(&zone.file("zone.toml"), "\n[pki]\nleaf_validity = \"3650d\"\n");
    let findings = checked(&zone, 69);
    for file in ["peer-ca.crt", "client-ca.crt", "ca.crt"] {
        found(&findings, "authority-validity", "warning", file);
    }
}

/// As `pki check` and what issues say: there is time to replace it, and none to lose.
#[test]
fn authority_validity_of_one_past_two_thirds_of_its_life() {
    let described = std::fs::read_to_string(three_members_issued().file("zone.toml")).expect("zone.toml");
    let zone = TestZone::described(&(described + "\n[pki]\nleaf_validity = \"1d\"\n"));
    std::fs::create_dir(zone.file("ca")).expect("ca/");
    set_mode(&zone, "ca", 0o700);
    for file in ["root.crt", "root.key"] {
        std::fs::write(zone.file("ca").join(file), "").expect("a file");
        set_mode(&zone, &format!("ca/{file}"), 0o600);
    }
    let begin = OffsetDateTime::now_utc() - Duration::days(8);
    authority_at("root", begin, Duration::days(10)).put(&zone, "root");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    assert!(zone.run(&["pki", "check"]).expect_code(65).stdout.contains("root CA"));
    let finding = found(&checked(&zone, 69), "authority-validity", "warning", "ca.crt");
    let text = "1 day left, less than a third of its life";
    assert_eq!((finding["subject"].as_str(), finding["found"].as_str()), (Some("ca.crt"), Some(text)));
    let told = zone.run(&["plan", "--node", "node1"]).expect_code(0);
    assert_eq!(told.stderr.matches("less than a third of its life").count(), 1, "{}", told.stderr);
}

#[test]
fn certificate_names() {
    let zone = three_members_issued();
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let moved = text.replacen("address = \"127.0.0.1\"", "address = \"127.0.0.2\"", 1);
    std::fs::write(zone.file("zone.toml"), moved).expect("written");
    let findings = checked(&zone, 65);
    for file in ["peer.crt", "server.crt"] {
        found(&findings, "certificate-names", "failed", file);
    }
    let finding = found(&findings, "certificate-names", "failed", "it does not cover 127.0.0.2");
    assert!(finding["remedy"].as_str().expect("a remedy").contains("pki issue node1"));
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    assert!(failed(&checked(&zone, 69)).is_empty());
}

#[test]
fn revocation_list() {
    let now = OffsetDateTime::now_utc();
    let put = |zone: &TestZone, bytes: &[u8]| {
        std::fs::write(zone.file(CURRENT).join("peer.crl"), bytes).expect("written");
    };
    let cases: [(&[u8], &str); 3] = [
        (b"-----BEGIN X509 CRL-----\n", "it is PEM"),
        (b"garbage", "it is not a revocation list in DER"),
        (b"", "it is empty"),
    ];
    for (bytes, text) in cases {
        let zone = three_members_issued();
        put(&zone, bytes);
        found(&checked(&zone, 65), "revocation-list", "failed", text);
    }

    let zone = three_members_issued();
    let other = std::fs::read(zone.file("ca/client.crl")).expect("a list");
    put(&zone, &other);
    found(&checked(&zone, 65), "revocation-list", "failed", "it is not of CN=example.zone peer CA");

    let peer = authority(&zone, "peer");
    let text = std::fs::read(zone.file(CURRENT).join("peer.crt")).expect("a certificate");
    let serial = zone_pki::Certificate::from_pem(&text).expect("a certificate").serial().to_vec();
    let revoked = [Revoked { serial, at: now, reason: RevocationReason::default() }];
    put(&zone, &peer.revocation_list(&revoked, 2, now, now + Duration::DAY).expect("a list"));
    let findings = checked(&zone, 65);
    found(&findings, "revocation-list", "failed", "it lists this node's own peer.crt");
    assert_eq!(failed(&findings), ["revocation-list"]);

    let then = now - Duration::minutes(4);
    put(&zone, &peer.revocation_list(&[], 3, then, then + Duration::MINUTE).expect("a list"));
    found(&checked(&zone, 69), "revocation-list", "warning", "a newer one was to come by");

    // Of the right name, and another key.
    let other = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    put(&zone, &std::fs::read(other.file("ca/peer.crl")).expect("a list"));
    found(&checked(&zone, 65), "revocation-list", "failed", "its signature is not by the key");
}

/// Everything by itself is right, and yet the administrator trusts another root.
#[test]
fn handshake() {
    let (zone, other) = (three_members_issued(), TestZone::init("example.zone", &["node1=127.0.0.1"]));
    std::fs::copy(other.file("ca/root.crt"), zone.file("clients/admin/current/ca.crt")).expect("copied");
    let findings = checked(&zone, 65);
    found(&findings, "handshake", "failed", "client to server");
    assert_eq!(failed(&findings), ["handshake"]);
}

/// `run` makes the cheap checks, on what is in use after it has issued what is missing.
#[test]
fn run_refuses_what_cannot_work() {
    let zone = three_members_issued();
    let stand_in = StandIn::new(zone.around(), "3.7.3");
    let peer = authority(&zone, "peer");
    let text = std::fs::read(zone.file(CURRENT).join("peer.crt")).expect("a certificate");
    let serial = zone_pki::Certificate::from_pem(&text).expect("a certificate").serial().to_vec();
    let now = OffsetDateTime::now_utc();
    let revoked = [Revoked { serial, at: now, reason: RevocationReason::default() }];
    let list = peer.revocation_list(&revoked, 2, now, now + Duration::DAY).expect("a list");
    // In the zone's own list too, so that run has nothing to bring up to date.
    std::fs::write(zone.file("ca/peer.crl"), &list).expect("written");
    std::fs::write(zone.file(CURRENT).join("peer.crl"), &list).expect("written");
    let run = zone.run(&["run", "--node", "node1", "--etcd", stand_in.as_argument()]).expect_code(65);
    run.expect_error_with(&[
        "node1 was revoked, and gets no certificates",
        "its peer certificate with the serial number",
        "next: only if it is trusted again",
    ]);
    assert_eq!(stand_in.arguments(), None, "etcd was started");
    assert!(!zone.file("nodes/node1/state.json").exists(), "the refused start is not recorded as one");

    std::fs::write(
        zone.file("ca/peer.crl"),
        peer.revocation_list(&[], 3, now, now + Duration::DAY).expect("a list"),
    )
    .expect("written");
    let zone_toml = zone.file("zone.toml");
    replace_in(&zone_toml, "[zone]\n", "[pki]\nleaf_validity = \"3650d\"\n[zone]\n");
    let _others = Others::of(&zone, "node1");
    let run = zone.run(&["run", "--node", "node1", "--etcd", stand_in.as_argument()]);
    run.expect_error_with(&["warning: peer-ca.crt: "]);
}

#[test]
fn a_node_without_a_member_has_its_client_certificate_alone() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n\
         member = false\n\
         [[node]]\nname = \"node2\"\naddress = \"10.0.0.2\"\n",
    );
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let findings = checked(&zone, 0);
    found(&findings, "certificate-files", "passed", "3 files");
    assert!(
        findings
            .iter()
            .all(|finding| finding["check"] != "listeners" && finding["check"] != "peer-reachable")
    );
}
