//! Processes that use a data directory.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use zone_pki::regular_file;

use super::kernel::kernel_text;
use super::node_lock::NodeLock;
use super::ports::socket_of;
use super::process::NamedProcess;
use model::plan::NodePaths;

/// etcd's database, which it locks with flock(2) while it runs (`server/storage/backend`).
const DATABASE: &str = "member/snap/db";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMember {
    pub pid: u32,
    /// Where it was told to listen; none if its command line is hidden from this user.
    pub listens_on: Option<Vec<SocketAddr>>,
}

/// The member that `run` started: the process that holds the lock of the node directory, if it is an etcd on
/// its data directory. The kernel tells its id as it is seen from here; what `run` wrote into the file is its
/// id in its own process namespace.
///
/// Processes may be hidden from this user (`hidepid` of proc(5), which `ProtectProc=` of a service is): then
/// the lock is believed, as long as it is held.
pub fn running_member(paths: &NodePaths) -> Option<OwnMember> {
    let written = || regular_file::read_to_string(&paths.lock()).ok()?.trim().parse().ok();
    let pid: u32 = lock_holders(&paths.lock()).first().copied().or_else(written)?;
    let listens_on = match arguments_of(pid) {
        Some(arguments) if is_etcd_on(&paths.data(), pid, &arguments) => Some(sockets_in(&arguments)),
        None if is_hidden(pid) && NodeLock::is_held(&paths.lock()) => None,
        _ => return None,
    };
    Some(OwnMember { pid, listens_on })
}

impl OwnMember {
    /// Whether it has a socket of which `owner` was told.
    pub fn listens_at(&self, address: &SocketAddr, owner: Option<&NamedProcess>) -> bool {
        match owner {
            Some(owner) => owner.pid == self.pid,
            // The kernel does not tell who has the sockets of a process with a user namespace of its own, as
            // `PrivateUsers=` makes it. etcd ends if it does not get one of those that it was told to listen
            // on.
            None => self.listens_on.as_ref().is_none_or(|sockets| sockets.contains(address)),
        }
    }
}

/// What has the node directory: the member, or a start that is not etcd yet, which shows its peers that it
/// waits.
pub fn occupant(paths: &NodePaths) -> Option<OwnMember> {
    let starts = || {
        let pid = lock_holders(&paths.lock()).first().copied()?;
        Some(OwnMember { pid, listens_on: None })
    };
    running_member(paths).or_else(starts)
}

/// Whether a process sees the same network as this one: in a network namespace of its own it is another
/// machine.
pub fn shares_network(pid: u32) -> bool {
    let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    network(&pid.to_string()) == network("self")
}

/// The program of a process, by the path at which it was; none if this user may not know. Another file may be
/// there now.
pub fn program_of(pid: u32) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // The kernel says so of a file that was replaced (proc_pid_exe(5)).
    let replaced = path.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from);
    Some(replaced.unwrap_or(path))
}

/// The command line of a process, without the program.
pub fn arguments_of(pid: u32) -> Option<Vec<String>> {
    let text = kernel_text(&format!("/proc/{pid}/cmdline")).ok()?;
    let arguments: Vec<String> = text.split_terminator('\0').skip(1).map(str::to_owned).collect();
    (!text.is_empty()).then_some(arguments)
}

/// Every process that was started with this data directory, or that holds its database. Those that /proc does
/// not show to this user are not seen.
pub fn users_of(data: &Path) -> Vec<NamedProcess> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| arguments_of(*pid).is_some_and(|arguments| is_etcd_on(data, *pid, &arguments)))
        .chain(lock_holders(&data.join(DATABASE)))
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().map(NamedProcess::of).collect()
}

/// How many files a process may open at most; without one, this process. The soft limit does not matter: Go
/// raises it.
pub fn open_file_limit(pid: Option<u32>) -> Option<u64> {
    match pid {
        None => getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(_, hard)| hard),
        Some(pid) => {
            let limits = kernel_text(&format!("/proc/{pid}/limits")).ok()?;
            let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
            match line.split_whitespace().nth(1)? {
                "unlimited" => Some(u64::MAX),
                number => number.parse().ok(),
            }
        }
    }
}

/// Whether this user may not read the command line of a process. That of a thread of the kernel can be read,
/// and is empty.
fn is_hidden(pid: u32) -> bool {
    kernel_text(&format!("/proc/{pid}/cmdline")).is_err()
}

/// Whether a process was started as an etcd with this data directory: `run` and others have an argument of
/// that name nowhere.
fn is_etcd_on(data: &Path, pid: u32, arguments: &[String]) -> bool {
    let Some(given) = flag_value(arguments, "data-dir") else { return false };
    let working = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    let given: PathBuf = working.join(given);
    given == data || (given.exists() && same_file(&given, data))
}

fn same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

/// The value of a flag of etcd's in any of Go's forms: `--x=v`, `-x=v`, `--x v`.
fn flag_value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(index, argument)| {
        let flag = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
        match flag.split_once('=') {
            Some((given, value)) => (given == name).then_some(value),
            None => (flag == name).then(|| arguments.get(index + 1).map(String::as_str))?,
        }
    })
}

/// The sockets of an etcd with this command line.
fn sockets_in(arguments: &[String]) -> Vec<SocketAddr> {
    ["listen-peer-urls", "listen-client-urls", "listen-metrics-urls"]
        .into_iter()
        .filter_map(|name| flag_value(arguments, name))
        .flat_map(|urls| urls.split(','))
        .filter_map(socket_of)
        .collect()
}

/// Who holds a lock of flock(2) on a file, by /proc/locks: `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0
/// EOF`, device in hexadecimal (proc_locks in the kernel's documentation). A holder in another process
/// namespace has the id 0 there.
fn lock_holders(file: &Path) -> Vec<u32> {
    let Ok(metadata) = fs::metadata(file) else { return Vec::new() };
    let (major, minor) = (nix::sys::stat::major(metadata.dev()), nix::sys::stat::minor(metadata.dev()));
    let wanted = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    let locks = kernel_text("/proc/locks").unwrap_or_default();
    locks
        .lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().filter(|column| *column != "->").collect();
            let is_it = columns.get(1) == Some(&"FLOCK") && columns.get(5) == Some(&wanted.as_str());
            columns.get(4).filter(|_| is_it)?.parse().ok()
        })
        .filter(|pid| *pid != 0)
        .collect()
}
