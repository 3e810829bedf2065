//! What is published against what is to be. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::foreign_text::said;
use serde::Serialize;

use crate::formats::address_type;
use crate::published::{Published, Service, SrvRecord};
use crate::resolver_files::Hosts;
use crate::survey::Seen;

/// In what way a record is not as it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Missing,
    Extra,
    OtherTarget,
    OtherPort,
    OtherCase,
    UnresolvedTarget,
    OtherAddress,
    SharedAddress,
    /// The service that the zone does not have: without TLS, or in a zone without TLS, with it.
    OtherService,
}

impl Kind {
    /// As it is called in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::OtherTarget => "other target",
            Self::OtherPort => "other port",
            Self::OtherCase => "other case",
            Self::UnresolvedTarget => "unresolved target",
            Self::OtherAddress => "other address",
            Self::SharedAddress => "shared address",
            Self::OtherService => "other service",
        }
    }
}

/// A record that is not as it is to be. What a server said is filtered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub difference: Kind,
    /// The owner of the record and its type; of an unresolved target, its name.
    pub record: String,
    /// What it is to be; none if it is not to be there.
    pub expected: Option<String>,
    /// What it is; none if it is not there.
    pub found: Option<String>,
    /// What comes of it.
    pub effect: String,
}

/// What a server says against what is to be, where names in `hosts` have addresses without DNS.
pub fn compare(published: &Published, seen: &Seen, hosts: &Hosts) -> Vec<Difference> {
    let mut differences: Vec<Difference> = Vec::new();
    for service in &published.services {
        differences.extend(compare_service(published, service, seen));
        differences.extend(shared_addresses(service, seen, hosts));
        differences.extend(seen.records(&service.other_owner).map(|record| Difference {
            difference: Kind::OtherService,
            record: owner(&service.other_owner, "SRV"),
            expected: None,
            found: Some(shown(record)),
            effect: format!("etcd takes these records beside those of {}", service.owner),
        }));
    }
    for target in targets(published, seen) {
        differences.extend(compare_addresses(published, &target, seen, hosts));
    }
    differences
}

/// What /etc/hosts of this host says, which goes before DNS on this host.
pub fn compare_hosts(published: &Published, hosts: &Hosts) -> Vec<Difference> {
    let left = published.left.iter().filter_map(|left| Some((&left.name, left.address?)));
    let expected = published.addresses.iter().map(|host| (&host.name, host.address)).chain(left);
    let mut differences = Vec::new();
    for (name, address) in expected {
        let others = hosts.addresses(name).into_iter().filter(|found| *found != address);
        differences.extend(others.map(|other| Difference {
            difference: Kind::OtherAddress,
            record: format!("{name}."),
            expected: Some(address.to_string()),
            found: Some(other.to_string()),
            effect: "etcd on this host takes it, and asks no name server".to_owned(),
        }));
    }
    differences
}

fn compare_service(published: &Published, service: &Service, seen: &Seen) -> Vec<Difference> {
    let expected: BTreeSet<&SrvRecord> = service.records.iter().collect();
    let found: BTreeSet<&SrvRecord> = seen.records(&service.owner).collect();
    let mut extra: Vec<&SrvRecord> = found.difference(&expected).copied().collect();
    let mut differences = Vec::new();
    let mut push = |difference, expected: Option<&SrvRecord>, found: Option<&SrvRecord>, effect: &str| {
        differences.push(Difference {
            difference,
            record: owner(&service.owner, "SRV"),
            expected: expected.map(shown),
            found: found.map(shown),
            effect: effect.to_owned(),
        });
    };
    for record in expected.difference(&found) {
        // What is nearest to it stands for it: one record that is wrong is told once.
        let is_at_its_address = |other: &SrvRecord| {
            let addresses: BTreeSet<IpAddr> = published.addresses_of(&record.target).collect();
            other.port == record.port && seen.addresses(&other.target).any(|ip| addresses.contains(&ip))
        };
        let same_name = |other: &SrvRecord| other.target.eq_ignore_ascii_case(&record.target);
        let mut take = |is_it: &dyn Fn(&SrvRecord) -> bool| {
            extra.iter().position(|other| is_it(other)).map(|place| extra.remove(place))
        };
        if let Some(other) = take(&|other| same_name(other) && other.port == record.port) {
            push(Kind::OtherCase, Some(record), Some(other), "another URL in bytes, so another member id");
        } else if let Some(other) = take(&same_name) {
            push(Kind::OtherPort, Some(record), Some(other), "a port at which this member does not listen");
        } else if let Some(other) = take(&is_at_its_address) {
            push(Kind::OtherTarget, Some(record), Some(other), "another name, so another member id");
        } else {
            push(Kind::Missing, Some(record), None, "who discovers the zone does not know this member");
        }
    }
    for other in extra {
        push(Kind::Extra, None, Some(other), "not a member of zone.toml, and taken for one");
    }
    differences
}

fn compare_addresses(published: &Published, target: &str, seen: &Seen, hosts: &Hosts) -> Vec<Difference> {
    let expected: BTreeSet<IpAddr> = published.addresses_of(target).collect();
    let found: BTreeSet<IpAddr> = seen.addresses(target).collect();
    let left = published.left_out(target);
    if found.is_empty() && hosts.addresses(target).is_empty() {
        let to_be = expected.iter().map(|ip| (*ip, address_type(*ip))).next();
        let local = left.and_then(|left| left.address);
        return vec![Difference {
            difference: Kind::UnresolvedTarget,
            record: format!("{}.", said(target)),
            expected: to_be
                .map(|(ip, kind)| format!("{kind} {ip}"))
                .or(local.map(|ip| format!("{ip} in /etc/hosts"))),
            found: None,
            effect: "etcd leaves this member out, and says nothing".to_owned(),
        }];
    }
    let difference = |difference, expected: Option<IpAddr>, found: Option<IpAddr>, effect: &str| Difference {
        difference,
        record: owner(target, expected.or(found).map(address_type).unwrap_or_default()),
        expected: expected.map(|ip| ip.to_string()),
        found: found.map(|ip| ip.to_string()),
        effect: effect.to_owned(),
    };
    let mut missing: Vec<IpAddr> = expected.difference(&found).copied().collect();
    let mut differences = Vec::new();
    let mut others: Vec<IpAddr> = found.difference(&expected).copied().collect();
    if expected.is_empty() {
        let is_local = left.is_some_and(|left| left.address.is_some());
        // A name in zone.toml may have any address; a target that is not of the zone is told as a record.
        others.retain(|_| is_local);
        let effect = "the address is a forward on each host, and this one goes past it";
        differences.extend(others.iter().map(|ip| difference(Kind::Extra, None, Some(*ip), effect)));
        return differences;
    }
    for other in others {
        let effect = "another host, which is not the member";
        differences.push(difference(
            Kind::OtherAddress,
            missing.pop().or(expected.first().copied()),
            Some(other),
            effect,
        ));
    }
    let effect = "only hosts with the name in /etc/hosts resolve it";
    differences.extend(missing.iter().map(|ip| difference(Kind::Missing, Some(*ip), None, effect)));
    differences
}

/// Two targets behind which the same member listens: etcd finds itself in both.
fn shared_addresses(service: &Service, seen: &Seen, hosts: &Hosts) -> Vec<Difference> {
    let resolved = |record: &SrvRecord| -> BTreeSet<IpAddr> {
        let local = hosts.addresses(&record.target);
        if local.is_empty() { seen.addresses(&record.target).collect() } else { local.into_iter().collect() }
    };
    let records: Vec<(&SrvRecord, BTreeSet<IpAddr>)> =
        seen.records(&service.owner).map(|record| (record, resolved(record))).collect();
    let mut differences = Vec::new();
    for (place, (record, addresses)) in records.iter().enumerate() {
        for (other, others) in records.iter().skip(place + 1).filter(|(other, _)| other.port == record.port) {
            differences.extend(addresses.intersection(others).map(|ip| Difference {
                difference: Kind::SharedAddress,
                record: owner(&service.owner, "SRV"),
                expected: None,
                found: Some(format!("{} and {} both at {ip}", shown(record), shown(other))),
                effect: "one member is taken for two".to_owned(),
            }));
        }
    }
    differences
}

fn targets(published: &Published, seen: &Seen) -> BTreeSet<String> {
    let own = published.services.iter().flat_map(|service| &service.records);
    let theirs = published.services.iter().flat_map(|service| seen.records(&service.owner));
    own.chain(theirs).map(|record| record.target.to_ascii_lowercase()).collect()
}

fn owner(name: &str, record_type: &str) -> String {
    format!("{}. {record_type}", said(name))
}

fn shown(record: &SrvRecord) -> String {
    format!("{} {}.", record.port, said(&record.target))
}
