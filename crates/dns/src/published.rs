//! The records that a zone needs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::config::{Address, DnsName, Node, Protocol, Scheme, ServiceSuffix, ZoneConfig};

/// How long a resolver may keep a record, in seconds: the members change seldom, and then soon everywhere.
pub const TTL: u32 = 300;

/// Where a member is reached, as an SRV record says it. Priority and weight are 0: etcd ignores them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SrvRecord {
    /// Without the dot at its end. Its case counts: etcd puts it into the URL, from which ids follow.
    pub target: String,
    pub port: u16,
}

/// A service of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The owner of its records, without the dot at its end.
    pub owner: String,
    /// Sorted, and each once.
    pub records: BTreeSet<SrvRecord>,
    /// The owner of records of the same service without TLS, or with it in a zone that has none: etcd takes
    /// both.
    pub other_owner: String,
}

/// An A or AAAA record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostAddress {
    /// Without the dot at its end.
    pub name: String,
    pub address: IpAddr,
}

/// A target for which no address is published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Without the dot at its end.
    pub name: String,
    /// A loopback address, behind which every host has a forward of its own; none where zone.toml has a name.
    pub address: Option<IpAddr>,
}

impl Left {
    /// Why, and where it is known from instead.
    pub fn why(&self) -> String {
        match self.address {
            Some(address) => {
                format!(
                    "{address} is a forward on each host: write `{address} {}` to /etc/hosts there",
                    self.name
                )
            }
            None => "zone.toml has no address for it, and it has to resolve all the same".to_owned(),
        }
    }
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The domain that `--discovery-srv` is given.
    pub domain: DnsName,
    /// The members', then the clients'.
    pub services: [Service; 2],
    /// Sorted, and each once.
    pub addresses: BTreeSet<HostAddress>,
    /// Sorted, and each once.
    pub left: BTreeSet<Left>,
}

impl Published {
    /// The records of the members of a zone, for a domain.
    pub fn of(zone: &ZoneConfig, domain: DnsName, suffix: Option<&ServiceSuffix>) -> Self {
        let names = Self::names(domain, suffix, zone.tls.scheme());
        let records = |port: fn(&Node) -> u16| {
            zone.members().map(|node| SrvRecord { target: target(node), port: port(node) }).collect()
        };
        let [peers, clients] = names.services;
        let services = [
            Service { records: records(|node| node.peer_port.number()), ..peers },
            Service { records: records(|node| node.client_port.number()), ..clients },
        ];
        let domain = names.domain;
        let (mut addresses, mut left) = (BTreeSet::new(), BTreeSet::new());
        for node in zone.members() {
            match &node.address {
                Address::Ip(ip) if node.protocol == Protocol::Cyfs && ip.is_loopback() => {
                    left.insert(Left { name: target(node), address: Some(*ip) });
                }
                Address::Ip(ip) => {
                    addresses.insert(HostAddress { name: target(node), address: *ip });
                }
                Address::Name(_) => {
                    left.insert(Left { name: target(node), address: None });
                }
            }
        }
        Self { domain, services, addresses, left }
    }

    /// The names below which a zone with this scheme has its records, without a record.
    pub fn names(domain: DnsName, suffix: Option<&ServiceSuffix>, scheme: Scheme) -> Self {
        let service = |plain: &str| {
            let owner = |has_tls: bool| {
                let tls = if has_tls { "-ssl" } else { "" };
                let suffix = suffix.map(|suffix| format!("-{suffix}")).unwrap_or_default();
                format!("_{plain}{tls}{suffix}._tcp.{domain}")
            };
            let has_tls = scheme == Scheme::Https;
            Service { owner: owner(has_tls), records: BTreeSet::new(), other_owner: owner(!has_tls) }
        };
        let services = [service("etcd-server"), service("etcd-client")];
        Self { domain, services, addresses: BTreeSet::new(), left: BTreeSet::new() }
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        self.services.iter().map(|service| service.records.len()).sum::<usize>() + self.addresses.len()
    }

    /// The addresses that a target is to have; none where it is left out.
    pub fn addresses_of(&self, target: &str) -> impl Iterator<Item = IpAddr> {
        let of_target = move |host: &&HostAddress| host.name.eq_ignore_ascii_case(target);
        self.addresses.iter().filter(of_target).map(|host| host.address)
    }

    /// What is left out about a target.
    pub fn left_out(&self, target: &str) -> Option<&Left> {
        self.left.iter().find(|left| left.name.eq_ignore_ascii_case(target))
    }
}

/// The name that stands for a node: that by which members dial it, or else its own.
fn target(node: &Node) -> String {
    match &node.address {
        Address::Name(name) => name.to_string(),
        Address::Ip(_) => node.name.full().to_owned(),
    }
}
