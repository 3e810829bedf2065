//! Requests that are signed: the keys stay on their node, and what is certified is what `zone.toml` says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use model::plan::NODE_ROLES;

use super::{request, requests_of, sign, signed, written};
use crate::activation::{activate, activated, add_to_description, node_directory, zone};
use crate::harness::{outcome, zone_etcd};
use crate::support::{Refusal, Tree, replace_in};

#[test]
fn the_key_stays_on_its_node() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let file = requests_of(&zone, "node1", &directory);
    for path in ["pki/requested/peer.key", "pki/requested/node"] {
        let mode = fs::metadata(directory.join(path)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    sign(&zone, &file, &[]).expect_code(0);
    let bundle = signed(&zone, "node1");
    let mut inspect = zone_etcd(["bundle", "inspect"]);
    let listing = outcome(inspect.arg(&bundle)).expect_code(0).stdout;
    assert!(!listing.contains(".key") && listing.contains("on the node, which made them"), "{listing}");
    let here = Tree::of(&zone.file("nodes"));
    assert!(!here.paths().any(|path| path.extension().is_some_and(|end| end == "key")), "{here:?}");

    activated(&zone, &bundle, &directory);
    let keys = |path: &str| fs::read(directory.join(path)).expect("a key");
    for role in ["peer", "server", "gateway", "client"] {
        assert_eq!(keys(&format!("pki/requested/{role}.key")), keys(&format!("pki/current/{role}.key")));
    }
    let mut plan = zone_etcd(["plan", "--config"]);
    let plan = outcome(plan.arg(directory.join("node.json"))).expect_code(0);
    assert!(
        plan.stdout.contains("CN=node1.example.zone") && !plan.stdout.contains("unusable"),
        "{}",
        plan.stdout
    );
    zone.run(&["run", "--node", "node1"]).expect_refusal(66, &["the keys of node1 are not here"]);
    zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&[]);
}

#[test]
fn openssl_reads_the_requests() {
    let zone = zone();
    let file = requests_of(&zone, "node1", &node_directory(&zone, "n1"));
    let text = fs::read_to_string(&file).expect("the requests");
    assert!(
        text.starts_with("zone-etcd certificate requests, format 1\nnode: node1.example.zone\n"),
        "{text}"
    );
    let blocks: Vec<&str> = text.split("role: ").skip(1).collect();
    let roles: Vec<&str> = blocks.iter().filter_map(|block| block.lines().next()).collect();
    assert_eq!(roles, NODE_ROLES.map(|role| role.stem));
    for block in blocks {
        let one = written(&zone, "one.csr", block);
        let mut openssl = Command::new("openssl");
        let read = outcome(openssl.args(["req", "-noout", "-verify", "-in"]).arg(one)).expect_code(0);
        assert!(format!("{}{}", read.stdout, read.stderr).contains("verify OK"), "{block}");
    }
}

#[test]
fn the_same_keys_are_asked_for_again() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let sums = |outcome: crate::harness::Outcome| {
        let line =
            outcome.stderr.lines().find(|line| line.contains("SHA-256 of their keys")).map(str::to_owned);
        line.expect("the digest is told")
    };
    request(&directory, &[]).expect_refusal(64, &["which node this is", "--node node1.example.zone"]);
    request(&directory, &["--node", "node1"]).expect_refusal(64, &["not the full name"]);
    let first = sums(request(&directory, &["--node", "node1.example.zone"]).expect_code(0));
    assert_eq!(sums(request(&directory, &[]).expect_code(0)), first);
    request(&directory, &["--node", "node2.example.zone"])
        .expect_refusal(64, &["the directory of node1.example.zone"]);
    assert_ne!(sums(request(&directory, &["--new-keys"]).expect_code(0)), first);
    assert!(directory.join("pki/requested.old-1/peer.key").exists(), "the old ones are kept");

    // The signing host tells the same digest.
    let text = request(&directory, &[]).expect_code(0);
    let file = written(&zone, "node1.csr", &text.stdout.replace('\n', "\r\n"));
    assert_eq!(sums(sign(&zone, &file, &[]).expect_code(0)), sums(text));
}

#[test]
fn signing_twice_issues_once() {
    let zone = zone();
    let file = requests_of(&zone, "node1", &node_directory(&zone, "n1"));
    let issued = || fs::read_to_string(zone.file("issued.jsonl")).expect("the log").lines().count();
    sign(&zone, &file, &[]).expect_code(0);
    let (count, bundle) = (issued(), fs::read(signed(&zone, "node1")).expect("the bundle"));
    let again = sign(&zone, &file, &["--format", "json"]).expect_code(0);
    assert!(again.stdout.contains("\"written\": false"), "{}", again.stdout);
    assert_eq!((issued(), fs::read(signed(&zone, "node1")).expect("the bundle")), (count, bundle));
}

/// What the machine believes of itself is a hint, and nothing more.
#[test]
fn names_come_from_the_description_alone() {
    let zone = zone();
    replace_in(
        &zone.file("zone.toml"),
        "name = \"node1\"",
        "name = \"node1\"\nsans = [\"etcd1.example.zone\"]",
    );
    let directory = node_directory(&zone, "n1");
    let file = requests_of(&zone, "node1", &directory);
    let told = sign(&zone, &file, &[]).expect_code(0);
    assert!(told.stderr.contains("peer, server: etcd1.example.zone is in zone.toml"), "{}", told.stderr);
    let chain = fs::read(zone.file("nodes/node1/pki/current/peer.crt")).expect("the certificate");
    let leaf = zone_pki::Certificate::from_pem(&chain).expect("a certificate");
    let names: Vec<String> = leaf.names().iter().map(ToString::to_string).collect();
    let mut wanted = ["node1.example.zone", "node1", "127.0.0.1", "etcd1.example.zone", "localhost", "::1"];
    wanted.sort_unstable();
    let mut found: Vec<&str> = names.iter().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, wanted);
}

#[test]
fn the_zone_renews_for_the_same_key() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    sign(&zone, &requests_of(&zone, "node1", &directory), &[]).expect_code(0);
    activated(&zone, &signed(&zone, "node1"), &directory);
    let key = fs::read(directory.join("pki/current/server.key")).expect("the key");
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    // No request is carried over: the one that is kept has the key.
    let mut bundle = zone.command(&["bundle", "node1", "--no-encryption"]);
    outcome(bundle.arg("--out").arg(zone.around().join("out"))).expect_code(0);
    activate(&signed(&zone, "node1"), &directory, &[]).expect_code(0);
    assert_eq!(fs::read(directory.join("pki/current/server.key")).expect("the key"), key);
    let chain = fs::read(directory.join("pki/current/server.crt")).expect("the certificate");
    let leaf = zone_pki::Certificate::from_pem(&chain).expect("a certificate");
    assert!(leaf.names().to_string().contains("etcd.example.zone"));

    // A certificate that was not asked for would need a key that nobody there has made.
    replace_in(&zone.file("zone.toml"), "name = \"node1\"", "name = \"node1\"\nnat = true");
    zone.run(&["pki", "issue", "node1"]).expect_refusal(66, &["no request for the peer-client", "pki sign"]);
    let file = written(&zone, "node1.csr", &request(&directory, &[]).expect_code(0).stdout);
    sign(&zone, &file, &[]).expect_code(0);
    activate(&signed(&zone, "node1"), &directory, &[]).expect_code(0);
    assert!(directory.join("pki/current/peer-client.key").exists());
}

#[test]
fn new_keys_replace_old_ones_only_if_that_is_meant() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let old = requests_of(&zone, "node1", &directory);
    sign(&zone, &old, &[]).expect_code(0);
    let new = written(&zone, "new.csr", &request(&directory, &["--new-keys"]).expect_code(0).stdout);
    sign(&zone, &new, &[]).expect_refusal(65, &["peer has a new key", "--replace-keys"]);
    sign(&zone, &new, &["--replace-keys"]).expect_code(0);
    // Whoever has kept the old requests gets nothing for them any more.
    let text = ["peer has a key that was replaced", "--new-keys"];
    sign(&zone, &old, &[]).expect_refusal(65, &text);
    sign(&zone, &old, &["--replace-keys"]).expect_refusal(65, &text);
    activated(&zone, &signed(&zone, "node1"), &directory);
}

#[test]
fn a_bundle_for_keys_that_are_not_here_is_refused() {
    let zone = zone();
    sign(&zone, &requests_of(&zone, "node1", &node_directory(&zone, "n1")), &[]).expect_code(0);
    let known = crate::activation::fingerprint(&zone);
    let elsewhere = node_directory(&zone, "elsewhere");
    activate(&signed(&zone, "node1"), &elsewhere, &["--root-fingerprint", &known]).expect_refusal(
        65,
        &["the key of peer.crt is not on this node", "pki csr --node node1.example.zone --node-dir"],
    );
    assert!(!elsewhere.exists(), "nothing was made");
    // The requests that were made here say which node this is.
    let other = node_directory(&zone, "n2");
    request(&other, &["--node", "node2.example.zone"]).expect_code(0);
    activate(&signed(&zone, "node1"), &other, &["--root-fingerprint", &known])
        .expect_refusal(65, &["this is node2.example.zone: its requests"]);
}

/// The signing host has certificates of that node, and can do nothing with them.
#[test]
fn what_takes_the_keys_is_sent_to_their_node() {
    let zone = zone();
    sign(&zone, &requests_of(&zone, "node1", &node_directory(&zone, "n1")), &[]).expect_code(0);
    let out = zone.around().join("exported").display().to_string();
    let export = ["pki", "export", "node1", "--layout", "pem", "--out", &out];
    let starts = ["run", "plan", "check"].map(|command| [command, "--node", "node1"]);
    for arguments in starts.iter().map(|start| &start[..]).chain([&export[..], &["pki", "renew", "node1"]]) {
        zone.run(arguments).expect_refusal(66, &["the keys of node1 are not here", "node1 made them itself"]);
    }
    assert!(!zone.around().join("exported").exists(), "nothing was exported");
}

#[test]
fn it_keeps_no_other_from_new_certificates() {
    let zone = zone();
    sign(&zone, &requests_of(&zone, "node1", &node_directory(&zone, "n1")), &[]).expect_code(0);
    let told = zone.run(&["pki", "renew", "--all", "--format", "json"]).expect_code(66);
    assert!(told.stderr.contains("the keys of node1 are not here"), "{}", told.stderr);
    let rows: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let renewed = |holder: &str| rows.as_array().expect("rows").iter().any(|row| row["holder"] == holder);
    assert_eq!(["node1", "node2", "client/admin"].map(renewed), [false, true, true], "{}", told.stdout);
}

#[test]
fn out_may_be_the_bundle_itself() {
    let zone = zone();
    let file = requests_of(&zone, "node1", &node_directory(&zone, "n1"));
    let mut command = zone.command(&["pki", "sign"]);
    let out = zone.around().join("carried/node1.bundle");
    outcome(command.arg(&file).arg("--out").arg(&out)).expect_code(0);
    assert!(out.is_file());
    let mut command = zone.command(&["pki", "sign"]);
    outcome(command.arg(&file).arg("--out").arg(zone.around().join("other.bundle")))
        .expect_refusal(64, &["is called node1.bundle"]);
}
