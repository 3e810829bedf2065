//! Calls that make nothing.

use super::{bundle, file, inspect, out, zone};
use crate::support::{Refusal, Tree};

const SSH_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

#[test]
fn a_bundle_is_sealed_in_one_way() {
    let zone = zone();
    let before = Tree::of(&zone.path());
    let all = ["--recipient", "--passphrase-file", "--no-encryption"];
    bundle(&zone, &[]).expect_refusal(64, &["nothing says how"]).expect_error_with(&all);
    bundle(&zone, &["--no-encryption", "--recipient", KEY])
        .expect_refusal(64, &["in one way"])
        .expect_error_with(&all);
    bundle(&zone, &["--no-encryption", "--passphrase-fd", "0"]).expect_refusal(64, &["in one way"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a call without a seal");
    assert!(!out(&zone).exists());
}

#[test]
fn a_short_passphrase_is_refused() {
    let zone = zone();
    for (text, what) in [("elevenchars\n", "has 11 characters"), ("\n", "is empty"), ("", "is empty")] {
        let path = zone.around().join("passphrase");
        std::fs::write(&path, text).expect("a file");
        let mut chmod = std::process::Command::new("chmod");
        assert!(chmod.arg("600").arg(&path).status().expect("chmod").success());
        bundle(&zone, &["--passphrase-file", path.to_str().expect("UTF-8")]).expect_refusal(65, &[what]);
    }
    assert!(!out(&zone).exists());
}

#[test]
fn keys_that_nothing_is_sealed_to() {
    let zone = zone();
    let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    for (key, why) in [
        (secret, "private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "of the kind ssh-dss"),
        ("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= host", "of the kind ecdsa-sha2-nistp256"),
        ("node1=ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=", "of the kind ecdsa-sha2-nistp256"),
        ("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin"),
        ("nonsense", "neither an age public key"),
        // age takes what precedes, and leaves the rest away.
        (&format!("{SSH_KEY}-and-more comment"), "neither an age public key"),
        (&format!("{SSH_KEY}\u{b} comment"), "neither an age public key"),
        // Its modulus is one byte, which is zero: age panics at it.
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQA", "of the kind ssh-rsa"),
        ("node1=nonsense", "neither an age public key"),
        ("", "neither an age public key"),
    ] {
        let refused = bundle(&zone, &[&format!("--recipient={key}")]).expect_refusal(64, &[why]);
        assert!(!refused.stderr.contains("GFPYYSJZ"), "the private key is shown: {}", refused.stderr);
    }
    // In an argument of its own as well, where it looks like an option.
    let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nGFPYYSJZ\n-----END OPENSSH PRIVATE KEY-----";
    let refused = bundle(&zone, &["--recipient", pem]).expect_refusal(64, &["private key"]);
    assert!(!refused.stderr.contains("GFPYYSJZ"), "the private key is shown: {}", refused.stderr);
    let file = zone.around().join("node1.pub");
    std::fs::write(&file, SSH_KEY).expect("a public key");
    for node in ["", "node1="] {
        let wanted = format!("--recipient {node}\"$(cat {})\"", file.display());
        bundle(&zone, &["--recipient", &format!("{node}{}", file.display())])
            .expect_refusal(64, &["is a file", &wanted]);
    }
    bundle(&zone, &["--recipient", &format!("node7={KEY}")]).expect_refusal(64, &["no node `node7`"]);
}

#[test]
fn nodes_that_are_not_there() {
    let zone = zone();
    bundle(&zone, &["node9", "--no-encryption"]).expect_refusal(64, &["no node `node9`"]);
    bundle(&zone, &["node1", "--no-encryption", "--allow-bootstrap", "node2"])
        .expect_refusal(64, &["no bundle is made"]);
    bundle(&zone, &["--no-encryption", "--allow-bootstrap", "worker"])
        .expect_refusal(64, &["no member runs"]);
    assert!(!out(&zone).exists());
}

/// `inspect` is a word of the command line; a node of that name is called by its full one.
#[test]
fn a_node_may_be_called_inspect() {
    let zone = crate::harness::TestZone::init("example.zone", &["inspect=10.0.1.1"]);
    bundle(&zone, &["inspect.example.zone", "--no-encryption"]).expect_code(0);
    inspect(&file(&zone, "inspect"), &[]).expect_code(0);
}

#[test]
fn files_that_are_no_bundle() {
    let zone = zone();
    bundle(&zone, &["node1", "--no-encryption"]).expect_code(0);
    let path = zone.around().join("file");
    for (bytes, what) in [
        (&b""[..], "it is empty"),
        (b"age-encr", "cut off"),
        (b"\x28\xb5", "cut off"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "ASCII armor"),
        (b"-----BEGIN CERTIFICATE-----\n", "PEM file"),
        (b"age-encryption.org/v9\n", "not know"),
        (b"PK\x03\x04", "begins neither"),
        (&[0; 4096], "begins neither"),
    ] {
        std::fs::write(&path, bytes).expect("a file");
        inspect(&path, &[]).expect_refusal(65, &[what]);
    }
    inspect(&zone.around().join("nothing"), &[]).expect_refusal(66, &["nothing"]);
    inspect(zone.around(), &[]).expect_refusal(65, &["directory"]);
}
