//! A wrong passphrase, and files that are damaged: told apart, and nothing is changed.

use super::{locked_zone, passphrase_file, with_file};
use crate::harness::TestZone;
use crate::support::Tree;

const COMMANDS: [&[&str]; 3] =
    [&["pki", "issue", "--all"], &["ca", "unlock"], &["ca", "lock", "--new-passphrase-fd", "0"]];

#[track_caller]
fn refused(zone: &TestZone, file: &std::path::Path, code: i32, texts: &[&str]) {
    let before = Tree::of(&zone.path());
    for arguments in COMMANDS {
        let refused = with_file(zone, arguments, file).expect_code(code).expect_error_with(texts);
        assert!(!refused.stderr.contains("horse"), "{}", refused.stderr);
        Tree::of(&zone.path()).assert_same_as(&before, &arguments.join(" "));
    }
}

/// Changes the key of every CA: each command meets one first.
fn damage(zone: &TestZone, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    for stem in ["root", "peer", "client"] {
        let path = zone.file(&format!("ca/{stem}.key"));
        let changed = change(std::fs::read(&path).expect("a key"));
        std::fs::write(&path, changed).expect("written");
    }
}

#[test]
fn a_wrong_passphrase() {
    let (zone, _) = locked_zone(&[]);
    for wrong in ["another\n", "correct horse \n", " correct horse\n", "Correct horse\n"] {
        let wrong = passphrase_file(&zone, "wrong", wrong);
        refused(&zone, &wrong, 77, &["was not opened", "the passphrase is wrong", "next: "]);
    }
}

#[test]
fn a_file_that_is_cut() {
    let (zone, right) = locked_zone(&[]);
    damage(&zone, |text| text[..text.len() / 2].to_vec());
    refused(&zone, &right, 65, &["holds no usable key", "damaged", "put the CA's key back"]);
}

#[test]
fn a_file_that_is_changed_inside() {
    let (zone, right) = locked_zone(&[]);
    // In the middle of the encrypted part: two blocks of the key are lost, and the passphrase is seen to be
    // right.
    damage(&zone, |mut text| {
        let at = text.len() - 120;
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        text
    });
    refused(&zone, &right, 65, &["holds no usable key", "damaged"]);
}

#[test]
fn another_authority_s_key() {
    let (zone, right) = locked_zone(&[]);
    let root = std::fs::read(zone.file("ca/root.key")).expect("a key");
    std::fs::write(zone.file("ca/peer.key"), &root).expect("written");
    let before = Tree::of(&zone.path());
    with_file(&zone, &["pki", "issue", "--all"], &right)
        .expect_code(65)
        .expect_error_with(&["the key is not the key of the certificate"]);
    Tree::of(&zone.path()).assert_same_as(&before, "an issue with the wrong key");
}

#[test]
fn a_cipher_that_is_not_read() {
    let (zone, right) = locked_zone(&[]);
    with_file(&zone, &["ca", "unlock"], &right).expect_code(0);
    for stem in ["root", "peer", "client"] {
        let path = zone.file(&format!("ca/{stem}.key"));
        let mut openssl = std::process::Command::new("openssl");
        openssl
            .args(["pkcs8", "-topk8", "-v2", "des3", "-in"])
            .arg(&path)
            .arg("-out")
            .arg(path.with_extension("des3"));
        openssl.arg("-passout").arg(format!("file:{}", right.display()));
        crate::harness::outcome(&mut openssl).expect_code(0);
        std::fs::rename(path.with_extension("des3"), &path).expect("renamed");
    }
    refused(&zone, &right, 65, &["DES-EDE3-CBC", "not supported", "openssl pkcs8 -topk8 -v2 aes-256-cbc"]);
}
