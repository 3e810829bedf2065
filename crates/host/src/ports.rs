//! Whether the member's listeners can be bound, and who is in the way.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::kernel::kernel_text;
use super::process::{NamedProcess, Process};

/// Ports below are more likely to belong to a service.
const LOWEST_FREE_PORT: u16 = 10240;
/// The kernel itself answers, unless a queue is full.
const LOCAL_CONNECT: Duration = Duration::from_millis(100);

/// A listener that etcd could not have.
#[derive(Debug, thiserror::Error)]
pub enum PortFault {
    /// Something else listens there.
    #[error(
        "port {} of {} is in use{}",
        address.port(), address.ip(),
        owner.as_ref().map_or(String::new(), |owner| format!(" by {owner}"))
    )]
    InUse {
        address: SocketAddr,
        /// The process, if it could be told.
        owner: Option<NamedProcess>,
    },
    /// The address is not one of this machine's.
    #[error("{} is not an address of this machine", .0.ip())]
    NotHere(SocketAddr),
    #[error("cannot listen on {address}: {source}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Tries every listener, each a URL whose host is an IP address, and lets go of it again.
pub fn check_listeners<'a>(urls: impl Iterator<Item = &'a str>) -> Vec<PortFault> {
    urls.filter_map(socket_of).filter_map(|address| check(address).err()).collect()
}

/// `count` ports on 127.0.0.1 that nothing listens on, below those that the kernel gives to outgoing
/// connections: one of these could be taken by another member before its own has bound it.
pub fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let ceiling = kernel_text("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse::<u16>().ok())
        .filter(|first| *first > LOWEST_FREE_PORT + 1000)
        .unwrap_or(32768);
    let span = ceiling - LOWEST_FREE_PORT;
    // Two searches at the same time should not try the same ports one after the other.
    let start = std::process::id().wrapping_mul(7919) % u32::from(span);
    let candidates =
        (0..span).map(|step| LOWEST_FREE_PORT + ((start + u32::from(step)) % u32::from(span)) as u16);
    let free: Vec<u16> = candidates
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .take(count)
        .collect();
    if free.len() == count {
        Ok(free)
    } else {
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no free ports on 127.0.0.1"))
    }
}

/// Whether connections to an address of this machine are refused. One that is taken is closed at once.
pub fn nothing_listens(address: SocketAddr) -> bool {
    let tried = TcpStream::connect_timeout(&address, LOCAL_CONNECT);
    tried.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The socket of a URL whose host is an IP address.
pub fn socket_of(url: &str) -> Option<SocketAddr> {
    url.split_once("://")?.1.parse().ok()
}

fn check(address: SocketAddr) -> Result<(), PortFault> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => Err(PortFault::InUse { address, owner: owner_of(address) }),
            io::ErrorKind::AddrNotAvailable => Err(PortFault::NotHere(address)),
            _ => Err(PortFault::Other { address, source: error }),
        },
    }
}

/// Who listens there, as far as /proc lets this user see: the oldest, of which the others have the socket.
fn owner_of(address: SocketAddr) -> Option<NamedProcess> {
    let inodes = listening_inodes(address);
    if inodes.is_empty() {
        return None;
    }
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let holders = processes.filter_map(|process| {
        let pid = process.file_name().to_str()?.parse::<u32>().ok()?;
        holds_socket(&process.path(), &inodes).then_some(pid)
    });
    let started = |pid: &u32| Process::of(*pid).map_or(u64::MAX, |process| process.started);
    holders.min_by_key(started).map(NamedProcess::of)
}

/// The sockets that listen on the port, by inode: /proc/net/tcp has the local address in its second column,
/// the state in the fourth (0A is listening) and the inode in the tenth (proc_net_tcp in the kernel's
/// documentation).
fn listening_inodes(address: SocketAddr) -> BTreeSet<String> {
    let port = format!(":{:04X}", address.port());
    let mut inodes = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = kernel_text(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if let (Some(local), Some(&"0A"), Some(inode)) = (columns.get(1), columns.get(3), columns.get(9))
                && local.ends_with(&port)
                && overlaps(local, address.ip())
            {
                inodes.insert((*inode).to_owned());
            }
        }
    }
    inodes
}

/// Whether a listener on `local`, in /proc's hexadecimal form, is in the way of one on `ip`.
fn overlaps(local: &str, ip: IpAddr) -> bool {
    let host = local.split(':').next().unwrap_or_default();
    let unspecified = host.bytes().all(|digit| digit == b'0');
    let same = match ip {
        // The kernel prints the address as the integer that it is in memory.
        IpAddr::V4(ip) => host.ends_with(&format!("{:08X}", u32::from_ne_bytes(ip.octets()))),
        IpAddr::V6(ip) => {
            let words = ip.octets();
            let printed: String = words
                .chunks_exact(4)
                .map(|word| format!("{:08X}", u32::from_ne_bytes([word[0], word[1], word[2], word[3]])))
                .collect();
            host == printed
        }
    };
    unspecified || same || ip.is_unspecified()
}

fn holds_socket(process: &Path, inodes: &BTreeSet<String>) -> bool {
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        let target = std::fs::read_link(descriptor.path()).ok();
        let inode = target.as_deref().and_then(Path::to_str).and_then(|text| text.strip_prefix("socket:["));
        inode.and_then(|text| text.strip_suffix(']')).is_some_and(|inode| inodes.contains(inode))
    })
}
