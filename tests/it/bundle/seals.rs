//! What opens a bundle, and what does not.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use age::secrecy::{ExposeSecret, SecretString};
use std::io::Write;

use super::{bundle, entries, file, inspect, zone};
use crate::harness::{TestZone, outcome};
use crate::support::Refusal;

const PASSPHRASE: &str = "correct horse battery staple";

fn private(zone: &TestZone, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = zone.around().join(name);
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.expect("a file").write_all(text.as_ref()).expect("its text");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Decrypts by the age library, as any age program would.
fn decrypt(path: &Path, identity: &dyn age::Identity) -> Result<Vec<super::Entry>, age::DecryptError> {
    let sealed = std::fs::read(path).expect("a bundle");
    let opened = age::Decryptor::new_buffered(sealed.as_slice())?.decrypt(std::iter::once(identity))?;
    Ok(entries(opened))
}

#[test]
fn an_age_key() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    bundle(&zone, &["node1", "--recipient", &key.to_public().to_string()]).expect_code(0);
    let path = file(&zone, "node1");
    assert_eq!(decrypt(&path, &key).expect("it opens")[0].path, "manifest.json");
    assert!(decrypt(&path, &age::x25519::Identity::generate()).is_err());

    let identity = private(&zone, "identity", key.to_string().expose_secret());
    inspect(&path, &["--identity", text(&identity)]).expect_code(0);
    let other = age::x25519::Identity::generate();
    let other = private(&zone, "other", other.to_string().expose_secret());
    inspect(&path, &["--identity", text(&other)]).expect_refusal(77, &["not sealed to this identity"]);
    inspect(&path, &[]).expect_refusal(66, &["no identity was given", "--identity FILE"]);
    let passphrase = private(&zone, "passphrase", PASSPHRASE);
    inspect(&path, &["--passphrase-file", text(&passphrase)]).expect_refusal(66, &["--identity FILE"]);
}

/// Makes an SSH key pair of a kind, and returns the file of the private key.
fn ssh_key(zone: &TestZone, kind: &str, bits: &str) -> PathBuf {
    let path = zone.around().join(kind);
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", kind, "-b", bits, "-N", "", "-C", "someone@here", "-f"]).arg(&path);
    outcome(&mut keygen).expect_code(0);
    path
}

/// The same key under a passphrase.
fn protected(zone: &TestZone, key: &Path) -> PathBuf {
    let path = zone.around().join("protected");
    std::fs::copy(key, &path).expect("a copy");
    outcome(Command::new("ssh-keygen").args(["-q", "-p", "-N", PASSPHRASE, "-f"]).arg(&path)).expect_code(0);
    path
}

#[test]
fn ssh_keys() {
    let zone = zone();
    let path = ssh_key(&zone, "ed25519", "256");
    let public = std::fs::read_to_string(path.with_extension("pub")).expect("the public key");
    bundle(&zone, &["node1", "--recipient", &format!("node1={}", public.trim())]).expect_code(0);
    let sealed = file(&zone, "node1");
    let key = std::fs::read(&path).expect("the private key");
    let identity = age::ssh::Identity::from_buffer(key.as_slice(), None).expect("an identity");
    assert_eq!(decrypt(&sealed, &identity).expect("it opens")[1].path, "manifest.sig");
    inspect(&sealed, &["--identity", text(&path)]).expect_code(0);
    inspect(&sealed, &["--identity", text(&path.with_extension("pub"))])
        .expect_refusal(77, &["others can use"]);
    inspect(&sealed, &["--identity", text(&protected(&zone, &path))])
        .expect_refusal(65, &["protected by a passphrase", "ssh-keygen -p"]);
}

/// What opens with an RSA key tells by its time what the key is (RUSTSEC-2023-0071).
#[test]
fn rsa_keys_are_refused_on_both_sides() {
    let zone = zone();
    let path = ssh_key(&zone, "rsa", "3072");
    let public = std::fs::read_to_string(path.with_extension("pub")).expect("the public key");
    bundle(&zone, &["node1", "--recipient", public.trim()])
        .expect_refusal(64, &["kind ssh-rsa", "ssh-ed25519"]);
    let sealed_elsewhere = {
        let recipient: age::ssh::Recipient = public.trim().parse().expect("a key");
        let sealed = age::encrypt(&recipient, b"a bundle").expect("sealed");
        private(&zone, "sealed", &sealed)
    };
    let old_form = zone.around().join("pkcs1");
    std::fs::copy(&path, &old_form).expect("a copy");
    let mut keygen = Command::new("ssh-keygen");
    outcome(keygen.args(["-q", "-p", "-m", "PEM", "-N", "", "-f"]).arg(&old_form)).expect_code(0);
    let written = std::fs::read_to_string(&old_form).expect("a key");
    assert!(written.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{written}");
    for key in [&path, &old_form, &protected(&zone, &path)] {
        inspect(&sealed_elsewhere, &["--identity", text(key)]).expect_refusal(65, &["RSA", "ssh-ed25519"]);
    }
}

#[test]
fn a_passphrase() {
    let zone = zone();
    let passphrase = private(&zone, "passphrase", format!("{PASSPHRASE}\nnot this line\n"));
    bundle(&zone, &["node1", "--passphrase-file", text(&passphrase)]).expect_code(0);
    let path = file(&zone, "node1");
    let identity = age::scrypt::Identity::new(SecretString::from(PASSPHRASE.to_owned()));
    assert_eq!(decrypt(&path, &identity).expect("it opens")[0].path, "manifest.json");
    inspect(&path, &["--passphrase-file", text(&passphrase)]).expect_code(0);

    let other = private(&zone, "other", "another one of some length");
    inspect(&path, &["--passphrase-file", text(&other)])
        .expect_refusal(77, &["the passphrase is not the one"]);
    let identity = age::x25519::Identity::generate();
    let identity = private(&zone, "identity", identity.to_string().expose_secret());
    inspect(&path, &["--identity", text(&identity)]).expect_refusal(66, &["--passphrase-file"]);

    // The same passphrase leaves the file as it is, another one makes a new one.
    let before = std::fs::read(&path).expect("a bundle");
    bundle(&zone, &["node1", "--passphrase-file", text(&passphrase)]).expect_code(0);
    assert!(before == std::fs::read(&path).expect("a bundle"));
    bundle(&zone, &["node1", "--passphrase-file", text(&other)]).expect_code(0);
    inspect(&path, &["--passphrase-file", text(&other)]).expect_code(0);
}

/// A passphrase that takes an hour to try is not tried.
#[test]
fn a_work_factor_has_a_limit() {
    let zone = zone();
    bundle(&zone, &["node1", "--no-encryption"]).expect_code(0);
    let header = "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\
        --- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef";
    let path = private(&zone, "endless", header);
    let passphrase = private(&zone, "passphrase", PASSPHRASE);
    inspect(&path, &["--passphrase-file", text(&passphrase)])
        .expect_refusal(65, &["work factor of 30", "at most 20"]);
}

#[test]
fn each_node_has_its_own_recipients() {
    let zone = zone();
    let keys: Vec<age::x25519::Identity> = (0..3).map(|_| age::x25519::Identity::generate()).collect();
    let public = |index: usize| keys[index].to_public().to_string();
    let lines =
        format!("# the first two\nnode1 {}\nnode2.example.zone {}\n\n{}\n", public(0), public(1), public(2));
    let recipients = private(&zone, "recipients", &lines);
    bundle(&zone, &["node1", "node2", "--recipients-file", text(&recipients)]).expect_code(0);
    for (node, opens) in [("node1", [true, false, true]), ("node2", [false, true, true])] {
        for (key, opens) in keys.iter().zip(opens) {
            assert_eq!(decrypt(&file(&zone, node), key).is_ok(), opens, "{node}");
        }
    }
    bundle(&zone, &["--recipient", &format!("node1={}", public(0))])
        .expect_refusal(64, &["no recipient for node2"]);
}
