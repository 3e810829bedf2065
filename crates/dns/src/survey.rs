//! All that one server says about a zone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use model::foreign_text::said;

use crate::exchange::{AskError, Limits, ask};
use crate::message::{Found, Question, RecordType};
use crate::published::{Published, SrvRecord};

/// Targets beyond those of the zone that are asked about. A zone has not nearly as many members.
const FOREIGN_TARGETS_AT_MOST: usize = 64;

/// What a server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The records of each service, by its owner.
    pub services: BTreeMap<String, BTreeSet<SrvRecord>>,
    /// The addresses of each target, by its name in lower case.
    pub addresses: BTreeMap<String, BTreeSet<IpAddr>>,
}

impl Seen {
    /// The records of a service.
    pub fn records(&self, owner: &str) -> impl Iterator<Item = &SrvRecord> {
        self.services.get(owner).into_iter().flatten()
    }

    /// The addresses of a target.
    pub fn addresses(&self, target: &str) -> impl Iterator<Item = IpAddr> {
        self.addresses.get(&target.to_ascii_lowercase()).into_iter().flatten().copied()
    }
}

/// A question that a server has not answered.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", said(&question.name), question.record_type.as_str())]
pub struct Unanswered {
    pub question: Question,
    pub source: AskError,
}

/// Asks a server for every service and every target. It ends at the first question without an answer: a
/// member that asks such a server does not start either.
///
/// # Errors
/// A question is not answered within the limits.
pub fn survey(published: &Published, server: SocketAddr, limits: Limits) -> Result<Seen, Unanswered> {
    let mut seen = Seen::default();
    for owner in published.services.iter().flat_map(|service| [&service.owner, &service.other_owner]) {
        let records = asked(server, owner, RecordType::Srv, limits)?.into_iter().filter_map(srv);
        seen.services.insert(owner.clone(), records.collect());
    }
    for target in targets(published, &seen) {
        let mut addresses = BTreeSet::new();
        for record_type in [RecordType::A, RecordType::Aaaa] {
            match asked(server, &target, record_type, limits) {
                Ok(found) => addresses.extend(found.into_iter().filter_map(address)),
                // A target that is no name has no address.
                Err(Unanswered { source: AskError::NoName, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        seen.addresses.insert(target, addresses);
    }
    Ok(seen)
}

/// In lower case: the targets that there are to be, and those that there are.
fn targets(published: &Published, seen: &Seen) -> BTreeSet<String> {
    let lower = |record: &SrvRecord| record.target.to_ascii_lowercase();
    let own = published.services.iter().flat_map(|service| &service.records).map(lower);
    let mut targets: BTreeSet<String> = own.collect();
    let most = targets.len() + FOREIGN_TARGETS_AT_MOST;
    for target in seen.services.values().flatten().map(lower) {
        if targets.len() < most {
            targets.insert(target);
        }
    }
    targets
}

fn asked(
    server: SocketAddr,
    name: &str,
    record_type: RecordType,
    limits: Limits,
) -> Result<Vec<Found>, Unanswered> {
    let question = Question { name: name.to_owned(), record_type };
    match ask(server, &question, limits) {
        Ok(answer) => Ok(answer.records),
        Err(source) => Err(Unanswered { question, source }),
    }
}

fn srv(found: Found) -> Option<SrvRecord> {
    match found {
        Found::Srv { target, port } => Some(SrvRecord { target, port }),
        Found::Address(_) => None,
    }
}

fn address(found: Found) -> Option<IpAddr> {
    match found {
        Found::Address(address) => Some(address),
        Found::Srv { .. } => None,
    }
}
