//! Who holds the lock of operations, as its value in etcd says.

use std::fs;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use host::Process;
use host::kernel_text;
use model::error::{Failure, Result};
use model::foreign_text;

/// Who holds the lock. Fields are added, never renamed: another version may read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The command, as the operator typed it.
    pub operation: String,
    /// The name of its machine, for people.
    pub host: String,
    /// Which run of which machine: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// Where its process ids count: a container has a count of its own (pid_namespaces(7)).
    pub pid_namespace: String,
    /// Its process.
    pub process: Process,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// What can be told of a holder from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenFromHere {
    /// It is a process here that runs.
    Runs,
    /// It was a process here.
    Ended,
    /// It is elsewhere.
    Unknown,
}

impl Holder {
    /// This process.
    pub fn own(operation: &str, since: OffsetDateTime) -> Self {
        let unknown = Process { pid: std::process::id(), started: 0 };
        Self {
            operation: operation.to_owned(),
            host: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
            boot_id: boot_id(),
            pid_namespace: pid_namespace(),
            process: Process::own().unwrap_or(unknown),
            since,
        }
    }

    /// Whether it still runs, as far as that can be told.
    pub fn seen_from_here(&self) -> SeenFromHere {
        let is_here = !self.boot_id.is_empty()
            && !self.pid_namespace.is_empty()
            && self.boot_id == boot_id()
            && self.pid_namespace == pid_namespace();
        match (is_here, self.process.is_alive()) {
            (false, _) => SeenFromHere::Unknown,
            (true, true) => SeenFromHere::Runs,
            (true, false) => SeenFromHere::Ended,
        }
    }

    /// What people are told of it.
    pub(super) fn told(&self) -> String {
        let since = zone_pki::instant(self.since);
        format!("`{}` on {}, process {}, since {since}", self.operation, self.host, self.process.pid)
    }

    /// The value for etcd.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Failure::internal("cannot make JSON").because(&error))
    }

    /// Reads a value.
    pub fn parse(value: &[u8]) -> Option<Self> {
        foreign_text::json(value).ok()
    }
}

fn boot_id() -> String {
    kernel_text("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn pid_namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned()).unwrap_or_default()
}
