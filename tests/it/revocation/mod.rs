//! `pki revoke`, where no member runs: what is recorded and listed, what is refused, and what follows.

mod finished;
mod kept;
mod recorded;
mod refused;
mod tried;

use std::process::Command;

use serde_json::Value;

use crate::harness::{TestZone, outcome};
use crate::support::three_members_issued;

/// A zone with a client that is not always there.
fn zone() -> TestZone {
    let zone = three_members_issued();
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    zone
}

/// What was revoked, as `--format json` tells it.
#[track_caller]
fn revoked(zone: &TestZone, arguments: &[&str]) -> Vec<Value> {
    let told = zone.run(&[&["pki", "revoke", "--format", "json"], arguments].concat()).expect_code(0);
    serde_json::from_str(&told.stdout).expect("JSON")
}

/// The serial number of a certificate, as openssl prints it: upper case.
#[track_caller]
pub fn serial(zone: &TestZone, file: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-serial", "-in"]).arg(zone.file(file));
    let shown = outcome(&mut openssl).expect_code(0).stdout;
    shown.trim().trim_start_matches("serial=").to_owned()
}

/// A list as openssl prints it, which has verified its signature.
#[track_caller]
fn list(zone: &TestZone, plane: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["crl", "-inform", "DER", "-noout", "-text", "-CAfile"]);
    openssl.arg(zone.file(&format!("ca/{plane}.crt"))).arg("-in").arg(zone.file(&format!("ca/{plane}.crl")));
    let shown = outcome(&mut openssl).expect_code(0);
    assert!(shown.stderr.contains("verify OK"), "{}", shown.stderr);
    shown.stdout
}
