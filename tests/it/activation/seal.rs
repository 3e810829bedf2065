//! What opens a bundle on its node.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;

use super::{activate, command, fingerprint, node_directory, zone};
use crate::harness::{TestZone, outcome};
use crate::support::Refusal;

fn private(zone: &TestZone, name: &str, text: &str) -> PathBuf {
    let path = zone.around().join(name);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.expect("a file").write_all(text.as_bytes()).expect("its text");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn sealed(zone: &TestZone, how: &[&str]) -> PathBuf {
    let out = zone.around().join("out");
    let mut command = zone.command(&["bundle", "node1"]);
    outcome(command.args(how).arg("--out").arg(&out)).expect_code(0);
    out.join("node1.bundle")
}

/// Whoever sealed it knew the passphrase, so no fingerprint is needed.
#[test]
fn a_passphrase_stands_for_the_fingerprint() {
    let zone = zone();
    let passphrase = private(&zone, "passphrase", "correct horse battery staple\n");
    let other = private(&zone, "other", "incorrect horse battery staple\n");
    let file = sealed(&zone, &["--passphrase-file", text(&passphrase)]);
    let directory = node_directory(&zone, "n1");
    activate(&file, &directory, &["--passphrase-file", text(&other)])
        .expect_refusal(77, &["the passphrase is not the one"]);
    // There is no terminal to ask at.
    activate(&file, &directory, &[]).expect_code(66).expect_error_with(&["--passphrase-file"]);
    assert!(!directory.exists(), "nothing was made");
    activate(&file, &directory, &["--passphrase-file", text(&passphrase)]).expect_code(0);
}

#[test]
fn the_key_of_the_node() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    let identity = private(&zone, "identity", key.to_string().expose_secret());
    let file = sealed(&zone, &["--recipient", &key.to_public().to_string()]);
    let directory = node_directory(&zone, "n1");
    // To a key anyone can seal.
    activate(&file, &directory, &["--identity", text(&identity)])
        .expect_refusal(64, &["--root-fingerprint SHA256"]);
    let known = ["--identity", text(&identity), "--root-fingerprint", &fingerprint(&zone)];
    activate(&file, &directory, &known).expect_code(0);
}

/// Another program gives the bundle on standard input and the passphrase by another descriptor.
#[test]
fn a_sealed_bundle_on_standard_input() {
    let zone = zone();
    let passphrase = private(&zone, "passphrase", "correct horse battery staple\n");
    let file = sealed(&zone, &["--passphrase-file", text(&passphrase)]);
    let directory = node_directory(&zone, "n1");
    let with = |arguments: &[&str]| {
        let mut command = command(Path::new("-"), &directory, arguments);
        outcome(command.stdin(std::fs::File::open(&file).expect("the bundle")))
    };
    with(&[]).expect_refusal(66, &["standard input", "--passphrase-file FILE"]);
    with(&["--passphrase-file", text(&passphrase)]).expect_code(0);
}

/// What is no key is not read into memory, and not waited for.
#[test]
fn an_identity_that_is_no_file_with_a_key() {
    let zone = zone();
    let key = age::x25519::Identity::generate().to_public().to_string();
    let file = sealed(&zone, &["--recipient", &key]);
    let directory = node_directory(&zone, "n1");
    let huge = private(&zone, "huge", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(&huge)
        .and_then(|file| file.set_len(100 << 30))
        .expect("a file");
    let pipe = zone.around().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    for (identity, why) in [
        (huge.as_path(), "no key has more than"),
        (&pipe, "expected a regular file"),
        (Path::new("/dev/zero"), "expected a regular file"),
    ] {
        activate(&file, &directory, &["--identity", text(identity)]).expect_refusal(65, &[why, "age-keygen"]);
    }
    assert!(!directory.exists(), "nothing was made");
}
