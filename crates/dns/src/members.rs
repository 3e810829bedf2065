//! The members that SRV records name, judged before a cluster is founded with them. Pure.
//!
//! etcd itself passes over a target without an address, and takes records without TLS beside those with it
//! (`client/pkg/srv/srv.go`): two nodes that see two of three records found a cluster without the third. So
//! nothing is passed over here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::config::{Address, ClusterSize, DnsName, Node, NodeName, Port, ZoneName};
use model::error::Exit;
use model::foreign_text::said;

use crate::published::{Published, SrvRecord};
use crate::resolver_files::Hosts;
use crate::survey::Seen;

/// The node that looks for its members.
#[derive(Clone, Copy, Debug)]
pub struct Seeker<'s> {
    pub zone: &'s ZoneName,
    /// Its full name.
    pub name: &'s DnsName,
    /// Those at which others may reach it.
    pub addresses: &'s BTreeSet<IpAddr>,
}

/// Why no cluster is founded with what the records say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    #[error("{owner} has {found} records, and `size` is {size}")]
    Count { owner: String, found: usize, size: usize },
    #[error("{owner} has a record for {target}:{port}, without TLS: etcd would take it as one more member")]
    WithoutTls { owner: String, target: String, port: u16 },
    /// In neither /etc/hosts nor DNS.
    #[error("{0} has no address")]
    Unresolved(String),
    #[error("{one} and {other} have one address, {address}")]
    OneAddress { one: String, other: String, address: IpAddr },
    /// Ids follow from the target as it is written.
    #[error("{0} has capital letters, and other members may be told of it without them")]
    Capitals(String),
    #[error("{0} is no name or address of a member")]
    NoHost(String),
    #[error("no record is that of {name}: none has its name, or one of the addresses of this machine")]
    NoOwn { name: String },
    #[error("{one} and {other} are both this machine, and neither is called {name}")]
    Several { one: String, other: String, name: String },
}

impl RecordFault {
    /// What may be otherwise in a minute is no wrong input: records come one after the other.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unresolved(_) => Exit::Unavailable,
            Self::Count { found, size, .. } if found < size => Exit::Unavailable,
            _ => Exit::BadInput,
        }
    }
}

/// The members, and which of them this node is.
///
/// # Errors
/// Every fault of the records.
pub fn members(
    names: &Published,
    seen: &Seen,
    hosts: &Hosts,
    size: ClusterSize,
    seeker: Seeker<'_>,
) -> Result<(Vec<Node>, NodeName), Vec<RecordFault>> {
    let [peers, clients] = &names.services;
    let mut faults = Vec::new();
    let records: BTreeSet<&SrvRecord> = seen.records(&peers.owner).collect();
    let size = size.get() as usize;
    if records.len() != size {
        faults.push(RecordFault::Count { owner: peers.owner.clone(), found: records.len(), size });
    }
    for SrvRecord { target, port } in seen.records(&peers.other_owner) {
        let (owner, target) = (peers.other_owner.clone(), said(target));
        faults.push(RecordFault::WithoutTls { owner, target, port: *port });
    }
    let mut found = Vec::new();
    let mut taken: BTreeMap<IpAddr, String> = BTreeMap::new();
    for record in records {
        let target = said(&record.target);
        let Some(member) = read(record, seen.records(&clients.owner), seeker.zone) else {
            faults.push(RecordFault::NoHost(target));
            continue;
        };
        if record.target.bytes().any(|byte| byte.is_ascii_uppercase()) {
            faults.push(RecordFault::Capitals(target.clone()));
        }
        let addresses = addresses(&member.address, seen, hosts);
        if addresses.is_empty() {
            faults.push(RecordFault::Unresolved(target.clone()));
        }
        for address in &addresses {
            if let Some(one) = taken.insert(*address, target.clone()) {
                faults.push(RecordFault::OneAddress { one, other: target.clone(), address: *address });
            }
        }
        found.push((member, addresses));
    }
    let own = own(&found, seeker);
    match (own, faults.is_empty()) {
        (Ok(own), true) => Ok((found.into_iter().map(|(member, _)| member).collect(), own)),
        // Who is not among records that are wrong may be among those that are right.
        (_, false) => Err(faults),
        (Err(fault), true) => Err(vec![fault]),
    }
}

/// A member as its record names it. Every node has to call it the same, so its name follows from the record
/// alone.
fn read<'r>(
    record: &SrvRecord,
    mut clients: impl Iterator<Item = &'r SrvRecord>,
    zone: &ZoneName,
) -> Option<Node> {
    let address = Address::parse(&record.target).ok()?;
    let name = NodeName::of_address(&address, zone);
    let is_same = |client: &&SrvRecord| client.target.eq_ignore_ascii_case(&record.target);
    let client = clients.find(is_same).and_then(|client| Port::from_number(client.port.into()).ok());
    let peer = Port::from_number(record.port.into()).ok()?;
    Some(Node::new(name.ok()?, Some(address), peer, client.unwrap_or(Port::CLIENT)))
}

/// As etcd resolves it: by /etc/hosts, else by DNS.
fn addresses(host: &Address, seen: &Seen, hosts: &Hosts) -> BTreeSet<IpAddr> {
    match host {
        Address::Ip(ip) => BTreeSet::from([*ip]),
        Address::Name(name) => match hosts.addresses(name.as_str()) {
            local if !local.is_empty() => local.into_iter().collect(),
            _ => seen.addresses(name.as_str()).collect(),
        },
    }
}

fn own(found: &[(Node, BTreeSet<IpAddr>)], seeker: Seeker<'_>) -> Result<NodeName, RecordFault> {
    let name = seeker.name.as_str();
    if let Some((member, _)) = found.iter().find(|(member, _)| member.name.full() == name) {
        return Ok(member.name.clone());
    }
    let mut here = found.iter().filter(|(_, addresses)| !addresses.is_disjoint(seeker.addresses));
    match (here.next(), here.next()) {
        (Some((member, _)), None) => Ok(member.name.clone()),
        (Some((one, _)), Some((other, _))) => Err(RecordFault::Several {
            one: one.address.to_string(),
            other: other.address.to_string(),
            name: name.to_owned(),
        }),
        (None, _) => Err(RecordFault::NoOwn { name: name.to_owned() }),
    }
}
