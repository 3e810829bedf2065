//! The processes of this machine, or of the namespace that this process is in, by `/proc`.

use std::fs;

use super::kernel::kernel_text;

/// A process as the kernel lists it (proc_pid_stat(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedProcess {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    /// Whether it has ended and waits for its parent to take note.
    pub has_ended: bool,
}

impl ListedProcess {
    /// The process that has this id now.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = kernel_text(&format!("/proc/{pid}/stat")).ok()?;
        // The name of the program comes second, in brackets, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split_ascii_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        Some(Self {
            pid,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            has_ended,
        })
    }
}

/// All processes. One that ends meanwhile may be missing.
pub fn listed_processes() -> Vec<ListedProcess> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| ListedProcess::of(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// Whether a process of this group still runs.
pub fn group_runs(group: i32) -> bool {
    listed_processes().iter().any(|process| process.group == group && !process.has_ended)
}
