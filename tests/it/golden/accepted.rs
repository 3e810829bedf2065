//! Each version of etcd takes every flag of its golden command lines.

use std::collections::BTreeMap;
use std::process::Command;

use super::golden_file;
use super::zones::VERSIONS;
use crate::harness::{Outcome, bundle, outcome};

/// What Go's flag package says of a flag that the program does not have.
const UNKNOWN: &str = "flag provided but not defined";

/// Every flag of the golden command lines of a version, once.
fn flags(version: &str) -> Vec<String> {
    let mut flags = BTreeMap::new();
    for file in std::fs::read_dir(golden_file(version)).expect("golden files") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for line in text.lines().skip(1) {
            let (name, value) = line.split_once('=').expect("a flag with its value");
            flags.insert(name.to_owned(), value.to_owned());
        }
    }
    // One member of a consistent cluster, at an address that no machine has: etcd reads all of its flags, and
    // cannot listen.
    for (name, value) in [
        ("--name", "node1"),
        ("--initial-cluster", "node1=https://192.0.2.1:2380"),
        ("--initial-advertise-peer-urls", "https://192.0.2.1:2380"),
        ("--listen-peer-urls", "http://192.0.2.1:2380"),
        ("--listen-client-urls", "http://192.0.2.1:2379"),
    ] {
        flags.insert(name.to_owned(), value.to_owned());
    }
    flags.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn start(version: &str, flags: &[String]) -> Outcome {
    let place = tempfile::tempdir().expect("a directory");
    let flags = flags.iter().map(|flag| flag.replace("$ZONE", &place.path().display().to_string()));
    outcome(Command::new(bundle(version).join("etcd")).args(flags).current_dir(place.path()))
}

#[test]
fn every_flag_is_one_that_etcd_has() {
    for version in VERSIONS {
        let flags = flags(version);
        let ended = start(version, &flags);
        assert_ne!(ended.code, 0, "etcd {version} cannot have started");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains(UNKNOWN), "etcd {version}: {said}");
        assert!(
            !said.contains("Usage:") && !said.contains("flag needs an argument"),
            "etcd {version}: {said}"
        );
        assert!(
            said.contains("cannot assign requested address"),
            "etcd {version} came as far as listening: {said}"
        );
        // And it does tell of a flag that it does not have.
        let with_unknown = [flags, vec!["--no-such-flag=1".to_owned()]].concat();
        let ended = start(version, &with_unknown);
        assert!(
            format!("{}{}", ended.stdout, ended.stderr).contains(UNKNOWN),
            "etcd {version}: {}",
            ended.stderr
        );
    }
}
