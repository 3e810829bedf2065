//! The machine and the node directory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use zone_pki::ShowPath;

use super::{count, shown, size};
use crate::{CheckId, Finding, Verdict};
use host::{DataDirectoryFacts, DiskProbe, FreeSpace, NamedProcess, OwnMember, PortFault, StateError};
use model::report::shell_quoted_path;

/// etcd makes its log in pieces of this size, and writes nothing when it cannot make the next
/// (`SegmentSizeBytes` in `server/storage/wal/wal.go`).
const LOG_SEGMENT: u64 = 64_000_000;
/// etcd's hardware guide: a write has to be on the disk within this in 99 of 100 cases.
const SLOW_DISK: Duration = Duration::from_millis(10);
/// etcd keeps so many for itself, and ends if there are no more (`reservedInternalFDNum` in
/// `server/embed/etcd.go`).
const FILES_OF_ETCD: u64 = 150;
/// Fewer leave little room for clients.
const FEW_FILES: u64 = 4096;

/// The data directory: its mode and owner.
pub fn data_directory(path: &Path, facts: Option<DataDirectoryFacts>, user: u32) -> Finding {
    let (check, subject) = (CheckId::DataDirectory, path.shown().to_string());
    let quoted = shell_quoted_path(path);
    match facts {
        None => Finding::passed(check, subject, "not there yet: the first start makes it"),
        Some(facts) if !facts.is_directory => {
            Finding::new(check, Verdict::Failed, subject, "it is not a directory")
                .remedy(format!("move it away: mv {quoted} {quoted}.other"))
        }
        Some(facts) if facts.mode & 0o077 != 0 => {
            let found = format!("its mode is {:04o}: others can look into it", facts.mode);
            Finding::new(check, Verdict::Failed, subject, found).remedy(format!("chmod 700 {quoted}"))
        }
        Some(facts) if facts.owner != user && facts.owner != 0 && user != 0 => {
            let found = format!("it belongs to user {}", facts.owner);
            Finding::new(check, Verdict::Failed, subject, found)
                .remedy("run the check, and the member, as that user".to_owned())
        }
        Some(_) => Finding::passed(check, subject, "mode 0700"),
    }
}

/// `state.json`. `expected` are the zone and the node in full.
pub fn state_file(
    path: &Path,
    state: Result<Option<(&str, &str)>, &StateError>,
    expected: (&str, &str),
) -> Finding {
    let (check, subject) = (CheckId::StateFile, path.shown().to_string());
    let fail = |found: String, remedy: String| {
        Finding::new(check, Verdict::Failed, subject.clone(), found).remedy(remedy)
    };
    match state {
        Ok(None) => Finding::passed(check, subject, "not there yet: the first start writes it"),
        Ok(Some(found)) if found == expected => Finding::passed(check, subject, format!("of {}", found.1)),
        Ok(Some((zone, node))) => fail(
            format!("it is of {node} in the zone {zone}, not of {} in {}", expected.1, expected.0),
            "a node directory is never shared or copied: give this node one of its own".to_owned(),
        ),
        Err(error @ StateError::Newer { .. }) => {
            fail(error.to_string(), "run the version of zone-etcd that wrote it, or a later one".to_owned())
        }
        Err(error) => fail(
            error.to_string(),
            "put it back from a backup; without it whether this member has voted cannot be told".to_owned(),
        ),
    }
}

/// Who uses the data directory. `own` is the member that `run` started.
pub fn one_etcd(data: &Path, users: &[NamedProcess], own: Option<u32>) -> Finding {
    let (check, subject) = (CheckId::OneEtcd, data.shown().to_string());
    let list = |users: &[&NamedProcess]| users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let others: Vec<&NamedProcess> = users.iter().filter(|user| Some(user.pid) != own).collect();
    match (own, others.as_slice()) {
        (None, []) => Finding::passed(check, subject, "no etcd uses it now"),
        (Some(pid), []) => Finding::passed(check, subject, format!("the member runs (process {pid})")),
        (None, others) => {
            let found = format!("{} uses it, and was not started by zone-etcd", list(others));
            Finding::new(check, Verdict::Failed, subject, found)
                .remedy("stop it, and start the member with zone-etcd run".to_owned())
        }
        (Some(pid), others) => {
            let found = format!("beside the member (process {pid}) it is used by {}", list(others));
            Finding::new(check, Verdict::Failed, subject, found)
                .remedy(format!("stop {}: it waits for the member to end", list(others)))
        }
    }
}

/// Whether the sockets can be bound. A member that runs has them itself.
pub fn listeners(urls: &[&str], faults: &[PortFault], node: &str, own: Option<&OwnMember>) -> Vec<Finding> {
    let check = CheckId::Listeners;
    let is_own = |address: &SocketAddr, owner: &Option<NamedProcess>| {
        own.is_some_and(|own| own.listens_at(address, owner.as_ref()))
    };
    let mut findings: Vec<Finding> = Vec::new();
    for fault in faults {
        let (subject, found, remedy) = match fault {
            PortFault::InUse { address, owner } if is_own(address, owner) => continue,
            PortFault::InUse { address, owner } => (
                address.to_string(),
                fault.to_string(),
                match owner {
                    Some(owner) => format!("stop {owner}, or give {node} other ports in zone.toml"),
                    None => format!("stop what listens there, or give {node} other ports in zone.toml"),
                },
            ),
            PortFault::NotHere(address) => (
                address.ip().to_string(),
                fault.to_string(),
                format!("run this on {node}, or correct its address in zone.toml"),
            ),
            PortFault::Other { address, .. } => (
                address.to_string(),
                fault.to_string(),
                format!("give {node} another address or port in zone.toml"),
            ),
        };
        let finding = Finding::new(check, Verdict::Failed, subject, found).remedy(remedy);
        // One address serves both planes, so it can be wrong twice.
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if findings.is_empty() {
        let found = match own {
            Some(own) => format!("held by the member, which runs (process {})", own.pid),
            None => "free".to_owned(),
        };
        let sockets: Vec<&str> = urls.iter().filter_map(|url| Some(url.split_once("://")?.1)).collect();
        findings.push(Finding::passed(check, sockets.join(", "), found));
    }
    findings
}

/// What a host name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub name: String,
    /// The node that it stands for, by its short name.
    pub node: String,
    /// Its addresses, or why there are none.
    pub addresses: Result<Vec<IpAddr>, String>,
    pub is_here: bool,
    /// What it resolves to on hosts that reach the node by forwards of their own, if they do.
    pub forwarded_at: Option<Ipv4Addr>,
}

/// Host names of the zone. `own` is this node's short name.
pub fn host_names(resolutions: &[Resolution], own: &str) -> Vec<Finding> {
    let check = CheckId::HostNames;
    if resolutions.is_empty() {
        return vec![Finding::passed(check, "zone.toml", "addresses only: no name server is asked")];
    }
    let judge = |resolution: &Resolution| {
        let Resolution { name, node, addresses, is_here, forwarded_at } = resolution;
        let subject = name.clone();
        if let Some(address) = forwarded_at {
            return behind_gateway(resolution, node == own, *address);
        }
        let addresses = match addresses {
            Ok(addresses) => addresses,
            Err(why) => {
                return Finding::new(check, Verdict::Failed, subject, format!("it does not resolve: {why}"))
                    .remedy(format!(
                        "make {name} known to the name server or in /etc/hosts, or give {node} an address in \
                         zone.toml"
                    ));
            }
        };
        let list = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if node == own && !is_here {
            return Finding::new(
                check,
                Verdict::Failed,
                subject,
                format!("it resolves to {list}, and this machine has none of these"),
            )
            .remedy(format!("run this on {node}, or correct what {name} resolves to"));
        }
        if node != own && addresses.iter().all(IpAddr::is_loopback) {
            return Finding::new(
                check,
                Verdict::Warning,
                subject,
                format!("it resolves to {list}, this machine itself"),
            )
            .remedy(format!("correct what {name} resolves to, in /etc/hosts or the name server"));
        }
        Finding::passed(check, subject, list)
    };
    resolutions.iter().map(judge).collect()
}

/// The name of a member behind a gateway: on its own host that of the loopback address on which it listens,
/// and on others that of one at which they have the forwards.
fn behind_gateway(resolution: &Resolution, is_own: bool, forwarded_at: Ipv4Addr) -> Finding {
    let Resolution { name, node, addresses, .. } = resolution;
    let finding = |verdict, found: String| Finding::new(CheckId::HostNames, verdict, name.clone(), found);
    let line = if is_own {
        format!("write this line to /etc/hosts of this host: {} {name}", Ipv4Addr::LOCALHOST)
    } else {
        format!("write this line to /etc/hosts of this host: {forwarded_at} {name}; the forwards are there")
    };
    let addresses = match addresses {
        Ok(addresses) => addresses,
        Err(why) => return finding(Verdict::Failed, format!("it does not resolve: {why}")).remedy(line),
    };
    let list = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if is_own && !addresses.contains(&Ipv4Addr::LOCALHOST.into()) {
        let found = format!("it resolves to {list}, and the member listens on {}", Ipv4Addr::LOCALHOST);
        return finding(Verdict::Warning, found).remedy(line);
    }
    if !addresses.iter().all(IpAddr::is_loopback) {
        let found = format!("it resolves to {list}, and {node} is reached by forwards of this host alone");
        return finding(Verdict::Failed, found).remedy(line);
    }
    Finding::passed(CheckId::HostNames, name.clone(), list)
}

/// How fast the disk confirms writes.
pub fn disk_latency(probe: Result<&DiskProbe, &str>, heartbeat: Duration) -> Finding {
    let check = CheckId::DiskLatency;
    let probe = match probe {
        Ok(probe) => probe,
        Err(why) => return Finding::new(check, Verdict::Note, "fdatasync", format!("not measured: {why}")),
    };
    let subject = probe.directory.shown().to_string();
    let measured = format!(
        "99 of 100 writes within {}, half within {} ({})",
        shown(probe.slowest_of_99),
        shown(probe.median),
        count(probe.writes, "write")
    );
    let remedy = "put the data directory on a faster disk, one that nothing else writes to much";
    if probe.slowest_of_99 > heartbeat {
        let found = format!("{measured}: longer than the heartbeat of {}", shown(heartbeat));
        return Finding::new(check, Verdict::Warning, subject, found)
            .remedy(format!("{remedy}; until then, raise heartbeat and election in [etcd] on every node"));
    }
    if probe.slowest_of_99 > SLOW_DISK {
        let found = format!("{measured}: etcd wants {} or less", shown(SLOW_DISK));
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedy);
    }
    Finding::passed(check, subject, measured)
}

pub fn disk_space(space: &FreeSpace, database: u64, quota: u64) -> Finding {
    let (check, subject) = (CheckId::DiskSpace, space.directory.shown().to_string());
    let free = space.free;
    let found = |why: String| format!("{} free: {why}", size(free));
    let remedy = "free space there, or move the data to a larger file system";
    if free < LOG_SEGMENT {
        return Finding::new(
            check,
            Verdict::Failed,
            subject,
            found(format!("less than the {} that the next piece of the log takes", size(LOG_SEGMENT))),
        )
        .remedy(remedy);
    }
    if free < database {
        return Finding::new(
            check,
            Verdict::Warning,
            subject,
            found(format!(
                "a snapshot of the database takes {}, and a defragmentation as much",
                size(database)
            )),
        )
        .remedy(remedy);
    }
    if free.saturating_add(database) < quota {
        return Finding::new(
            check,
            Verdict::Warning,
            subject,
            found(format!(
                "the database has {}, and may grow to the quota of {}",
                size(database),
                size(quota)
            )),
        )
        .because("the disk would be full before etcd refuses writes, and etcd then ends")
        .remedy(format!("{remedy}; or set a lower quota in [etcd]"));
    }
    Finding::passed(check, subject, format!("{} free, quota {}", size(free), size(quota)))
}

/// How many files may be open: the hard limit, to which Go raises the soft one. `own` is the member's
/// process, else it is that of the shell.
pub fn open_files(limit: u64, own: Option<u32>) -> Finding {
    let check = CheckId::OpenFiles;
    let subject = match own {
        Some(pid) => format!("process {pid}"),
        None => "this shell".to_owned(),
    };
    let remedy = "raise the limit: ulimit -Hn 65536 before the start, or LimitNOFILE=65536 in the unit";
    if limit <= FILES_OF_ETCD {
        let found = format!("{limit}, and etcd keeps {FILES_OF_ETCD} for itself");
        return Finding::new(check, Verdict::Failed, subject, found)
            .because("etcd ends at the start if there are no more")
            .remedy(remedy);
    }
    if limit < FEW_FILES {
        let found = format!("{limit}, so about {} clients", limit - FILES_OF_ETCD);
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedy);
    }
    Finding::passed(check, subject, format!("at most {limit}"))
}
