//! What follows from the zone description for the whole cluster, the same bytes on every node.

use std::fmt;

use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY};

use crate::config::{Node, ZoneConfig, ZoneName};

/// A URL at which members reach a member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerUrl {
    text: String,
    host: String,
    port: u16,
}

impl PeerUrl {
    /// The peer URL of a node.
    pub fn of(node: &Node) -> Self {
        Self { text: node.peer_url(), host: node.address.to_string(), port: node.peer_port.number() }
    }

    /// One that [`Display`](fmt::Display) has printed. Only its text is believed: ids follow from that.
    pub fn parse(text: &str) -> Self {
        let authority = text.split_once("://").map_or(text, |(_, authority)| authority);
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { text: text.to_owned(), host, port: port.parse().unwrap_or_default() }
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for PeerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The value of `--initial-cluster-token`. It goes into every id, so that two clusters never mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterToken(String);

impl ClusterToken {
    /// The token of a zone whose root CA has the public key (SPKI) with this SHA-256.
    pub fn derive(zone: &ZoneName, root_key_sha256: &[u8; 32]) -> Self {
        Self(format!("{zone}-{}", zone_pki::hex::encode(&root_key_sha256[..8])))
    }

    /// A token that the configuration gives.
    pub fn given(token: &str) -> Self {
        Self(token.to_owned())
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id of a member or a cluster. etcd prints it in hexadecimal without leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EtcdId(pub u64);

impl EtcdId {
    /// Reads etcd's hexadecimal form.
    pub fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Debug for EtcdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for EtcdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A member as the static bootstrap knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialMember {
    /// etcd's `--name`: the node's short name.
    pub name: String,
    /// Where the other members reach it.
    pub peer_url: PeerUrl,
    /// The id that etcd will give it.
    pub id: EtcdId,
}

/// The static initial cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialCluster {
    /// The members, sorted by name.
    pub members: Vec<InitialMember>,
    /// The token.
    pub token: ClusterToken,
    /// The id that etcd will give the cluster.
    pub id: EtcdId,
}

impl InitialCluster {
    /// The initial cluster of a zone.
    pub fn new(zone: &ZoneConfig, token: ClusterToken) -> Self {
        Self::of(zone.members().map(|node| (node.name.short().to_owned(), PeerUrl::of(node))), token)
    }

    /// The initial cluster of members by these names and URLs.
    pub fn of(members: impl Iterator<Item = (String, PeerUrl)>, token: ClusterToken) -> Self {
        let mut members: Vec<InitialMember> = members
            .map(|(name, peer_url)| {
                let id = member_id(&[peer_url.as_str()], token.as_str());
                InitialMember { name, peer_url, id }
            })
            .collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        let id = cluster_id(members.iter().map(|member| member.id));
        Self { members, token, id }
    }

    /// The value of `--initial-cluster`.
    pub fn flag_value(&self) -> String {
        let pairs: Vec<String> =
            self.members.iter().map(|member| format!("{}={}", member.name, member.peer_url)).collect();
        pairs.join(",")
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&InitialMember> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// The id of a member at bootstrap: the first 8 bytes, big endian, of SHA-1 over its peer URLs, sorted and
/// concatenated, followed by the token (`computeMemberID` in etcd's
/// `server/etcdserver/api/membership/member.go`).
pub fn member_id(peer_urls: &[&str], token: &str) -> EtcdId {
    let mut sorted = peer_urls.to_vec();
    sorted.sort_unstable();
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for url in sorted {
        hash.update(url.as_bytes());
    }
    hash.update(token.as_bytes());
    first_eight_bytes(&hash.finish())
}

/// The id of a cluster: the same over the ids of its first members in ascending order, 8 bytes big endian
/// each (`genID` in etcd's `server/etcdserver/api/membership/cluster.go`).
pub fn cluster_id(members: impl Iterator<Item = EtcdId>) -> EtcdId {
    let mut ids: Vec<EtcdId> = members.collect();
    ids.sort_unstable();
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for id in ids {
        hash.update(&id.0.to_be_bytes());
    }
    first_eight_bytes(&hash.finish())
}

fn first_eight_bytes(digest: &Digest) -> EtcdId {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_ref()[..8]);
    EtcdId(u64::from_be_bytes(bytes))
}
