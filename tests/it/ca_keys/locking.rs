//! `ca lock`, `ca unlock` and a new passphrase.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{RIGHT, key, locked_zone, passphrase_file, states, with_file, without_terminal};
use crate::harness::{outcome, zone_etcd};
use crate::support::{Refusal, Tree, three_members};

#[test]
fn a_key_is_the_same_after_it_was_locked_and_unlocked() {
    let zone = three_members();
    let before = Tree::of(&zone.path());
    let file = passphrase_file(&zone, "passphrase", "correct horse\n");
    with_file(&zone, &["ca", "lock"], &file)
        .expect_code(0)
        .expect_error_with(&["locked the keys root, peer, client", "it cannot be reset"]);
    assert_eq!(states(&zone), "root locked, peer locked, client locked");
    for stem in ["root", "peer", "client"] {
        let path = zone.file(&format!("ca/{stem}.key"));
        let mode = std::fs::metadata(&path).expect("a key").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let mut openssl = Command::new("openssl");
        openssl
            .args(["pkey", "-noout", "-in"])
            .arg(&path)
            .arg("-passin")
            .arg(format!("file:{}", file.display()));
        outcome(&mut openssl).expect_code(0);
    }
    with_file(&zone, &["ca", "unlock"], &file).expect_code(0);
    Tree::of(&zone.path()).assert_same_as(&before, "ca unlock");
}

#[test]
fn one_key_alone_is_locked_and_others_follow_with_the_same_passphrase() {
    let (zone, file) = locked_zone(&["root"]);
    assert_eq!(states(&zone), "root locked, peer clear, client clear");
    // Two passphrases in one zone are one too many.
    let other = passphrase_file(&zone, "other", "another\n");
    let before = Tree::of(&zone.path());
    with_file(&zone, &["ca", "lock", "--key", "peer"], &other)
        .expect_code(77)
        .expect_error_with(&["ca/root.key was not opened"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a lock with another passphrase");
    with_file(&zone, &["ca", "lock", "--key", "peer"], &file).expect_code(0);
    assert_eq!(states(&zone), "root locked, peer locked, client clear");
    with_file(&zone, &["ca", "unlock", "--key", "root"], &file).expect_code(0);
    assert_eq!(states(&zone), "root clear, peer locked, client clear");
}

#[test]
fn the_same_lock_again_changes_nothing() {
    let (zone, file) = locked_zone(&[]);
    let before = Tree::of(&zone.path());
    with_file(&zone, &["ca", "lock"], &file).expect_code(0).expect_error_with(&["locked already"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a second lock");
}

#[test]
fn a_new_passphrase_takes_the_place_of_the_old_one_for_every_key() {
    let (zone, old) = locked_zone(&["root", "client"]);
    let new = passphrase_file(&zone, "new", "another new horse\n");
    let new_argument = new.to_str().expect("UTF-8");
    with_file(&zone, &["ca", "lock", "--key", "root", "--new-passphrase-file", new_argument], &old)
        .expect_code(0)
        .expect_error_with(&["gave the new passphrase to the keys root, client"]);
    assert_eq!(states(&zone), "root locked, peer clear, client locked");
    with_file(&zone, &["ca", "unlock"], &old).expect_code(77);
    with_file(&zone, &["ca", "unlock"], &new).expect_code(0);
}

/// What a loss of power between two renames leaves.
#[test]
fn a_change_that_was_interrupted_is_finished_by_the_same_command() {
    for done in [["root"].as_slice(), &["root", "peer"], &["root", "peer", "client"]] {
        let (zone, old) = locked_zone(&[]);
        let new = passphrase_file(&zone, "new", "another new horse\n");
        let before = ["root", "peer", "client"].map(|stem| (stem, key(&zone, stem)));
        let change = ["ca", "lock", "--new-passphrase-file", new.to_str().expect("UTF-8")];
        with_file(&zone, &change, &old).expect_code(0);
        for (stem, text) in before.iter().filter(|(stem, _)| !done.contains(stem)) {
            std::fs::write(zone.file(&format!("ca/{stem}.key")), text).expect("put back");
        }
        // When every key had been replaced, the old passphrase is of no use any more, and says so.
        let code = if done.len() == 3 { 77 } else { 0 };
        with_file(&zone, &change, &old).expect_code(code);
        with_file(&zone, &["pki", "issue", "--all"], &new).expect_code(0);
        with_file(&zone, &["ca", "unlock"], &new).expect_code(0);
    }
}

#[test]
fn what_an_interrupted_command_left_aside_is_removed() {
    let (zone, file) = locked_zone(&["root"]);
    let place = |name: &str| {
        let place = zone.file(name);
        std::fs::create_dir(&place).expect("a directory");
        std::fs::write(place.join("root.key"), "of no use").expect("a file");
        place
    };
    let left = place(".ca-aBc123dEf456gHi789jKl012");
    // Copies that people make.
    let own = [".ca-backup", ".ca-241125", ".ca-certificates-of-the-old-cluster"].map(place);
    // What only reads removes nothing, and says that the keys may lie there.
    let readers: [&[&str]; 3] = [&["ca", "status"], &["pki", "check"], &["doctor"]];
    for arguments in readers {
        let told = zone.run(arguments).stderr;
        assert!(told.contains(&format!("{} was left by an interrupted command", left.display())), "{told}");
    }
    let told = with_file(&zone, &["ca", "unlock"], &file).expect_code(0).stderr;
    assert!(!left.exists() && told.contains(&format!("removed {}", left.display())), "{told}");
    // Also by one that has nothing to put aside itself.
    place(".ca-aBc123dEf456gHi789jKl012");
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    assert!(!left.exists());
    for own in own {
        assert!(own.join("root.key").exists(), "{}", own.display());
        std::fs::remove_dir_all(own).expect("it is removed");
    }
    assert!(Tree::of(&zone.path()).paths().all(|path| !path.to_string_lossy().contains(".ca-")));
}

#[test]
fn what_cannot_be_locked_is_said_and_left_alone() {
    let zone = three_members();
    let file = passphrase_file(&zone, "passphrase", "correct horse\n");
    std::fs::rename(zone.file("ca/root.key"), zone.around().join("root.key")).expect("moved");
    with_file(&zone, &["ca", "lock", "--key", "root"], &file)
        .expect_code(66)
        .expect_error_with(&["is not here"]);
    assert_eq!(states(&zone), "root absent, peer clear, client clear");
    std::os::unix::fs::symlink(zone.around().join("root.key"), zone.file("ca/root.key")).expect("a link");
    let before = Tree::of(&zone.path());
    with_file(&zone, &["ca", "lock"], &file)
        .expect_code(65)
        .expect_error_with(&["is a link", "openssl pkcs8"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a lock of a link");
    without_terminal(&zone, &["ca", "lock", "--key", "peer"]).expect_code(66).expect_error_with(&[
        "no terminal",
        "--ca-passphrase-file",
        "--ca-passphrase-fd",
        "zone-etcd.ca-passphrase",
    ]);
    Tree::of(&zone.path()).assert_same_as(&before, "a lock without a passphrase");
    outcome(&mut zone_etcd(["ca", "lock", "--key", "server"])).expect_code(64);
}

/// Whoever gets the file can try for ever.
#[test]
fn a_short_passphrase_locks_nothing() {
    let zone = three_members();
    let short = passphrase_file(&zone, "short", "11 letters.\n");
    let before = Tree::of(&zone.path());
    let refused = ["has 11 characters", "at least 12"];
    with_file(&zone, &["ca", "lock"], &short).expect_refusal(65, &refused);
    let right = passphrase_file(&zone, "right", format!("{RIGHT}\n"));
    let short = short.to_str().expect("a path");
    with_file(&zone, &["ca", "lock", "--new-passphrase-file", short], &right).expect_refusal(65, &refused);
    Tree::of(&zone.path()).assert_same_as(&before, "a passphrase that is refused");
}
