//! What docs/cfssl.md says of certificates by cfssl, with its own default profiles, and of its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::Refusal;

/// `cfssl print-defaults config`, and the profile for peers that guides add.
const CONFIG: &str = r#"{"signing": {"default": {"expiry": "168h"}, "profiles": {
    "www": {"expiry": "8760h", "usages": ["signing", "key encipherment", "server auth"]},
    "client": {"expiry": "8760h", "usages": ["signing", "key encipherment", "client auth"]},
    "peer": {"expiry": "8760h", "usages": ["signing", "key encipherment", "server auth", "client auth"]}}}}"#;

const OF_NODE: &str = r#"["infra0", "infra0.example.com", "10.0.1.10", "127.0.0.1"]"#;

/// A zone whose one node has these certificates of cfssl: a profile and the hosts, for peers and clients.
fn planned(peer: [&str; 2], client: [&str; 2]) -> Outcome {
    let elsewhere = AuthoritiesElsewhere::new();
    let write = |name: &str, text: &str| std::fs::write(elsewhere.file(name), text).expect("a file");
    write("cfssl.json", CONFIG);
    write("ca.json", r#"{"CN": "etcd CA", "key": {"algo": "ecdsa", "size": 256}}"#);
    elsewhere.cfssl("gencert -initca ca.json", "ca");
    for (stem, [profile, hosts]) in [("peer", peer), ("server", client)] {
        let request = r#"{"CN": "infra0.example.com", "key": {"algo": "ecdsa", "size": 256},
            "names": [{"C": "US", "ST": "CA", "L": "San Francisco"}], "hosts": HOSTS}"#;
        write("leaf.json", &request.replace("HOSTS", hosts));
        let signs = "gencert -ca ca.crt -ca-key ca.key -config cfssl.json -profile";
        elsewhere.cfssl(&format!("{signs} {profile} leaf.json"), stem);
    }
    let file = |name: &str| elsewhere.file(name).display().to_string();
    let zone = TestZone::described(&format!(
        "[zone]\nname = \"example.com\"\n[tls.files]\nclient_ca = \"{ca}\"\nclient_cert = \"{}\"\n\
         client_key = \"{}\"\npeer_ca = \"{ca}\"\npeer_cert = \"{}\"\npeer_key = \"{}\"\n[[node]]\n\
         name = \"infra0\"\naddress = \"10.0.1.10\"\n",
        file("server.crt"),
        file("server.key"),
        file("peer.crt"),
        file("peer.key"),
        ca = file("ca.crt"),
    ));
    zone.run(&["plan", "--node", "infra0"])
}

#[test]
fn a_profile_with_both_usages_is_taken_as_it_is() {
    planned(["peer", OF_NODE], ["peer", OF_NODE]).expect_code(0);
}

#[test]
fn a_profile_for_servers_alone_is_refused_between_peers() {
    let told = planned(["www", OF_NODE], ["peer", OF_NODE]);
    told.expect_refusal(65, &["lacks the extended key usage clientAuth for the peer plane"]);
    let told = planned(["client", OF_NODE], ["peer", OF_NODE]);
    told.expect_refusal(65, &["lacks the extended key usage serverAuth for the peer plane"]);
}

/// It covers host names, and etcd dials addresses.
#[test]
fn a_wildcard_covers_no_address() {
    let wildcard = r#"["*.example.com", "127.0.0.1"]"#;
    planned(["peer", wildcard], ["peer", OF_NODE]).expect_refusal(65, &["10.0.1.10"]);
}

/// What `cfssl print-defaults` prints.
#[track_caller]
fn defaults(elsewhere: &AuthoritiesElsewhere, kind: &str) -> PathBuf {
    let mut command = Command::new(AuthoritiesElsewhere::cfssl_program());
    let printed = outcome(command.args(["print-defaults", kind])).expect_code(0).stdout;
    let file = elsewhere.file(&format!("{kind}.json"));
    std::fs::write(&file, printed).expect("a file");
    file
}

fn init(zone: &TestZone, files: &[&Path]) -> Outcome {
    let node = "infra0=10.0.1.10";
    let mut command = zone.command(&["init", "--name", "example.net", "--node", node]);
    for file in files {
        command.arg("--from-cfssl").arg(file);
    }
    outcome(&mut command)
}

#[test]
fn init_takes_what_cfssl_prints_by_default() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    let files = [defaults(&elsewhere, "config"), defaults(&elsewhere, "csr")];
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let told = init(&zone, &files).expect_code(0).stderr;
    let left = told.lines().filter_map(|line| Some(line.split_once("not taken over: ")?.1));
    let fields: Vec<&str> = left.filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(fields, ["signing.default.expiry", "CN", "names.0.C", "names.0.L", "names.0.ST"], "{told}");
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    // The name of the zone is in every certificate for servers.
    let lines = "\n[pki]\nleaf_validity = \"8760h\"\nkey = \"p256\"\nserver_names = [\"www.example.net\"]\n";
    assert!(text.contains(lines), "{text}");
    assert!(text.contains("\n# ca_validity   ="), "{text}");
    assert!(!text.contains("# leaf_validity"), "{text}");
    zone.run(&["pki", "issue", "infra0"]).expect_code(0);
    let server = zone.file("nodes/infra0/pki/current/server.crt");
    let server = zone_pki::Certificate::from_pem(&std::fs::read(server).expect("a certificate"));
    let names: Vec<String> = server.expect("a certificate").names().iter().map(ToString::to_string).collect();
    assert!(["example.net", "www.example.net"].iter().all(|name| names.iter().any(|each| each == name)));
    // The same call again finds its zone.
    init(&zone, &files).expect_code(73).expect_error_with(&["has its CAs already"]);
}

#[test]
fn every_field_of_cfssl_is_taken_or_told() {
    let zone = TestZone::empty();
    let (config, ca) = (zone.around().join("config.json"), zone.around().join("ca.json"));
    let config_text = r#"{"signing": {"default": {"expiry": "1h", "auth_key": "key1"}, "profiles": {
        "www": {"expiry": "4380h", "usages": ["signing", "server auth", "code signing"]},
        "peer": {"expiry": "8760h", "usages": ["server auth", "client auth"], "auth_key": "key1",
                 "ca_constraint": {"is_ca": true}}}},
        "auth_keys": {"key1": {"type": "standard", "key": "0123"}}}"#;
    std::fs::write(&config, config_text).expect("a file");
    let ca_text = r#"{"CN": "etcd CA", "key": {"algo": "rsa", "size": 3072},
        "hosts": ["infra0", "10.0.1.10", "infra0.example.net", "127.0.0.1", "*.example.org", "192.0.2.7"],
        "ca": {"expiry": "87600h", "pathlen": 1}, "serialnumber": "1\u001b[31m"}"#;
    std::fs::write(&ca, ca_text).expect("a file");
    let told = init(&zone, &[&config, &ca]).expect_code(0).stderr;
    for text in [
        "signing.profiles.peer.expiry: 8760h is not used: all leaves last as long, 4380h",
        "signing.default.expiry:",
        "signing.default.auth_key: nothing signs over the network",
        "signing.profiles.www.usages: no role has the usage code signing",
        "signing.profiles.peer.ca_constraint.is_ca: it has no place in zone.toml",
        "signing.profiles.peer.auth_key: nothing signs",
        "auth_keys.key1.type: it has no place",
        "auth_keys.key1.key: it has no place",
        "CN: the subject is the name",
        "ca.pathlen: the CAs of the planes sign leaves alone",
        "serialnumber: it has no place",
    ] {
        assert!(told.contains(&format!("not taken over: {text}")), "no `{text}` in\n{told}");
    }
    assert_eq!(told.matches("not taken over").count(), 11, "{told}");
    assert!(!told.contains("0123"), "a key is told: {told}");
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let lines = "\n[pki]\nleaf_validity = \"4380h\"\nca_validity = \"87600h\"\nkey = \"rsa3072\"\n\
                 server_names = [\"*.example.org\", \"192.0.2.7\"]\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn files_of_cfssl_that_cannot_be_used_are_refused_with_why() {
    for (texts, why) in [
        (vec!["{"], "this is not JSON"),
        (vec!["[]"], "neither a signing config nor a request"),
        (vec![r#"{"name": "x"}"#], "neither a signing config nor a request"),
        (vec![r#"{"signing": {"default": {"expiry": "a week"}}}"#], "`a week` is no length of time"),
        (
            vec![r#"{"key": {"algo": "rsa"}}"#, r#"{"key": {"algo": "ecdsa"}}"#],
            "its key is p256, and that of",
        ),
        (
            vec![r#"{"CN": "", "ca": {"expiry": "1h"}}"#, r#"{"CN": "", "ca": {"expiry": "2h"}}"#],
            "ca.expiry is 2h, and 1h in a file before",
        ),
    ] {
        let zone = TestZone::empty();
        let files: Vec<PathBuf> = (0..texts.len()).map(|n| zone.around().join(format!("{n}.json"))).collect();
        for (file, text) in files.iter().zip(&texts) {
            std::fs::write(file, text).expect("a file");
        }
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        init(&zone, &files).expect_code(65).expect_error_with(&["cannot be used", why]);
        assert!(!zone.file("zone.toml").exists());
    }
    // What is a length of time, and longer than that of the CAs.
    let zone = TestZone::empty();
    let file = zone.around().join("config.json");
    std::fs::write(&file, r#"{"signing": {"default": {"expiry": "100000h"}}}"#).expect("a file");
    init(&zone, &[&file]).expect_code(78).expect_error_with(&["no zone can be made", "leaf_validity"]);
}
