//! What is found out by asking: the other members, name servers, the disk.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{NAMES_LIMIT, NodeCheck};
use crate::config::{Address, Node};
use crate::host::{self, DiskProbe};
use crate::others;
use crate::plan::{MemberPlan, PeerUrl, Plane};
use crate::tls::{self, Peer, PeerAnswer, Target};

/// How long the other members may take to answer.
const PEERS_LIMIT: Duration = Duration::from_millis(1500);

/// What is found out by asking others, all at the same time.
pub(super) struct Asked {
    pub(super) disk: Option<Result<DiskProbe, String>>,
    pub(super) peers: Option<Result<Vec<PeerAnswer>, String>>,
    pub(super) resolved: BTreeMap<String, Result<Vec<IpAddr>, String>>,
}

impl NodeCheck<'_> {
    pub(super) fn peers(&self) -> Vec<Peer> {
        let others = self.site.config().members().filter(|node| node.name != self.node.name);
        others
            .map(|node| {
                let host = match &node.address {
                    Address::Ip(ip) => ip.to_string(),
                    Address::Name(name) => name.to_string(),
                };
                Peer {
                    node: node.name.short().to_owned(),
                    url: PeerUrl::of(node).to_string(),
                    target: Target { host, port: node.peer_port.number() },
                }
            })
            .collect()
    }

    pub(super) fn ask(&self, member: &MemberPlan, with_disk: bool) -> Asked {
        let names: Vec<String> = self
            .site
            .config()
            .members()
            .filter_map(|node| match &node.address {
                Address::Name(name) => Some(name.to_string()),
                Address::Ip(_) => None,
            })
            .collect();
        let peers = self.peers();
        let data = member.paths.data();
        let stem = self.presented();
        std::thread::scope(|scope| {
            let disk = with_disk.then(|| host::beside(scope, || host::probe_disk(&data)));
            let resolved = host::beside(scope, || host::resolve(names, NAMES_LIMIT));
            let peers = (!peers.is_empty()).then(|| {
                tls::probe_peers(peers, &self.files.directory, stem, PEERS_LIMIT)
                    .map_err(|error| error.to_string())
            });
            Asked { disk: disk.map(host::Beside::join), peers, resolved: resolved.join() }
        })
    }

    /// Asks the first peer that answered for the member list, and remembers where it has this node.
    pub(super) fn ask_for_list(&mut self, answers: &[PeerAnswer]) {
        let Some(answer) = answers.iter().find(|answer| answer.reply.is_ok()) else { return };
        let own_url = PeerUrl::of(self.node).to_string();
        let Some((peer_urls, client_urls)) =
            listed_urls(&answer.peer, &self.files.directory, self.presented(), self.node, &own_url)
        else {
            return;
        };
        self.add_listed(&peer_urls, &client_urls);
    }
}

/// Where the member list of a peer has this node: at which URLs for peers and for clients.
fn listed_urls(
    peer: &Peer,
    generation: &std::path::Path,
    stem: &str,
    node: &Node,
    own_url: &str,
) -> Option<(Vec<String>, Vec<String>)> {
    #[derive(serde::Deserialize)]
    struct Listed {
        #[serde(rename = "peerURLs", default)]
        peer_urls: Vec<String>,
        #[serde(rename = "clientURLs", default)]
        client_urls: Vec<String>,
        #[serde(default)]
        name: String,
    }
    let pair = tls::KeyPair::load(generation, stem).ok()?;
    let trust = tls::Trust::load(&generation.join(Plane::Peer.authority_file())).ok()?;
    let (config, _) = trust.client(Some(&pair)).ok()?;
    let deadline = Instant::now() + PEERS_LIMIT / 3;
    let reply = tls::get(&peer.target, std::sync::Arc::new(config), "/members", &[], deadline).ok()?;
    let listed: Vec<Listed> = others::json(&reply.body).ok()?;
    let own = listed.into_iter().find(|member| {
        member.name == node.name.short() || member.peer_urls.iter().any(|url| url == own_url)
    })?;
    Some((own.peer_urls, own.client_urls))
}
