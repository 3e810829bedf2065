//! Which commands need a locked key, and which do without.

use super::{locked_zone, with_file, without_terminal};
use crate::support::{Others, StandIn, Tree};

/// What is needed to start etcd is there already: nobody is asked, and nobody could answer.
#[test]
fn to_look_and_to_start_takes_no_passphrase() {
    let (zone, file) = locked_zone(&[]);
    with_file(&zone, &["pki", "issue", "--all"], &file).expect_code(0);
    let before = Tree::of(&zone.path());
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let looks: [&[&str]; 8] = [
        &["plan", "--node", "node1", "--etcd", etcd.as_argument()],
        &["pki", "list"],
        &["pki", "check"],
        &["env"],
        &["ca", "status"],
        &["ca", "lock", "--ca-passphrase-fd", "0"],
        &["pki", "issue", "--all"],
        &["run", "--node", "node1", "--etcd", etcd.as_argument()],
    ];
    for arguments in looks {
        let _others = (arguments[0] == "run").then(|| Others::of(&zone, "node1"));
        without_terminal(&zone, arguments).expect_code(0);
        if arguments[0] != "run" {
            Tree::of(&zone.path()).assert_same_as(&before, &arguments.join(" "));
        }
    }
    assert!(etcd.arguments().is_some(), "etcd was not started");
    // `check` finds that the member does not answer, and nothing else.
    let checked = without_terminal(&zone, &["check", "--node", "node1"]);
    assert!(!checked.stdout.contains("locked") && !checked.stderr.contains("passphrase"), "{checked:?}");
}

#[test]
fn to_issue_takes_the_key_of_the_plane_alone() {
    let (zone, file) = locked_zone(&["root"]);
    // With the root locked and the planes in the clear, all everyday work goes on.
    without_terminal(&zone, &["pki", "issue", "--all"]).expect_code(0);
    without_terminal(&zone, &["pki", "issue", "--client", "one"]).expect_code(0);
    with_file(&zone, &["ca", "lock", "--key", "peer"], &file).expect_code(0);
    without_terminal(&zone, &["pki", "issue", "--client", "two"]).expect_code(0);
    with_file(&zone, &["ca", "lock", "--key", "client"], &file).expect_code(0);
    let before = Tree::of(&zone.path());
    without_terminal(&zone, &["pki", "issue", "--client", "three"])
        .expect_code(66)
        .expect_error_with(&["the passphrase of the CA keys is needed", "no terminal"]);
    Tree::of(&zone.path()).assert_same_as(&before, "an issue without a passphrase");
    with_file(&zone, &["pki", "issue", "--client", "three"], &file).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn run_issues_with_the_passphrase() {
    let (zone, file) = locked_zone(&[]);
    with_file(&zone, &["pki", "issue", "node2", "node3"], &file).expect_code(0);
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let arguments = ["run", "--node", "node1", "--etcd", etcd.as_argument()];
    without_terminal(&zone, &arguments).expect_code(66);
    assert_eq!(etcd.arguments(), None, "etcd was started");
    let _others = Others::of(&zone, "node1");
    with_file(&zone, &arguments, &file).expect_code(0);
    assert!(etcd.arguments().is_some(), "etcd was not started");
}

#[test]
fn export_issues_with_the_passphrase() {
    let (zone, file) = locked_zone(&[]);
    let out = zone.around().join("out");
    let export = ["pki", "export", "node1", "--layout", "pem", "--out", out.to_str().expect("UTF-8")];
    without_terminal(&zone, &export).expect_code(66);
    assert!(!out.exists());
    with_file(&zone, &export, &file).expect_code(0);
}

#[test]
fn a_plane_ca_that_is_missing_is_made_below_the_locked_root() {
    let (zone, file) = locked_zone(&[]);
    for file in ["peer.crt", "peer.crl", "peer.key"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    without_terminal(&zone, &["init"]).expect_code(66);
    with_file(&zone, &["init"], &file).expect_code(0).expect_error_with(&["made the peer CA"]);
    zone.run(&["pki", "list"]).expect_code(0);
}
