//! A whole session with everything logged: no key and no passphrase is in any of its output.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::supervised::{Supervised, supervise_in_order};
use crate::harness::{TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const OF_CAS: &str = "correct horse battery of the CAs";
const OF_BUNDLES: &str = "correct horse battery of the bundles";

fn passphrase(zone: &TestZone, name: &str, text: &str) -> PathBuf {
    let path = zone.around().join(name);
    fs::write(&path, format!("{text}\n")).expect("a passphrase");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    path
}

/// Everything that is written as the session goes on.
struct Session {
    zone: TestZone,
    of_cas: PathBuf,
    output: String,
}

impl Session {
    /// Runs a command twice as loud as anybody would, by turns in both formats.
    #[track_caller]
    fn run(&mut self, mut command: Command, format: &str) {
        command.args(["-vvvv", "--log-format", format]).env("RUST_LOG", "trace");
        let ended = outcome(&mut command).expect_code(0);
        assert!(ended.stderr.contains("time.busy"), "nothing was logged by {command:?}:\n{}", ended.stderr);
        self.output.extend([ended.stdout, ended.stderr]);
    }

    #[track_caller]
    fn on_zone(&mut self, arguments: &[&str]) {
        for format in ["text", "json"].iter().take(if arguments[0] == "init" { 1 } else { 2 }) {
            let mut command = self.zone.command(arguments);
            if !["status", "restart", "plan"].contains(&arguments[0]) {
                command.arg("--ca-passphrase-file").arg(&self.of_cas);
            }
            self.run(command, format);
        }
    }
}

/// Every file below a directory whose name ends in `.key`.
fn keys(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        match entry.symlink_metadata().expect("its metadata").is_dir() {
            true => keys(&entry, found),
            false if entry.extension().is_some_and(|end| end == "key") => found.push(entry),
            false => {}
        }
    }
}

/// What would tell of a key: lines of its PEM, and the bytes of its number in the ways in which bytes are
/// printed.
fn traces_of(key: &Path) -> Vec<String> {
    let text = fs::read_to_string(key).expect("a key");
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    let mut traces: Vec<String> = lines.filter(|line| line.len() >= 20).map(str::to_owned).collect();
    if key.ends_with("delivery.key") {
        // The one line that is no comment, which says the public half.
        traces.retain(|line| line.starts_with("AGE-SECRET-KEY-1"));
        assert_eq!(traces.len(), 1, "{}", key.display());
        return traces;
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["pkey", "-noout", "-text", "-passin", &format!("pass:{OF_CAS}"), "-in"]).arg(key);
    let shown = outcome(&mut openssl).expect_code(0).stdout;
    let number = shown.split("priv:").nth(1).and_then(|rest| rest.split("pub:").next()).expect("its number");
    let octets: Vec<&str> =
        number.split(|c: char| !c.is_ascii_hexdigit()).filter(|o| !o.is_empty()).collect();
    let middle = &octets[8..20];
    let decimal = middle.iter().map(|octet| u8::from_str_radix(octet, 16).expect("an octet").to_string());
    traces.extend([middle.concat(), middle.concat().to_uppercase(), decimal.collect::<Vec<_>>().join(", ")]);
    traces
}

#[test]
fn no_key_and_no_passphrase_is_ever_logged() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        let of_cas = passphrase(&zone, "of-cas", OF_CAS);
        let of_bundles = passphrase(&zone, "of-bundles", OF_BUNDLES);
        let of_bundles = of_bundles.to_str().expect("a path");
        let out = zone.around().join("out");
        let node_directory = zone.around().join("node");
        let mut session = Session { zone, of_cas, output: String::new() };

        session.on_zone(&["init", "--lock"]);
        session.on_zone(&["pki", "issue", "--all"]);
        session.on_zone(&["bundle", "--out", out.to_str().expect("a path"), "--passphrase-file", of_bundles]);
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
        let fingerprint = outcome(openssl.arg(session.zone.file("ca/root.crt"))).expect_code(0).stdout;
        let mut activate = zone_etcd(["activate", "--root-fingerprint", fingerprint.trim()]);
        activate.args(["--passphrase-file", of_bundles, "--node-dir"]).arg(&node_directory);
        activate.arg(out.join("node1.bundle"));
        session.run(activate, "json");

        let members = supervise_in_order(&session.zone, &NODES, |_, mut command| {
            command.env("ZONE_ETCD_LOG", "trace");
            command
        });
        for member in &members {
            member.wait_for_line(&["\"serving client traffic securely\""]);
        }
        session.on_zone(&["status"]);
        session.on_zone(&["pki", "renew", "--all"]);
        session.on_zone(&["restart", "--rolling"]);
        session.on_zone(&["pki", "rotate-ca"]);
        session.on_zone(&["pki", "revoke", "client/health"]);
        session.output.extend(members.iter().map(Supervised::stderr));

        let mut found = Vec::new();
        keys(session.zone.around(), &mut found);
        let mut secrets: BTreeSet<String> = found.iter().flat_map(|key| traces_of(key)).collect();
        secrets.extend([OF_CAS, OF_BUNDLES].map(str::to_owned));
        assert!(found.len() > 20 && secrets.len() > found.len(), "{found:?}");
        for secret in &secrets {
            assert!(!session.output.contains(secret.as_str()), "{secret} was written");
        }
        for step in ["becomes etcd", "restart member{node=", "bring stage{", "switch CAs", "open bundle"] {
            assert!(session.output.contains(step), "no {step}");
        }
    });
}
