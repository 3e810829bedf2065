//! What we sign, as openssl, Go, Python and JavaScript verify it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zone_pki::KeyAlgorithm;

use super::{EXP, IAT, THREE, authority, parsed, signed};
use crate::harness::{Outcome, debian, outcome};

/// A document, and the certificate of the CA that has signed it.
struct Files {
    directory: tempfile::TempDir,
    text: String,
}

impl Files {
    fn new(key: KeyAlgorithm) -> Self {
        let authority = authority("a CA", key);
        let files = Self {
            directory: tempfile::tempdir().expect("a directory"),
            text: signed(&authority, THREE, IAT, EXP),
        };
        fs::write(files.path("ca.crt"), authority.certificate().pem()).expect("the CA");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn written(&self, text: &str) -> PathBuf {
        let path = self.path("zone.json");
        fs::write(&path, text).expect("the document");
        path
    }
}

/// Two numbers of the same length, as `ECDSA-Sig-Value` (RFC 3279, 2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).expect("a number");
        let zero: &[u8] = if number[start] >= 0x80 { &[0] } else { &[] };
        let bytes = [zero, &number[start..]].concat();
        [&[2, u8::try_from(bytes.len()).expect("a length")], &bytes[..]].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).expect("a length")], &both[..]].concat()
}

fn by_openssl(files: &Files, digest: &str, message: &[u8], signature: &[u8]) -> Outcome {
    fs::write(files.path("message"), message).expect("the message");
    fs::write(files.path("signature"), signature).expect("the signature");
    let mut key = Command::new("openssl");
    key.args(["x509", "-pubkey", "-noout", "-in", "ca.crt", "-out", "ca.pub"]).current_dir(&files.directory);
    outcome(&mut key).expect_code(0);
    let mut verify = Command::new("openssl");
    if digest.is_empty() {
        verify.args(["pkeyutl", "-verify", "-pubin", "-inkey", "ca.pub", "-rawin", "-in", "message"]);
        verify.args(["-sigfile", "signature"]);
    } else {
        verify.args(["dgst", digest, "-verify", "ca.pub", "-signature", "signature", "message"]);
    }
    outcome(verify.current_dir(&files.directory))
}

#[test]
fn openssl_verifies_what_is_signed() {
    for (key, digest, is_ecdsa) in [
        (KeyAlgorithm::P256, "-sha256", true),
        (KeyAlgorithm::P384, "-sha384", true),
        (KeyAlgorithm::Ed25519, "", false),
        (KeyAlgorithm::Rsa2048, "-sha256", false),
    ] {
        let files = Files::new(key);
        let document = parsed(&files.text);
        let sign = document.sign.as_deref().expect("a signature");
        let (header, signature) = sign.split_once("..").expect("two parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let signature = if is_ecdsa { der(&signature) } else { signature };
        let message = |payload: &[u8]| format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload)).into_bytes();
        by_openssl(&files, digest, &message(document.canonical()), &signature).expect_code(0);
        let other = by_openssl(&files, digest, &message(b"{}"), &signature);
        assert_ne!(other.code, 0, "{key}: another document is verified as well");
    }
}

fn by_go(document: &Path, ca: &Path) -> Outcome {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/zone-document");
    assert!(program.is_file(), "run scripts/clients first");
    outcome(Command::new(program).arg(document).arg(ca))
}

/// Whether a program takes what it should, of every kind of key, and nothing else. It ends with 1 where the
/// signature does not hold, and prints the header where it does.
#[track_caller]
fn assert_verifies(program: impl Fn(&Path, &Path) -> Outcome) {
    for key in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048] {
        let files = Files::new(key);
        let ca = files.path("ca.crt");
        let told = program(&files.written(&files.text), &ca).expect_code(0).stdout;
        let header: serde_json::Value = serde_json::from_str(&told).expect("the header");
        assert_eq!((header["iat"].as_i64(), header["exp"].as_i64()), (Some(IAT), Some(EXP)));
        assert_eq!(header["kid"], header["thumbprint"], "{key}");
        let value: serde_json::Value = serde_json::from_str(&files.text).expect("JSON");
        program(&files.written(&value.to_string()), &ca).expect_code(0);
        program(&files.written(&files.text.replace("2380", "2381")), &ca).expect_code(1);
        let other = Files::new(key);
        program(&files.written(&files.text), &other.path("ca.crt")).expect_code(1);
    }
}

/// go-jose and gowebpki/jcs, which know nothing of us.
#[test]
fn go_verifies_what_is_signed() {
    assert_verifies(by_go);
}

/// jwcrypto, on the library of OpenSSL.
#[test]
fn python_verifies_what_is_signed() {
    let verifier = clients().join("verify.py");
    let libraries = debian::fetched("jose").join("usr/lib/python3/dist-packages");
    assert!(libraries.is_dir(), "run scripts/jose first");
    assert_verifies(|document, ca| {
        let mut python = debian::installed_or_fetched("jose", "usr/bin/python3");
        // Without those that the machine may have beside them.
        python.env("PYTHONPATH", &libraries).env("PYTHONDONTWRITEBYTECODE", "1").arg("-s");
        outcome(python.arg(&verifier).arg(document).arg(ca))
    });
}

/// jose for JavaScript, whose JSON is that of RFC 8785.
#[test]
fn node_verifies_what_is_signed() {
    let verifier = clients().join("verify.cjs");
    let libraries = debian::fetched("jose").join("usr/share/nodejs");
    assert!(libraries.is_dir(), "run scripts/jose first");
    assert_verifies(|document, ca| {
        let mut node = Command::new("node");
        node.env("NODE_PATH", &libraries);
        outcome(node.arg(&verifier).arg(document).arg(ca))
    });
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/zone_document")
}
