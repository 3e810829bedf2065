//! Becomes etcd: no process of ours stays.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::binary::EtcdBinary;

/// Replaces this process by etcd and returns only if that failed.
///
/// `ETCD_*` is taken out of the environment: etcd ends at once when a variable and a flag both set the same thing
/// (`server/etcdmain/config.go`), and one that no flag sets would change what was planned.
pub fn become_etcd(binary: &EtcdBinary, arguments: &[String]) -> std::io::Error {
    let mut command = Command::new(&binary.path);
    command.args(arguments);
    for name in inherited_etcd_variables() {
        command.env_remove(name);
    }
    command.exec()
}

fn inherited_etcd_variables() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("ETCD_"))
}
