//! The signature, verified by OpenSSL.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{bundle, entries_of, file};
use crate::harness::{TestZone, outcome};

#[test]
fn openssl_verifies_it_with_the_roots_key() {
    for (key, digest) in [("p256", "-sha256"), ("p384", "-sha384"), ("rsa2048", "-sha256")] {
        let text = format!("[pki]\nkey = \"{key}\"\n{}", super::NODES);
        let zone = TestZone::described(&text);
        zone.run(&["init"]).expect_code(0);
        bundle(&zone, &["worker", "--no-encryption"]).expect_code(0);
        let entries = entries_of(&file(&zone, "worker"));
        let envelope: Value = serde_json::from_slice(&entries[1].bytes).expect("the envelope");
        let place = |name: &str| zone.around().join(name);
        let signature = zone_pki::hex::decode(envelope["signature"].as_str().expect("hex")).expect("hex");
        fs::write(place("signature"), signature).expect("a file");
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-pubkey", "-noout", "-in"]).arg(zone.file("ca/root.crt"));
        fs::write(place("root.pub"), outcome(&mut openssl).expect_code(0).stdout).expect("a file");

        let verify = |signed: &[u8]| {
            fs::write(place("signed"), signed).expect("a file");
            let mut openssl = Command::new("openssl");
            openssl.args(["dgst", digest, "-verify"]).arg(place("root.pub"));
            outcome(openssl.arg("-signature").arg(place("signature")).arg(place("signed"))).code
        };
        let manifest = &entries[0].bytes;
        assert_eq!(verify(&[b"zone-etcd bundle manifest v1\n", manifest.as_slice()].concat()), 0, "{key}");
        assert_eq!(verify(manifest), 1, "without the context it is no signature");

        // What the operator compares is what OpenSSL prints.
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-fingerprint", "-sha256", "-noout", "-in"]).arg(zone.file("ca/root.crt"));
        let printed = outcome(&mut openssl).expect_code(0).stdout;
        let fingerprint = printed.trim().split_once('=').expect("a fingerprint").1;
        let told = bundle(&zone, &["worker", "--no-encryption"]).expect_code(0);
        assert!(told.stdout.contains(fingerprint), "{}", told.stdout);
        assert!(told.stderr.contains(&format!("--root-fingerprint {fingerprint}")), "{}", told.stderr);
    }
}
