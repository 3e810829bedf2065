//! Bundles that bring an etcd which a start on this node would not run: refused before anything is switched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};

use super::{activate, add_to_description, fingerprint, node_directory, zone};
use crate::harness::isolation::isolated;
use crate::harness::programs::{copy_program, write_program};
use crate::harness::{Outcome, TestZone, outcome, program};
use crate::support::Refusal;

/// The bundle of node1, made by an installation whose etcd 3.7.3 is these bytes. Its manifest says `version`.
fn bundle_with(zone: &TestZone, etcd: &[u8], version: &str) -> PathBuf {
    let prefix = zone.around().join("installed");
    let libexec = prefix.join("libexec/zone-etcd/3.7.3");
    fs::create_dir_all(&libexec).expect("a directory");
    fs::create_dir_all(prefix.join("bin")).expect("a directory");
    copy_program(&program(), &prefix.join("bin/zone-etcd"));
    let listed = ["etcd", "etcdctl", "etcdutl"].map(|tool| {
        let path = libexec.join(tool);
        write_program(&path, etcd);
        let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, etcd);
        let sha256 = zone_pki::hex::encode(sha256.as_ref());
        format!("\"{tool}\": {{\"sha256\": \"{sha256}\", \"size\": {}}}", etcd.len())
    });
    let manifest = format!(
        "{{\"format\": 1, \"version\": \"{version}\", \"source\": \"a test\", \"files\": {{{}}}}}",
        listed.join(", ")
    );
    fs::write(libexec.join("manifest.json"), manifest).expect("a manifest");
    let out = zone.around().join("out");
    let mut command = Command::new(prefix.join("bin/zone-etcd"));
    command.args(["bundle", "node1", "--no-encryption", "--with-binaries", "--zone"]).arg(zone.path());
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    out.join("node1.bundle")
}

fn script(banner: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho '{banner}'\n").into_bytes()
}

#[track_caller]
fn refused(zone: &TestZone, bundle: &Path, code: i32, said: &[&str]) -> Outcome {
    let directory = node_directory(zone, "n1");
    let told = activate(bundle, &directory, &["--root-fingerprint", &fingerprint(zone)]);
    let told = told.expect_refusal(code, said);
    for left in ["bin", "libexec", "node.json", "pki/current"] {
        assert!(!directory.join(left).exists(), "{left} is there");
    }
    told
}

#[test]
fn an_etcd_that_reports_another_version_is_refused() {
    let zone = zone();
    let bundle = bundle_with(&zone, &script("etcd Version: 3.6.16"), "3.7.3");
    refused(&zone, &bundle, 65, &["reports version 3.6.16", "3.7.3", "nothing was switched"]);
    let bundle = bundle_with(&zone, &script("hello"), "3.7.3");
    refused(&zone, &bundle, 65, &["it answered `hello`", "nothing was switched"]);
}

#[test]
fn an_etcd_whose_manifest_is_of_another_version_is_refused() {
    let zone = zone();
    let bundle = bundle_with(&zone, &script("etcd Version: 3.6.16"), "3.6.16");
    refused(&zone, &bundle, 65, &["manifest", "3.6.16", "nothing was switched"]);
}

#[test]
fn an_etcd_for_another_machine_is_refused() {
    let zone = zone();
    // The head of a program for S/390.
    let mut elf = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x16\0\0\0\x01".to_vec();
    elf.resize(256, 0);
    let bundle = bundle_with(&zone, &elf, "3.7.3");
    refused(&zone, &bundle, 65, &["Exec format error", "made for this machine", "nothing was switched"]);
}

#[test]
fn programs_on_a_file_system_that_runs_none_are_refused() {
    isolated(|| {
        let zone = zone();
        let bundle = bundle_with(&zone, &script("etcd Version: 3.7.3"), "3.7.3");
        let directory = node_directory(&zone, "n1");
        fs::create_dir(&directory).expect("a directory");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("its mode");
        mount(Some("tmpfs"), &directory, Some("tmpfs"), MsFlags::MS_NOEXEC, Some("mode=700"))
            .expect("a mount");
        refused(&zone, &bundle, 77, &["noexec", "remount,exec", "nothing was switched"]);

        // Without programs there is nothing to run there.
        let out = zone.around().join("without");
        outcome(zone.command(&["bundle", "node1", "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
        let fingerprint = fingerprint(&zone);
        activate(&out.join("node1.bundle"), &directory, &["--root-fingerprint", &fingerprint]).expect_code(0);
    });
}

/// What is active, and the programs of it, stay as they are.
#[test]
fn a_later_bundle_is_refused_as_the_first() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let bundle = bundle_with(&zone, &script("etcd Version: 3.7.3"), "3.7.3");
    activate(&bundle, &directory, &["--root-fingerprint", &fingerprint(&zone)]).expect_code(0);
    let own = fs::read(directory.join("bin/zone-etcd")).expect("zone-etcd");
    fs::remove_dir_all(directory.join("libexec")).expect("the programs are gone");
    add_to_description(&zone, "[etcd]\nquota = \"4GiB\"\n");
    let bundle = bundle_with(&zone, &script("etcd Version: 3.7.30"), "3.7.3");
    activate(&bundle, &directory, &[]).expect_refusal(65, &["reports version 3.7.30"]);
    assert_eq!(fs::read_link(directory.join("pki/current")).expect("a link"), Path::new("gen-1"));
    assert!(!directory.join("libexec").exists());
    assert_eq!(fs::read(directory.join("bin/zone-etcd")).expect("zone-etcd"), own);
}

/// Who has the directory could exchange what is run there.
#[test]
fn root_does_not_try_it_in_the_directory_of_another_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let zone = zone();
    let (directory, ran) = (node_directory(&zone, "n1"), zone.around().join("ran"));
    let text = format!("#!/bin/sh\n: > {}\necho 'etcd Version: 3.7.3'\n", ran.display());
    let bundle = bundle_with(&zone, text.as_bytes(), "3.7.3");
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("its mode");
    outcome(Command::new("chown").arg("4711").arg(&directory)).expect_code(0);
    refused(&zone, &bundle, 77, &["belongs to another user"]);
    assert!(!ran.exists(), "root has run it");
    let own = node_directory(&zone, "n2");
    activate(&bundle, &own, &["--root-fingerprint", &fingerprint(&zone)]).expect_code(0);
    assert!(ran.exists(), "it is tried where the directory is ours");
}
