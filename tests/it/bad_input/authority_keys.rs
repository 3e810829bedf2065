//! The keys of the CAs, which matter only when something is to be signed.

use std::os::unix::fs::{PermissionsExt, chown};

use super::{issued_zone, untouched};
use crate::harness::{TestZone, outcome};
use crate::support::{NOBODY, Others, StandIn, Tree, three_members};

/// Damages the key of each plane CA, and expects that whatever issues refuses it. Nothing is issued under the
/// other plane's CA either: a holder has all of its certificates or none.
#[track_caller]
fn each(damage: impl Fn(&TestZone, &str), code: i32, texts: &[&str]) {
    for stem in ["peer", "client"] {
        let zone = three_members();
        let etcd = StandIn::new(zone.around(), "3.7.3");
        damage(&zone, stem);
        let file = format!("ca/{stem}.key");
        let texts: Vec<&str> = texts.iter().copied().chain([file.as_str()]).collect();
        untouched(&zone, &["run", "--node", "node1", "--etcd", etcd.as_argument()], code, &texts);
        assert_eq!(etcd.arguments(), None, "etcd was started");
        untouched(&zone, &["pki", "issue", "node1", "node2"], code, &texts);
        untouched(&zone, &["pki", "issue", "--all"], code, &texts);
        // As `run`, which would have to issue.
        untouched(&zone, &["plan", "--node", "node1"], code, &texts);
        // To look at the zone needs no key.
        zone.run(&["pki", "list"]).expect_code(0);
    }
}

fn write(zone: &TestZone, stem: &str, bytes: &[u8]) {
    std::fs::write(zone.file(&format!("ca/{stem}.key")), bytes).expect("the key");
}

#[test]
fn an_empty_one() {
    each(|zone, stem| write(zone, stem, b""), 65, &["is empty", "put the file back"]);
}

#[test]
fn a_truncated_one() {
    let cut = |zone: &TestZone, stem: &str| {
        let pem = std::fs::read(zone.file(&format!("ca/{stem}.key"))).expect("a key");
        write(zone, stem, &pem[..pem.len() / 2]);
    };
    each(cut, 65, &["holds no usable key", "put the CA's key back"]);
}

#[test]
fn one_that_is_not_there() {
    let remove = |zone: &TestZone, stem: &str| {
        std::fs::remove_file(zone.file(&format!("ca/{stem}.key"))).expect("removed")
    };
    each(remove, 66, &["cannot read", "put the file back"]);
}

#[test]
fn one_that_is_a_certificate() {
    let copy = |zone: &TestZone, stem: &str| {
        let certificate = std::fs::read(zone.file(&format!("ca/{stem}.crt"))).expect("a certificate");
        write(zone, stem, &certificate);
    };
    each(copy, 65, &["holds no usable key"]);
}

#[test]
fn the_key_of_another_ca() {
    let other = |zone: &TestZone, stem: &str| {
        let root = std::fs::read(zone.file("ca/root.key")).expect("a key");
        write(zone, stem, &root);
    };
    each(other, 65, &["cannot sign", "not the key of the certificate", "is the key of that certificate"]);
}

#[test]
fn one_that_others_can_read() {
    for mode in [0o644, 0o640, 0o604, 0o666] {
        let open = |zone: &TestZone, stem: &str| {
            std::fs::set_permissions(zone.file(&format!("ca/{stem}.key")), PermissionsExt::from_mode(mode))
                .expect("a mode");
        };
        each(open, 77, &["others can use", &format!("its mode is {mode:04o}"), "chmod 600"]);
    }
}

#[test]
fn one_of_another_owner() {
    let give = |zone: &TestZone, stem: &str| {
        chown(zone.file(&format!("ca/{stem}.key")), Some(NOBODY), Some(NOBODY)).expect("another owner");
    };
    each(give, 77, &["belongs to another user", &format!("its owner is user {NOBODY}"), "chown"]);
}

#[test]
fn one_that_is_a_pipe() {
    // Opening a pipe waits for its other end: a command must not.
    let pipe = |zone: &TestZone, stem: &str| {
        let path = zone.file(&format!("ca/{stem}.key"));
        std::fs::remove_file(&path).expect("removed");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    };
    each(pipe, 65, &["cannot use"]);
}

#[test]
fn the_keys_are_not_asked_for_when_nothing_is_to_be_issued() {
    let (zone, etcd) = issued_zone();
    for stem in ["root", "peer", "client"] {
        std::fs::remove_file(zone.file(&format!("ca/{stem}.key"))).expect("removed");
    }
    let others = Others::of(&zone, "node1");
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    drop(others);
    assert!(etcd.arguments().is_some(), "etcd was not started");
    zone.run(&["env"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0).expect_error_with(&["nothing to issue"]);
    // Keys that are kept elsewhere are no fault of the certificates in effect.
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn the_root_key_matters_when_plane_cas_are_made() {
    for (damage, code, text) in
        [(Vec::new(), 65, "is empty"), (b"-----BEGIN PRIVATE KEY-----\n".to_vec(), 65, "holds no usable key")]
    {
        let (zone, _) = issued_zone();
        for file in ["peer.crt", "peer.key", "peer.crl"] {
            std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
        }
        write(&zone, "root", &damage);
        untouched(&zone, &["init"], code, &["ca/root.key", text]);
    }
    let (zone, _) = issued_zone();
    for file in ["peer.crt", "peer.key", "peer.crl"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    std::fs::set_permissions(zone.file("ca/root.key"), PermissionsExt::from_mode(0o644)).expect("a mode");
    let before = Tree::of(&zone.path());
    untouched(&zone, &["init"], 77, &["ca/root.key", "chmod 600"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init");
}
