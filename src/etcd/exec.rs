//! Becomes etcd: no process of ours stays.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::binary::EtcdBinary;

/// Replaces this process by etcd and returns only if that failed.
///
/// `ETCD_*` is taken out of the environment: etcd ends at once when a variable and a flag both set the same thing
/// (`server/etcdmain/config.go`), and one that no flag sets would change what was planned.
pub fn become_etcd(binary: &EtcdBinary, arguments: &[String]) -> std::io::Error {
    let mut command = etcd_command(&binary.path);
    command.args(arguments).exec()
}

/// A call of etcd without the `ETCD_*` of our own environment.
pub(super) fn etcd_command(path: &Path) -> Command {
    let mut command = Command::new(path);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("ETCD_")) {
        command.env_remove(name);
    }
    command
}
