//! Becomes etcd: no process of ours stays.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Replaces this process by etcd and returns only if that failed.
///
/// `ETCD_*` is taken out of the environment: etcd ends at once when a variable and a flag both set the same thing
/// (`server/etcdmain/config.go`), and one that no flag sets would change what was planned.
pub fn become_etcd(binary: &Path, arguments: &[String]) -> std::io::Error {
    let mut command = etcd_command(binary);
    command.args(arguments).exec()
}

/// A call of etcd without what would change it unseen: `ETCD_*`, and the proxies of a shell, through which members would
/// dial each other from an address that is in no certificate (`client/pkg/transport/transport.go`).
pub(super) fn etcd_command(path: &Path) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_ascii_uppercase();
        if upper.starts_with("ETCD_") || ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].contains(&upper.as_str()) {
            command.env_remove(name);
        }
    }
    command
}
