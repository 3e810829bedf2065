//! etcd that is missing, no etcd, of a version that cannot be driven, or not executable.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::untouched;
use crate::harness::programs::write_program;
use crate::harness::{TestZone, outcome};
use crate::support::{FakeBundle, Refusal, StandIn, append, three_members, use_as_nobody};

#[track_caller]
fn refused(zone: &TestZone, etcd: &Path, code: i32, texts: &[&str]) {
    let etcd = etcd.to_str().expect("UTF-8");
    untouched(zone, &["run", "--node", "node1", "--etcd", etcd], code, texts);
    untouched(zone, &["plan", "--node", "node1", "--etcd", etcd], code, texts);
}

#[test]
fn one_that_is_missing() {
    let zone = three_members();
    refused(&zone, &zone.around().join("no/etcd"), 66, &["cannot read", "no/etcd", "--etcd PATH"]);
}

#[test]
fn a_version_that_is_not_bundled() {
    let zone = three_members();
    append(&zone.file("zone.toml"), "\n[etcd]\nversion = \"3.5.34\"\n");
    let texts = ["no etcd 3.5.34 is bundled (looked in ", "scripts/bundle-etcd --version 3.5.34"];
    untouched(&zone, &["run", "--node", "node1"], 66, &texts);
    untouched(&zone, &["plan", "--node", "node1"], 66, &texts);
    let mut ctl = zone.command(&["ctl"]);
    outcome(ctl.args(["--", "version"])).expect_refusal(66, &texts);
}

/// An installation without a bundle: the program in a directory of its own.
#[test]
fn no_bundle_at_all() {
    let zone = three_members();
    std::fs::set_permissions(zone.path(), PermissionsExt::from_mode(0o700)).expect("a mode");
    let mut command = use_as_nobody(zone.around(), &["plan", "--node", "node1"], &zone.path());
    std::os::unix::process::CommandExt::uid(&mut command, nix::unistd::geteuid().as_raw());
    outcome(&mut command)
        .expect_refusal(66, &["no etcd 3.7.3 is bundled", "or name an etcd with --etcd PATH"]);
}

#[test]
fn one_in_path_is_used_only_if_that_is_allowed() {
    let zone = three_members();
    let etcd = StandIn::new(zone.around(), "3.6.16");
    let directory = zone.around().join("bin");
    std::fs::create_dir(&directory).expect("a directory");
    std::os::unix::fs::symlink(&etcd.path, directory.join("etcd")).expect("a link");
    let call = |arguments: &[&str]| {
        let mut command = use_as_nobody(zone.around(), arguments, &zone.path());
        std::os::unix::process::CommandExt::uid(&mut command, nix::unistd::geteuid().as_raw());
        let path = format!("{}:{}", directory.display(), std::env::var("PATH").expect("PATH"));
        outcome(command.env("PATH", path))
    };
    call(&["plan", "--node", "node1"]).expect_refusal(66, &["no etcd 3.7.3 is bundled"]);
    let plan = call(&["plan", "--node", "node1", "--system-etcd"]).expect_code(0);
    assert!(plan.stdout.contains("found in PATH; not checked against a manifest"), "{}", plan.stdout);
}

#[test]
fn one_that_is_not_executable() {
    let zone = three_members();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    std::fs::set_permissions(&etcd.path, PermissionsExt::from_mode(0o644)).expect("a mode");
    refused(&zone, &etcd.path, 77, &["is not executable", "chmod 755"]);
    refused(&zone, zone.around(), 65, &["is not a file", "name the etcd binary itself"]);
}

#[test]
fn one_of_a_version_that_cannot_be_driven() {
    for (version, text) in [
        ("3.4.30", "etcd 3.4.30 is not supported: the supported lines are 3.5, 3.6 and 3.7"),
        ("4.0.0", "etcd 4.0.0 is not supported"),
        ("3.5.0", "etcd 3.5.0 is not safe to run"),
        ("3.8.0-alpha.0", "pre-release"),
    ] {
        let zone = three_members();
        let etcd = StandIn::new(zone.around(), version);
        refused(&zone, &etcd.path, 78, &[text, "run a supported one"]);
        assert_eq!(etcd.arguments(), None);
    }
}

#[test]
fn one_that_is_no_etcd() {
    let zone = three_members();
    let program = zone.around().join("program");
    for (text, said) in [
        ("#!/bin/sh\necho hello\n", "it answered `hello`"),
        ("#!/bin/sh\nexit 3\n", "--version` failed"),
        ("#!/bin/sh\necho 'etcd Version: soon'\n", "--version` failed"),
        ("#!/no/such/interpreter\n", "--version` failed"),
        ("neither a script nor a program\n", "--version` failed"),
    ] {
        write_program(&program, text);
        refused(&zone, &program, 65, &[said, "name an etcd binary for this machine"]);
    }
}

#[test]
fn a_manifest_that_cannot_be_used() {
    let zone = three_members();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    let sound = std::fs::read_to_string(bundle.manifest()).expect("the manifest");
    for (manifest, said) in [
        (String::new(), "EOF"),
        ("{}".to_owned(), "missing field"),
        (sound.replace("\"format\":1", "\"format\":2"), "its format is 2, and this program knows 1"),
        (sound.replace("\"etcd\"", "\"etcdctl\""), "it does not list etcd"),
        (sound.replace("\"source\"", "\"sauce\""), "unknown field"),
    ] {
        assert_ne!(manifest, sound);
        std::fs::write(bundle.manifest(), manifest).expect("the manifest");
        refused(&zone, &bundle.etcd(), 65, &["manifest.json cannot be used", said, "bundle it again"]);
    }
}
