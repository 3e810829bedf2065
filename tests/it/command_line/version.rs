//! `version`: which etcd is here is found out from the files, and compared with what their manifest says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::programs::copy_program;
use crate::harness::{Outcome, outcome, program};
use crate::support::FakeBundle;

/// The program as it is installed, alone at first.
struct Installation(TempDir);

impl Installation {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        fs::create_dir(place.path().join("bin")).expect("a directory");
        copy_program(&program(), &place.path().join("bin/zone-etcd"));
        Self(place)
    }

    /// Adds a bundle, and returns the path of its etcd.
    fn add(&self, version: &str) -> PathBuf {
        let bundles = self.0.path().join("libexec/zone-etcd");
        fs::create_dir_all(&bundles).expect("a directory");
        let bundle = FakeBundle::new(&bundles, version);
        let named = bundles.join(version);
        fs::rename(&bundle.directory, &named).expect("renamed");
        named.join("etcd")
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let program: &Path = &self.0.path().join("bin/zone-etcd");
        outcome(Command::new(program).arg("version").args(arguments))
    }
}

#[test]
fn every_etcd_that_is_here_is_named_with_its_digest() {
    let installation = Installation::new();
    let none = installation.run(&[]).expect_code(0).stdout;
    assert!(none.contains(env!("CARGO_PKG_VERSION")) && none.contains("no etcd is here"), "{none}");
    let paths = ["3.7.3", "3.5.35"].map(|version| installation.add(version));
    let told: Value =
        serde_json::from_str(&installation.run(&["-o", "json"]).expect_code(0).stdout).expect("a report");
    assert_eq!(told["default_etcd"], "3.7.3");
    let found = told["etcd"].as_array().expect("a list");
    let versions: Vec<&str> = found.iter().filter_map(|etcd| etcd["version"].as_str()).collect();
    assert_eq!(versions, ["3.5.35", "3.7.3"]);
    let digest = outcome(Command::new("sha256sum").arg(&paths[0])).expect_code(0).stdout;
    assert_eq!(found[1]["sha256"].as_str(), digest.split(' ').next());
    assert_eq!(found[1]["path"].as_str(), paths[0].to_str());
    assert_eq!(found[1]["origin"], "bundled: a test");
    let text = installation.run(&[]).expect_code(0).stdout;
    assert!(text.contains("etcd 3.7.3, the default\n") && text.contains("etcd 3.5.35\n"), "{text}");
}

#[test]
fn an_etcd_that_was_altered_is_refused() {
    let installation = Installation::new();
    let etcd = installation.add("3.7.3");
    fs::write(&etcd, "another").expect("written");
    let path = etcd.display().to_string();
    installation.run(&[]).expect_code(65).expect_error_with(&[&path, "next: "]);
}
