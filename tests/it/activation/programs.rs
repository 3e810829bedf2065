//! Bundles that bring zone-etcd and etcd along.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{activate, activated, add_to_description, node_directory, zone};
use crate::harness::programs::copy_program;
use crate::harness::{TestZone, bundle as etcd_bundle, outcome, program};
use crate::support::Refusal;

fn with_binaries(zone: &TestZone) -> PathBuf {
    let out = zone.around().join("out");
    let mut command = zone.command(&["bundle", "node1", "--no-encryption", "--with-binaries"]);
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    out.join("node1.bundle")
}

fn same(one: &Path, other: &Path) -> bool {
    fs::read(one).expect("a file") == fs::read(other).expect("a file")
}

#[test]
fn programs_are_installed_once_and_never_overwritten() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &with_binaries(&zone), &directory);
    let (own, etcd) = (directory.join("bin/zone-etcd"), directory.join("libexec/zone-etcd/3.7.3/etcd"));
    assert!(same(&own, &program()) && same(&etcd, &etcd_bundle("3.7.3").join("etcd")));
    assert_eq!(fs::metadata(&etcd).expect("etcd").permissions().mode() & 0o777, 0o755);
    // What was carried over finds what was carried over with it.
    let mut plan = std::process::Command::new(&own);
    let plan = outcome(plan.args(["plan", "--config"]).arg(directory.join("node.json"))).expect_code(0);
    assert!(plan.stdout.contains(etcd.to_str().expect("UTF-8")), "{}", plan.stdout);

    // So does a zone-etcd that lies elsewhere and has none itself.
    let elsewhere = zone.around().join("zone-etcd");
    copy_program(&program(), &elsewhere);
    let mut plan = std::process::Command::new(&elsewhere);
    let plan = outcome(plan.args(["plan", "--config"]).arg(directory.join("node.json"))).expect_code(0);
    assert!(plan.stdout.contains(etcd.to_str().expect("UTF-8")), "{}", plan.stdout);

    // An older zone-etcd is kept; etcd of one version is one file.
    let inode = fs::metadata(&etcd).expect("etcd").ino();
    fs::write(&own, "an older one").expect("an older one");
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    activate(&with_binaries(&zone), &directory, &[]).expect_code(0);
    assert!(same(&own, &program()));
    assert_eq!(fs::read_to_string(directory.join("bin/zone-etcd.old-1")).expect("kept"), "an older one");
    assert_eq!(fs::metadata(&etcd).expect("etcd").ino(), inode, "it stays");

    fs::write(&etcd, "another one").expect("another one");
    add_to_description(&zone, "[etcd]\nquota = \"4GiB\"\n");
    activate(&with_binaries(&zone), &directory, &[])
        .expect_refusal(73, &["3.7.3/etcd is there", "nothing is overwritten"]);
    assert_eq!(fs::read_to_string(&etcd).expect("it stays"), "another one");
    assert_eq!(fs::read_link(directory.join("pki/current")).expect("a link"), Path::new("gen-2"));
}

/// Its manifest is the owner's as well, so a digest proves nothing: the owner of the directory could have
/// root run anything.
#[test]
fn root_runs_no_program_from_the_directory_of_another_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &with_binaries(&zone), &directory);
    let elsewhere = zone.around().join("zone-etcd");
    copy_program(&program(), &elsewhere);
    let called = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&elsewhere);
        command.arg(arguments[0]).arg("--config").arg(directory.join("node.json")).args(&arguments[1..]);
        outcome(&mut command)
    };
    let ctl = &["ctl", "--", "version"];
    assert!(called(ctl).expect_code(0).stdout.contains("3.7.3"));
    outcome(std::process::Command::new("chown").args(["-R", "4711"]).arg(&directory)).expect_code(0);
    for command in [&ctl[..], &["plan"], &["check"], &["run"]] {
        called(command).expect_code(77);
    }
    called(ctl).expect_refusal(77, &["belongs to 4711: root does not run it", "runuser -u 4711 --"]);
}
