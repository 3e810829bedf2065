//! `pki csr` on a node, and `pki sign` on the signing host.

mod carried;
mod recipient;
mod refused;

use std::path::{Path, PathBuf};

use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// `pki csr --node-dir DIR` with further arguments.
fn request(directory: &Path, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(["pki", "csr", "--node-dir"]);
    outcome(command.arg(directory).args(arguments))
}

/// The requests of a node that makes its keys now, in a file.
#[track_caller]
fn requests_of(zone: &TestZone, node: &str, directory: &Path) -> PathBuf {
    let text = request(directory, &["--node", &format!("{node}.example.zone")]).expect_code(0).stdout;
    written(zone, &format!("{node}.csr"), &text)
}

fn written(zone: &TestZone, name: &str, text: &str) -> PathBuf {
    let path = zone.around().join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

/// `pki sign FILE --out OUT` with further arguments.
fn sign(zone: &TestZone, file: &Path, arguments: &[&str]) -> Outcome {
    let mut command = zone.command(&["pki", "sign"]);
    command.arg(file).arg("--out").arg(zone.around().join("out")).args(arguments);
    outcome(&mut command)
}

fn signed(zone: &TestZone, node: &str) -> PathBuf {
    zone.around().join(format!("out/{node}.bundle"))
}
