//! Directories and files that others can enter, or that belong to somebody else.

use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use super::{issued_zone, refused_by, untouched};
use crate::harness::outcome;
use crate::support::{NOBODY, Refusal, Tree, install_program, use_as_nobody};

#[test]
fn a_ca_directory_that_others_can_enter() {
    let (zone, etcd) = issued_zone();
    std::fs::set_permissions(zone.file("ca"), PermissionsExt::from_mode(0o755)).expect("a mode");
    let readers: [&[&str]; 3] = [&["plan", "--node", "node1"], &["pki", "issue", "--all"], &["pki", "check"]];
    refused_by(&zone, &etcd, &readers, 77, &["others can use", "ca", "its mode is 0755", "chmod 700"]);
}

#[test]
fn a_ca_directory_of_another_owner() {
    let (zone, etcd) = issued_zone();
    chown(zone.file("ca"), Some(NOBODY), None).expect("another owner");
    let readers: [&[&str]; 2] = [&["plan", "--node", "node1"], &["pki", "issue", "--all"]];
    refused_by(&zone, &etcd, &readers, 77, &["belongs to another user", &format!("user {NOBODY}")]);
}

/// Who may write there may put another `zone.toml` or another `ca/` in place.
#[test]
fn a_zone_directory_that_others_can_write_to() {
    for mode in [0o777, 0o770, 0o702] {
        let (zone, etcd) = issued_zone();
        std::fs::set_permissions(zone.path(), PermissionsExt::from_mode(mode)).expect("a mode");
        let readers: [&[&str]; 3] = [&["plan", "--node", "node1"], &["pki", "issue", "--all"], &["init"]];
        refused_by(&zone, &etcd, &readers, 77, &["others can write to", &format!("0{mode:o}"), "chmod go-w"]);
    }
}

#[test]
fn a_node_directory_that_others_can_enter() {
    let (zone, etcd) = issued_zone();
    std::fs::set_permissions(zone.file("nodes/node1"), PermissionsExt::from_mode(0o750)).expect("a mode");
    refused_by(&zone, &etcd, &[], 77, &["others can use", "nodes/node1", "0750", "chmod 700"]);
}

#[test]
fn a_data_directory_that_others_can_enter() {
    let (zone, etcd) = issued_zone();
    std::fs::create_dir(zone.file("nodes/node1/data")).expect("a directory");
    std::fs::set_permissions(zone.file("nodes/node1/data"), PermissionsExt::from_mode(0o755))
        .expect("a mode");
    refused_by(&zone, &etcd, &[], 77, &["others can use", "nodes/node1/data", "chmod 700"]);
}

#[test]
fn an_issuance_log_that_others_can_read() {
    let (zone, _) = issued_zone();
    std::fs::set_permissions(zone.file("issued.jsonl"), PermissionsExt::from_mode(0o644)).expect("a mode");
    untouched(&zone, &["pki", "issue", "--client", "new"], 77, &["issued.jsonl"]);
}

/// Whoever may not read the CAs may not use the zone, and learns of it before anything is written.
#[test]
fn a_zone_of_another_user() {
    let (zone, _) = issued_zone();
    std::fs::set_permissions(zone.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
    let before = Tree::of(&zone.path());
    for arguments in [
        ["plan", "--node", "node1"].as_slice(),
        &["run", "--node", "node1"],
        &["pki", "issue", "--all"],
        &["pki", "check"],
        &["env"],
    ] {
        let mut command = use_as_nobody(zone.around(), arguments, &zone.path());
        outcome(&mut command).expect_refusal(77, &[]);
        Tree::of(&zone.path()).assert_same_as(&before, &arguments.join(" "));
    }
}

/// Root would take the log of what was issued from the service that runs as its owner, and obeying the next
/// step does not.
#[test]
fn a_zone_of_another_user_is_not_taken_from_them() {
    let (zone, _etcd) = issued_zone();
    let program = install_program(zone.around());
    let own = |who: &str| {
        outcome(Command::new("chown").args(["-R", who]).arg(zone.around())).expect_code(0);
    };
    // The second is no user that anybody knows.
    for (owner, step) in [(NOBODY, "runuser -u nobody -- "), (54_322, "setpriv --reuid 54322 ")] {
        own(&format!("{owner}:{owner}"));
        let mut command = Command::new(&program);
        command.args(["pki", "issue", "--all", "--zone"]).arg(zone.path()).current_dir("/");
        let told = outcome(&mut command)
            .expect_refusal(77, &["belongs to another user", &format!("its owner is user {owner}"), step]);
        assert!(!told.stderr.contains("chown"), "{}", told.stderr);
        let line = told.stderr.split("as its owner: ").nth(1).expect("a next step");
        outcome(Command::new("sh").args(["-c", line]).current_dir("/")).expect_code(0);
    }
    // One file alone was misplaced.
    own("0:0");
    chown(zone.file("issued.jsonl"), Some(NOBODY), None).expect("another owner");
    let told =
        zone.run(&["pki", "issue", "--all"]).expect_refusal(77, &["belongs to another user", "chown 0 "]);
    let line = told.stderr.split("not changed: ").nth(1).expect("a next step");
    outcome(Command::new("sh").args(["-c", line])).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
}
