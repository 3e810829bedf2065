//! What the discovery service of etcd 3.6 and later has of one cluster: an etcd in which the members of
//! another that is being bootstrapped register, until there are as many as were asked for.
//!
//! Keys and values are those of `server/etcdserver/api/v3discovery/discovery.go` in etcd.

use std::collections::BTreeSet;

use super::cluster::{EtcdId, cluster_id, member_id};
use crate::config::{ClusterSize, DiscoveryToken};

/// A member that has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// By its key.
    pub id: EtcdId,
    /// Its name.
    pub name: String,
    /// Its peer URLs.
    pub peer_urls: Vec<String>,
    /// When it registered, as a revision of the service.
    pub revision: i64,
}

/// Characters of what others wrote that are shown.
const SHOWN: usize = 80;

/// What others wrote: its beginning, with special characters escaped.
fn shown(text: &str) -> String {
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    text.chars().take(SHOWN).flat_map(char::escape_debug).chain(more.chars()).collect()
}

/// What is wrong with a registry. Of texts of others the beginning is shown, with special characters escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    /// The size was never set, or was taken away.
    #[error("it has no size: a member that begins with it is refused")]
    NoSize,
    /// etcd reads it as a number.
    #[error("its size is `{}`, which is no number from 1 to {}", shown(.0), ClusterSize::LARGEST)]
    BadSize(String),
    /// An entry that is not `NAME=URL`.
    #[error("`{}` = `{}` is no member", shown(.key), shown(.value))]
    NoMember {
        /// What follows the prefix.
        key: String,
        /// Its value.
        value: String,
    },
    /// The id is not that of the URLs and the token.
    #[error("{} is registered as {found}, and its URLs make {expected}", shown(.name))]
    OtherId {
        /// Its name.
        name: String,
        /// What the key says.
        found: EtcdId,
        /// What etcd will compute.
        expected: EtcdId,
    },
    /// Two have one name.
    #[error("two members are called {}", shown(.0))]
    NameTwice(String),
    /// Two have one URL.
    #[error("two members are reached at {}", shown(.0))]
    UrlTwice(String),
    /// It came when there were enough.
    #[error("{} came when the cluster was full: etcd refuses it", shown(.0))]
    Surplus(String),
}

/// The registry of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// How many members there are to be, while it is open.
    pub size: Option<ClusterSize>,
    /// Whether it was closed, as it should be once its cluster runs.
    pub is_closed: bool,
    /// Those that count, by when they came.
    pub members: Vec<Registration>,
    /// What is wrong.
    pub faults: Vec<RegistryFault>,
}

impl Registry {
    /// Reads the value of the size, and the entries of the members: what follows the prefix in their keys,
    /// their values, and the revisions at which they were made.
    pub fn read(token: &DiscoveryToken, size: Option<&str>, entries: &[(String, String, i64)]) -> Self {
        let mut faults = Vec::new();
        let number = size.and_then(|text| text.parse().ok()).and_then(ClusterSize::new);
        let is_closed = size == Some(DiscoveryToken::CLOSED);
        match (size, number) {
            (Some(_), None) if is_closed => {}
            (None, _) => faults.push(RegistryFault::NoSize),
            (Some(text), None) => faults.push(RegistryFault::BadSize(text.to_owned())),
            (Some(_), Some(_)) => {}
        }
        let mut members = Vec::new();
        for (key, value, revision) in entries {
            match registration(key, value, *revision) {
                Some(member) => members.push(member),
                None => {
                    faults.push(RegistryFault::NoMember { key: key.clone(), value: value.clone() });
                }
            }
        }
        members.sort_by_key(|member| member.revision);
        let (mut names, mut urls) = (BTreeSet::new(), BTreeSet::new());
        for member in &members {
            let sorted: Vec<&str> = member.peer_urls.iter().map(String::as_str).collect();
            let expected = member_id(&sorted, token.as_str());
            if member.id != expected {
                let (name, found) = (member.name.clone(), member.id);
                faults.push(RegistryFault::OtherId { name, found, expected });
            }
            if !names.insert(&member.name) {
                faults.push(RegistryFault::NameTwice(member.name.clone()));
            }
            for url in &member.peer_urls {
                if !urls.insert(url) {
                    faults.push(RegistryFault::UrlTwice(url.clone()));
                }
            }
        }
        let places = number.map_or(members.len(), |size| size.get() as usize);
        let surplus = members.split_off(places.min(members.len()));
        faults.extend(surplus.into_iter().map(|member| RegistryFault::Surplus(member.name)));
        Self { size: number, is_closed, members, faults }
    }

    /// How many members are waited for.
    pub fn missing(&self) -> usize {
        self.size.map_or(0, |size| (size.get() as usize).saturating_sub(self.members.len()))
    }

    /// The id of the cluster that they bootstrap, once all are there.
    pub fn cluster_id(&self) -> Option<EtcdId> {
        let is_whole = self.size.is_some() && self.missing() == 0;
        is_whole.then(|| cluster_id(self.members.iter().map(|member| member.id)))
    }
}

/// `NAME=URL`, or several with one name: `NAME=URL,NAME=URL`.
fn registration(key: &str, value: &str, revision: i64) -> Option<Registration> {
    let id = EtcdId::parse(key)?;
    let pairs: Vec<(&str, &str)> =
        value.split(',').map(|pair| pair.split_once('=')).collect::<Option<_>>()?;
    let (name, _) = *pairs.first()?;
    let is_one = pairs.iter().all(|(other, url)| *other == name && url.contains("://"));
    (is_one && !name.is_empty()).then(|| Registration {
        id,
        name: name.to_owned(),
        peer_urls: pairs.iter().map(|(_, url)| (*url).to_owned()).collect(),
        revision,
    })
}
