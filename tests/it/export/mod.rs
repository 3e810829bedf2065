//! `pki export`: what other software reads.

mod directory;
mod kubeadm;
mod pem;
mod pkcs12;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::{Outcome, TestZone, outcome};
use crate::support::Tree;

/// Exports to a new directory, and returns it.
#[track_caller]
fn export(zone: &TestZone, arguments: &[&str]) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let out = zone.around().join(format!("export{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    export_to(zone, arguments, &out).expect_code(0).expect_error_with(&["wrote ", " files to "]);
    out
}

#[track_caller]
fn export_to(zone: &TestZone, arguments: &[&str], out: &Path) -> Outcome {
    outcome(zone.command(&["pki", "export"]).args(arguments).arg("--out").arg(out))
}

/// The files below a directory, by path.
fn names(directory: &Path) -> Vec<String> {
    let tree = Tree::of(directory);
    let files = tree.paths().filter(|path| directory.join(path).is_file());
    files.map(|path| path.display().to_string()).collect()
}

/// OpenSSL in a directory, which has to succeed.
#[track_caller]
fn openssl(directory: &Path, arguments: &str) -> String {
    let mut command = Command::new("openssl");
    let done = outcome(command.current_dir(directory).args(arguments.split_whitespace())).expect_code(0);
    done.stdout + &done.stderr
}

/// Asserts that a certificate with its chain leads to the root, and that the key is its own.
#[track_caller]
fn is_whole(directory: &Path, root: &str, certificate: &str, key: &str, purpose: &str) {
    openssl(
        directory,
        &format!(
            "verify -x509_strict -purpose {purpose} -CAfile {root} -untrusted {certificate} {certificate}"
        ),
    );
    let of_certificate = openssl(directory, &format!("x509 -in {certificate} -noout -pubkey"));
    assert_eq!(openssl(directory, &format!("pkey -in {key} -pubout")), of_certificate);
}
