//! What is on the command line, as a script may have put it there.

use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{HOSTILE, assert_harmless, one_member_issued};

#[test]
fn names() {
    let zone = one_member_issued();
    for (arguments, code) in [
        (&["plan", "--node", HOSTILE][..], 64),
        (&["check", "--node", HOSTILE], 64),
        (&["pki", "issue", "--client", HOSTILE], 64),
        (&["env", "--client", HOSTILE], 64),
        (&["pki", "revoke", HOSTILE], 66),
        (&["pki", "renew", HOSTILE], 64),
        (&["bundle", HOSTILE, "--out", "out"], 64),
    ] {
        let told = zone.run(arguments);
        assert_harmless(&told);
        assert!(told.stderr.contains("\\u{1b}[2J"), "{arguments:?}: it is shown: {}", told.stderr);
        told.expect_code(code);
    }
}

/// The words that the command line itself cannot take, in every place where it quotes them.
#[test]
fn words_that_are_none() {
    let flag = format!("--{HOSTILE}");
    for arguments in [
        &["plan", "--format", HOSTILE][..],
        &["status", "--watch", HOSTILE],
        &["status", "--timeout", HOSTILE],
        &["upgrade", "--to", HOSTILE],
        &["activate", "x", "--root-fingerprint", HOSTILE],
        &["init", "--name", HOSTILE, "--node", HOSTILE],
        &["man", HOSTILE],
        &[HOSTILE],
        &[&flag],
    ] {
        let told = outcome(&mut zone_etcd(arguments));
        assert_harmless(&told);
        assert_ne!(told.code, 0, "{arguments:?}");
    }
}

#[test]
fn paths() {
    let place = TestZone::empty();
    let name = HOSTILE.replace('\t', " ");
    let directory = place.around().join(&name);
    let at = |arguments: &[&str]| {
        let mut command = zone_etcd(arguments);
        outcome(command.arg("--zone").arg(&directory).current_dir(place.around()))
    };
    assert_harmless(&at(&["status"]));
    let made = at(&["init", "--name", "example.zone", "--node", "node1=127.0.0.1"]).expect_code(0);
    assert_harmless(&made);
    for arguments in [
        &["pki", "issue", "--all"][..],
        &["plan", "--node", "node1"],
        &["plan", "--node", "node1", "--format", "env"],
        &["plan", "--node", "node1", "--format", "argv"],
        &["check", "--node", "node1"],
        &["pki", "list"],
        &["pki", "check"],
        &["doctor", "--node", "node1"],
        &["status"],
        &["env"],
        &["bundle", "node1", "--out", &name, "--no-encryption"],
        &["pki", "export", "--node", "node1", "--out", &name],
    ] {
        let told = at(arguments);
        assert_harmless(&told);
        assert!(!told.stdout.is_empty() || !told.stderr.is_empty(), "{arguments:?}");
    }
    // What is to be copied is the path itself.
    let line = at(&["env"]).expect_code(0).stdout;
    let line = line.lines().find(|line| line.contains("ETCDCTL_CACERT")).expect("a line");
    let script = format!("{line}; printf %s \"$ETCDCTL_CACERT\"");
    let read = outcome(std::process::Command::new("sh").args(["-c", &script])).expect_code(0).stdout;
    assert!(std::path::Path::new(&read).is_file(), "{line}");
    // A program gets the path as it is.
    let plan = at(&["plan", "--node", "node1", "--format", "json"]);
    assert_harmless(&plan);
    let plan: serde_json::Value = serde_json::from_str(&plan.expect_code(0).stdout).expect("JSON");
    let data = plan["data_dir"].as_str().expect("a path");
    assert!(std::path::Path::new(data).starts_with(&directory), "{data:?}");
}
