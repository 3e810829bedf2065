//! What is in files: descriptions of zones and nodes, certificates, logs.

use std::fs;

use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{HOSTILE, assert_harmless};

/// As TOML and JSON write it in a text.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("JSON").replace('\u{7f}', "\\u007f")
}

/// What a text may hold as it is.
const UNQUOTED: &str = "a\u{9b}31m\u{202e}\u{2066}\u{200f}";

#[test]
fn zone_toml() {
    let hostile = quoted(HOSTILE);
    let node = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";
    for text in [
        format!("[zone]\nname = {hostile}\n{node}"),
        format!("[zone]\nname = \"example.zone\"\n{hostile} = 1\n{node}"),
        format!("[zone]\nname = \"{UNQUOTED}\"\n\"{UNQUOTED}\" = 1\n{node}"),
        format!("[zone]\nname = \"example.zone\"\n[[node]]\nname = {hostile}\naddress = {hostile}\n"),
        format!("[zone]\nname = \"example.zone\"\n{node}sans = [{hostile}]\ndata_dir = {hostile}\n"),
        format!(
            "[zone]\nname = \"example.zone\"\n{node}[etcd]\nversion = {hostile}\ntoken = {hostile}\n\
             quota = {hostile}\n"
        ),
        format!(
            "[zone]\nname = \"example.zone\"\n{node}[etcd]\nkeep_environment = [{hostile}]\n\
             heartbeat = {hostile}\n"
        ),
        format!("[zone]\nname = \"example.zone\"\n{node}[etcd.flags]\n{hostile} = {hostile}\n"),
        format!("[zone]\nname = \"example.zone\"\n{node}[etcd.flags]\nlog-level = {hostile}\n"),
        format!(
            "[zone]\nname = \"example.zone\"\n{node}[pki]\nclients = [{hostile}]\n\
             server_names = [{hostile}]\nkey = {hostile}\n"
        ),
        format!(
            "[zone]\nname = \"example.zone\"\n{node}[access]\ncommand = {hostile}\nnode_dir = {hostile}\n\
             limit = {hostile}\n"
        ),
        format!("[zone]\nname = \"example.zone\"\n{node}[tls.files]\nca = {hostile}\n"),
        format!("[zone]\nname = \u{1b}[2J\n{node}"),
        format!("{UNQUOTED}\n{node}"),
    ] {
        let zone = TestZone::described(&text);
        for arguments in
            [&["plan", "--node", "node1"][..], &["init"], &["plan", "--node", "node1", "--format", "json"]]
        {
            assert_harmless(&zone.run(arguments));
        }
    }
}

#[test]
fn node_json() {
    let hostile = quoted(HOSTILE);
    let head = r#""name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key""#;
    for text in [
        format!(r#"{{{head}, {hostile}: 1, "nane": {hostile}}}"#),
        format!(r#"{{"name": {hostile}, "ca": {hostile}, "cert": {hostile}, "key": {hostile}}}"#),
        format!(
            r#"{{{head}, "etcd": [{{"node_name": {hostile}, "protocol": {hostile}, "address": {hostile}}}]}}"#
        ),
        format!(
            r#"{{{head}, "etcd": [{{"node_name": "node1.example.zone", "protocol": "https",
                "address": "", {hostile}: 2}}]}}"#
        ),
        format!(r#"{{{head}, "{UNQUOTED}": {UNQUOTED}}}"#),
    ] {
        let place = TestZone::empty();
        let file = place.around().join("node.json");
        fs::write(&file, text).expect("a file");
        for command in ["plan", "check"] {
            let told = outcome(zone_etcd([command, "--config"]).arg(&file));
            assert_harmless(&told);
            assert_ne!(told.code, 0);
        }
    }
}

/// Any text is a common name to a CA that somebody else has.
#[test]
fn the_subject_of_a_ca() {
    let elsewhere = AuthoritiesElsewhere::new();
    let subject = format!("/O=Example/CN={}", HOSTILE.replace('\u{2028}', ""));
    elsewhere.key("root", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    outcome(
        std::process::Command::new("openssl")
            .args(["req", "-x509", "-new", "-utf8", "-key", "root.key", "-out", "root.crt", "-days", "3650"])
            .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", &subject])
            .current_dir(elsewhere.file("")),
    )
    .expect_code(0);
    let zone = TestZone::empty();
    let made = elsewhere.init(&zone, &["--ca-cert", "root.crt", "--ca-key", "root.key"]);
    assert_harmless(&made);
    made.expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let mut shown = String::new();
    for arguments in [
        &["pki", "list"][..],
        &["pki", "list", "--format", "json"],
        &["pki", "check"],
        &["check", "--node", "node1"],
        &["plan", "--node", "node1"],
        &["plan", "--node", "node1", "--format", "json"],
        &["pki", "rotate-ca", "--status"],
    ] {
        let told = zone.run(arguments);
        assert_harmless(&told);
        shown.push_str(&told.stdout);
    }
    assert!(shown.contains("\\u{1b}[2J"), "it is shown:\n{shown}");
}
