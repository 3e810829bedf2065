//! Asks another member, over the peer plane and as its peer, for the cluster that it serves.
//!
//! `/members` and `/version` are what etcd's own members ask each other before they start
//! (`server/etcdserver/api/etcdhttp/peer.go`). Both are answered from what that member knows, without a
//! quorum.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde::Deserialize;
use zone_pki::{Certificate, RevocationList, SubjectAltName};

use super::EtcdVersion;
use crate::tls::{Connection, DialError, Lines, MaterialError, PROTOCOL, Reply, Side, Spoken, Stage, Target};
use model::foreign_text;
use model::plan::{EtcdId, Ids, LiveCluster, LiveMember, PeerState};

/// The lowest cluster version that every supported etcd names as its own (`MinClusterVersion` in
/// `api/version/version.go`).
const LOWEST_CLUSTER_VERSION: &str = "3.0.0";

/// A caller that waits until the same instant has to receive the answer in time.
const TIME_TO_TELL: Duration = Duration::from_millis(200);

#[derive(Clone, Debug)]
pub struct PeerQuestion {
    /// None for plain text.
    tls: Option<Arc<ClientConfig>>,
    /// The member that its own data says we are, to ask whether it was removed.
    ids: Option<Ids>,
    /// The version of the etcd that would be started.
    version: EtcdVersion,
    /// The addresses in the certificate that is presented; none if it has no names at all, and is taken from
    /// anywhere.
    addresses: Option<Vec<IpAddr>>,
    revoked: Option<Arc<RevocationList>>,
}

#[derive(Debug)]
pub enum Heard {
    State(PeerState),
    /// A start of it waits there, and says what it shows.
    Lines {
        lines: Lines,
        /// What to say if it takes no connection from our address.
        refused: String,
    },
}

/// Why a reply tells of no cluster.
#[derive(Debug, thiserror::Error)]
enum ReplyError {
    #[error("it answers /members with HTTP status {0}")]
    Status(u16),
    #[error("its answer names no cluster")]
    NoCluster,
    #[error("its list of members cannot be read: {0}")]
    Members(serde_json::Error),
    #[error("its list of members names {0} twice")]
    Twice(String),
}

impl PeerQuestion {
    /// Asks as a peer: presents and trusts what the member does.
    pub fn new(side: &Side, ids: Option<Ids>, version: EtcdVersion) -> Result<Self, MaterialError> {
        let (mut config, _) = side.trust.client(Some(&side.pair))?;
        // etcd knows the second alone, and a start that waits the first.
        config.alpn_protocols = vec![PROTOCOL.to_vec(), b"http/1.1".to_vec()];
        let address = |name: &SubjectAltName| match name {
            SubjectAltName::Ip(address) => Some(*address),
            SubjectAltName::Dns(_) => None,
        };
        let leaf = side.pair.leaf();
        let names = leaf.as_ref().map(Certificate::names).filter(|names| !names.is_empty());
        let addresses = names.map(|names| names.iter().filter_map(address).collect());
        Ok(Self { tls: Some(Arc::new(config)), ids, version, addresses, revoked: None })
    }

    /// Asks in a zone in which no member shows a certificate: over TLS without verification, or in plain
    /// text.
    pub fn unauthenticated(tls: Option<Arc<ClientConfig>>, ids: Option<Ids>, version: EtcdVersion) -> Self {
        Self { tls, ids, version, addresses: None, revoked: None }
    }

    /// The same, with a list of revoked certificates.
    pub fn refusing(mut self, revoked: Option<Arc<RevocationList>>) -> Self {
        self.revoked = revoked;
        self
    }

    /// Asks the member at `target`, and knows what to say a moment before `deadline`. `bound` is called when
    /// its port turns out to be bound, which can be long before it is served.
    pub fn ask(&self, target: &Target, deadline: Instant, bound: impl FnOnce()) -> Heard {
        let connection = match Connection::open(target, deadline) {
            Ok(connection) => connection,
            Err(error) => return Heard::State(PeerState::Absent(error.to_string())),
        };
        bound();
        let deadline = deadline.checked_sub(TIME_TO_TELL).unwrap_or(deadline);
        let local = connection.local_address();
        // In plain text nothing but a header can offer another protocol; etcd takes no notice of it.
        let upgrade: &[(&str, &str)] = match self.tls {
            None => &[("Upgrade", "zone-etcd/1")],
            Some(_) => &[],
        };
        let reply = match connection.ask(target, self.tls.clone(), "/members", upgrade, deadline) {
            Ok(Spoken::Reply(reply)) => reply,
            Ok(Spoken::Lines(lines)) if self.is_revoked(&lines) => {
                return Heard::State(PeerState::Unusable("its certificate was revoked".to_owned()));
            }
            Ok(Spoken::Lines(lines)) => {
                return Heard::Lines { lines, refused: self.refused_from(local) };
            }
            Err(error) => return Heard::State(self.state_after(&error, local)),
        };
        Heard::State(match cluster_of(&reply) {
            Ok(cluster) => {
                let removed = self.is_removed(target, &cluster, deadline);
                let cluster_minor = self.cluster_minor(target, &cluster, deadline);
                PeerState::Serves { cluster, removed, cluster_minor }
            }
            Err(error) => PeerState::Unusable(error.to_string()),
        })
    }

    /// Whether the other side presented a certificate that is on our list. etcd looks at who dials only; a
    /// start looks at both.
    fn is_revoked(&self, lines: &Lines) -> bool {
        let list = self.revoked.as_deref();
        list.zip(lines.certificate()).is_some_and(|(list, certificate)| list.lists(&certificate))
    }

    fn state_after(&self, error: &DialError, local: Option<IpAddr>) -> PeerState {
        match error {
            DialError::TimedOut(Stage::Handshake) => PeerState::Starts,
            // A start of an older version of this program closes a connection as soon as it takes it.
            DialError::Closed(Stage::Handshake) => PeerState::Closes,
            DialError::Closed(Stage::Reply) => PeerState::Unusable(self.refused_from(local)),
            other => PeerState::Unusable(other.to_string()),
        }
    }

    /// Why a member closes the connection once it has seen our certificate: etcd compares it with the address
    /// that the connection comes from (`checkCertSAN` in `client/pkg/transport/listener_tls.go`), and with
    /// its revocation list.
    fn refused_from(&self, local: Option<IpAddr>) -> String {
        let closes = "it closes the connection after our certificate";
        match (local, &self.addresses) {
            (Some(local), Some(addresses)) if !addresses.contains(&local) => format!(
                "{closes}: this machine sends from {local}, which is not in it; write sans = [\"{local}\"] \
                 in this [[node]] of zone.toml, or nat = true if others see yet another address"
            ),
            (Some(local), Some(_)) => format!(
                "{closes}: if what this machine sends from {local} arrives from another address, write nat = \
                 true in this [[node]] of zone.toml; otherwise look into the log there"
            ),
            _ => format!("{closes}: it may have been revoked; look into the log there"),
        }
    }

    /// Whether that member refuses us as one that was removed. Its answer to a stream is 410 then, 404 when
    /// it does not know us (it may be behind), and 412 here in any other case, since the stream is addressed
    /// to no member (`streamHandler` in `server/etcdserver/api/rafthttp/http.go`).
    fn is_removed(&self, target: &Target, cluster: &LiveCluster, deadline: Instant) -> bool {
        let Some(ids) = self.ids else { return false };
        if cluster.id != ids.cluster || cluster.member(ids.member).is_some() {
            return false;
        }
        let path = format!("/raft/stream/message/{}", ids.member);
        let (version, cluster) = (self.version.to_string(), cluster.id.to_string());
        let headers = [
            ("X-Server-Version", version.as_str()),
            ("X-Min-Cluster-Version", LOWEST_CLUSTER_VERSION),
            ("X-Etcd-Cluster-ID", cluster.as_str()),
            ("X-Raft-To", "0"),
        ];
        crate::tls::get(target, self.tls.clone(), &path, &headers, deadline)
            .is_ok_and(|reply| reply.status == 410)
    }

    /// The minor version that the cluster runs as. Only who has no data needs to know: it is about to join.
    /// While a cluster is bootstrapped it has no version yet, and its members are not delayed.
    fn cluster_minor(&self, target: &Target, cluster: &LiveCluster, deadline: Instant) -> Option<u64> {
        if self.ids.is_some() || !cluster.members.iter().any(LiveMember::has_run) {
            return None;
        }
        #[derive(Deserialize)]
        struct Versions {
            etcdcluster: String,
        }
        let reply = crate::tls::get(target, self.tls.clone(), "/version", &[], deadline).ok()?;
        let versions: Versions = foreign_text::json(&reply.body).ok()?;
        // It is `not_decided` until there is a leader.
        versions.etcdcluster.parse::<EtcdVersion>().ok().map(|version| version.minor)
    }
}

/// `Member` of `server/etcdserver/api/membership/member.go` as JSON.
#[derive(Deserialize)]
struct MemberDocument {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "peerURLs")]
    peer_urls: Vec<String>,
    #[serde(default, rename = "clientURLs")]
    client_urls: Vec<String>,
    #[serde(default, rename = "isLearner")]
    learner: bool,
}

fn cluster_of(reply: &Reply) -> Result<LiveCluster, ReplyError> {
    if reply.status != 200 {
        return Err(ReplyError::Status(reply.status));
    }
    let id = reply.header("x-etcd-cluster-id").and_then(EtcdId::parse).ok_or(ReplyError::NoCluster)?;
    // `null` of a member that has applied nothing of its log yet.
    let documents: Option<Vec<MemberDocument>> =
        foreign_text::json(&reply.body).map_err(ReplyError::Members)?;
    let documents = documents.unwrap_or_default();
    let mut urls = HashSet::new();
    for url in documents.iter().flat_map(|document| &document.peer_urls) {
        // etcd takes no member whose URL another one has (`ErrPeerURLexists`), so this is no list of a
        // cluster.
        if !urls.insert(url) {
            return Err(ReplyError::Twice(url.clone()));
        }
    }
    let members = documents.into_iter().map(|document| LiveMember {
        id: EtcdId(document.id),
        name: document.name,
        peer_urls: document.peer_urls,
        client_urls: document.client_urls,
        learner: document.learner,
    });
    Ok(LiveCluster { id, members: members.collect() })
}
