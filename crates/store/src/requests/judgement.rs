//! What the signing host thinks of a node's requests. Only the keys of requests are ever used, so what is
//! refused are keys: those without proof of possession, those of another holder, and those that are not the
//! node's any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use time::OffsetDateTime;
use zone_pki::{CertificateRequest, LogEntry, SubjectAltName, Visible, hex, instant};

use super::file::RequestFile;
use crate::zone_directory::Authorities;
use model::config::{Address, Node, ZoneConfig};
use model::plan::{NamesRule, PEER_CLIENT, Role, roles_of};

/// What is known where the requests are judged.
#[derive(Debug)]
pub struct Known<'k> {
    pub zone: &'k ZoneConfig,
    pub authorities: &'k Authorities,
    /// Everything that was issued, oldest first.
    pub issued: &'k [LogEntry],
    /// Whether the operator says that the node's keys are to be replaced.
    pub may_replace: bool,
    pub now: OffsetDateTime,
}

/// Requests that may be signed.
#[derive(Debug)]
pub struct Judged {
    pub requests: BTreeMap<&'static str, CertificateRequest>,
    /// What they ask for and do not get, or get without asking.
    pub differences: Vec<Difference>,
}

/// A difference between what is asked for and `zone.toml`, which decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The machine believes to have a name or an address that `zone.toml` does not give the node.
    Asked(Vec<&'static str>, String),
    /// `zone.toml` gives the node a name or an address that the machine does not know of.
    NotAsked(Vec<&'static str>, String),
    Authority(&'static str),
    /// It calls itself otherwise.
    CommonName(&'static str, String),
    /// A certificate that the node does not need.
    Unused(&'static str),
}

/// Why requests are not signed, one for each thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A certificate that the node has to have is not asked for.
    #[error("there is no request for the role {0}")]
    Missing(&'static str),
    /// There is no proof of possession of the key.
    #[error("{role}: {why}")]
    Unproven { role: &'static str, why: String },
    /// One key for two roles: who has the one certificate would have the other.
    #[error("{0} and {1} have the same key, and each role has to have its own")]
    Shared(&'static str, &'static str),
    #[error("{role} has the key of the {authority} CA")]
    Authority { role: &'static str, authority: &'static str },
    /// The key of another holder, or of another role.
    #[error("{role} has the key of {} of {}, issued at {}", other.role, other.node, instant(other.issued_at))]
    Others {
        role: &'static str,
        /// The certificate that has the key already.
        other: Box<LogEntry>,
    },
    /// The node has had another key since.
    #[error("{role} has a key that was replaced by another at {}", instant(*at))]
    Superseded { role: &'static str, at: OffsetDateTime },
    #[error("{role} has a key whose certificate was revoked at {}", instant(*at))]
    Revoked { role: &'static str, at: OffsetDateTime },
    /// The node has a certificate with another key, which is still valid.
    #[error(
        "{role} has a new key, and the node has a certificate with another one until {}",
        instant(*until)
    )]
    Replaces { role: &'static str, until: OffsetDateTime },
}

/// Compares the requests with what is known. Either all that the node needs can be signed, or everything that
/// is wrong.
pub fn judge(file: &RequestFile, node: &Node, known: &Known<'_>) -> Result<Judged, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut judged = Judged { requests: BTreeMap::new(), differences: Vec::new() };
    let mut keys: BTreeMap<[u8; 32], &'static str> = BTreeMap::new();
    for role in roles_of(node) {
        let Some(request) = file.request(role) else {
            refusals.push(Refusal::Missing(role.stem));
            continue;
        };
        if let Some(other) = keys.insert(request.subject_public_key_sha256(), role.stem) {
            refusals.push(Refusal::Shared(other, role.stem));
        }
        refusals.extend(judge_key(role, request, node, known));
        for difference in differences(role, request, node, known.zone) {
            add(&mut judged.differences, difference);
        }
        judged.requests.insert(role.stem, request.clone());
    }
    let unused = file.requests.iter().map(|request| request.role.stem);
    // Every node asks for it, since only the zone knows which connections are translated.
    let unused = unused.filter(|stem| !judged.requests.contains_key(stem) && *stem != PEER_CLIENT.stem);
    let unused: Vec<Difference> = unused.map(Difference::Unused).collect();
    judged.differences.extend(unused);
    if refusals.is_empty() { Ok(judged) } else { Err(refusals) }
}

fn judge_key(
    role: &'static Role,
    request: &CertificateRequest,
    node: &Node,
    known: &Known<'_>,
) -> Option<Refusal> {
    if let Err(error) = request.verify() {
        return Some(Refusal::Unproven { role: role.stem, why: error.to_string() });
    }
    let is_of = |certificate: &zone_pki::Certificate| {
        certificate.subject_public_key_info() == request.subject_public_key_info()
    };
    if let Some((authority, _)) = known.authorities.all().into_iter().find(|(_, each)| is_of(each)) {
        return Some(Refusal::Authority { role: role.stem, authority });
    }
    let key = hex::encode(&request.subject_public_key_sha256());
    let is_own = |entry: &LogEntry| entry.node == node.name.full() && entry.role == role.name;
    if let Some(other) = known.issued.iter().find(|entry| entry.key_sha256 == key && !is_own(entry)) {
        return Some(Refusal::Others { role: role.stem, other: Box::new(other.clone()) });
    }
    let mut revoked = known.issued.iter().filter(|entry| entry.key_sha256 == key);
    if let Some(mark) = revoked.find_map(|entry| entry.revoked) {
        return Some(Refusal::Revoked { role: role.stem, at: mark.at });
    }
    let latest = known.issued.iter().rfind(|entry| is_own(entry)).filter(|entry| entry.key_sha256 != key)?;
    if known.issued.iter().any(|entry| entry.key_sha256 == key) {
        return Some(Refusal::Superseded { role: role.stem, at: latest.issued_at });
    }
    let is_live = latest.not_after > known.now && latest.revoked.is_none();
    (is_live && !known.may_replace).then_some(Refusal::Replaces { role: role.stem, until: latest.not_after })
}

fn differences(
    role: &'static Role,
    request: &CertificateRequest,
    node: &Node,
    zone: &ZoneConfig,
) -> Vec<Difference> {
    let mut found = Vec::new();
    if request.asks_for_authority() {
        found.push(Difference::Authority(role.stem));
    }
    if let Some(name) = request.common_name().filter(|name| *name != node.name.full()) {
        found.push(Difference::CommonName(role.stem, name.to_owned()));
    }
    if role.names == NamesRule::None {
        let asked = request.names().iter().map(|name| Difference::Asked(vec![role.stem], name.to_string()));
        found.extend(asked);
        return found;
    }
    let given = role.node_spec(zone, node, &[]).names;
    let is_given = |name: &SubjectAltName| given.contains(name) || is_short_name(name, node);
    let asked = request.names().iter().filter(|name| !is_given(name));
    found.extend(asked.map(|name| Difference::Asked(vec![role.stem], name.to_string())));
    let missing = own(node).into_iter().filter(|name| !request.names().contains(name));
    found.extend(missing.map(|name| Difference::NotAsked(vec![role.stem], name.to_string())));
    found
}

/// The same name in several requests is one difference.
fn add(differences: &mut Vec<Difference>, new: Difference) {
    for known in differences.iter_mut() {
        let (roles, more) = match (known, &new) {
            (Difference::Asked(roles, name), Difference::Asked(more, same)) if name == same => (roles, more),
            (Difference::NotAsked(roles, name), Difference::NotAsked(more, same)) if name == same => {
                (roles, more)
            }
            _ => continue,
        };
        roles.extend(more);
        return;
    }
    differences.push(new);
}

fn is_short_name(name: &SubjectAltName, node: &Node) -> bool {
    matches!(name, SubjectAltName::Dns(dns) if dns == node.name.short())
}

/// What `zone.toml` says of the node itself, and a machine can know. No machine asks for loopback, which
/// every certificate has.
fn own(node: &Node) -> BTreeSet<SubjectAltName> {
    let address = match &node.address {
        Address::Ip(ip) => SubjectAltName::Ip(*ip),
        Address::Name(name) => SubjectAltName::Dns(name.as_str().to_owned()),
    };
    let is_loopback = |name: &SubjectAltName| matches!(name, SubjectAltName::Ip(ip) if ip.is_loopback());
    node.names.iter().cloned().chain([address]).filter(|name| !is_loopback(name)).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(roles, name) => {
                write!(
                    f,
                    "{}: asked for {name}, which zone.toml does not give it: left out",
                    roles.join(", ")
                )
            }
            Self::NotAsked(roles, name) => {
                let roles = roles.join(", ");
                write!(f, "{roles}: {name} is in zone.toml, and the machine did not ask for it: put in")
            }
            Self::Authority(role) => write!(f, "{role}: asked to be a CA: left out"),
            Self::CommonName(role, name) => write!(f, "{role}: calls itself {}: left out", Visible(name)),
            Self::Unused(role) => write!(f, "{role}: this node has no such certificate: left out"),
        }
    }
}
