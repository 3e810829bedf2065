//! Becomes etcd: no process of ours stays.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use model::config::VariableName;

/// Settings of Go's runtime, which would change etcd unseen (package runtime, "Environment Variables").
const GO_RUNTIME: [&str; 6] = ["GOCOVERDIR", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"];
/// The proxies of a shell, through which members would dial each other from an address that is in no
/// certificate (`client/pkg/transport/transport.go`).
const PROXIES: [&str; 4] = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// Replaces this process by etcd and returns only if that failed. etcd has the environment without what is
/// foreign to it; `keep` names what it is to have all the same.
pub fn become_etcd(binary: &Path, arguments: &[String], keep: &[VariableName]) -> std::io::Error {
    let mut command = Command::new(binary);
    remove_foreign(&mut command, keep);
    command.args(arguments).exec()
}

/// A call of etcd without what would change it unseen.
pub(super) fn etcd_command(path: &Path) -> Command {
    let mut command = Command::new(path);
    remove_foreign(&mut command, &[]);
    command
}

/// The variables that etcd will not have although they may have been meant for it.
pub fn dropped_settings(keep: &[VariableName]) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut dropped: Vec<String> =
        names.filter(|name| foreign(name) == Some(Foreign::MaybeMeant) && !is_kept(name, keep)).collect();
    dropped.sort();
    dropped
}

fn remove_foreign(command: &mut Command, keep: &[VariableName]) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if foreign(&text).is_some() && !is_kept(&text, keep) {
            command.env_remove::<&OsStr>(&name);
        }
    }
}

fn is_kept(name: &str, keep: &[VariableName]) -> bool {
    keep.iter().any(|kept| kept.as_str() == name)
}

/// What must not reach etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foreign {
    /// Its absence is no surprise.
    Plainly,
    /// It may have been meant for etcd.
    MaybeMeant,
}

/// Whether a variable would change etcd unseen. `ETCD_*` even ends it, when a flag sets the same
/// (`server/etcdmain/config.go`). `LD_*` does nothing to the program that is bundled, which is static. Of
/// files that systemd passes on (`LISTEN_*`) etcd takes none, and they are closed.
fn foreign(name: &str) -> Option<Foreign> {
    let upper = name.to_ascii_uppercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| upper.starts_with(prefix));
    if GO_RUNTIME.contains(&name) || starts(&["SSL_CERT_"]) {
        return Some(Foreign::MaybeMeant);
    }
    let plainly = starts(&["ETCD_", "LD_", "LISTEN_"]) || PROXIES.contains(&upper.as_str());
    plainly.then_some(Foreign::Plainly)
}
