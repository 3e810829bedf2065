//! What is found out by asking: the other members, name servers, the disk.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{NAMES_LIMIT, NodeCheck};
use etcd::tls::{self, MaterialError, Peer, PeerAnswer, Probe, Question, Side, Target};
use host::{self, DiskProbe};
use model::config::{Address, Node};
use model::foreign_text;
use model::plan::{Forward, MemberPlan, NODE_CLIENT, PeerUrl, Plane};

/// How long the other members may take to answer.
const PEERS_LIMIT: Duration = Duration::from_millis(1500);

/// What is found out by asking others, all at the same time.
pub(super) struct Answers {
    pub(super) disk: Option<Result<DiskProbe, String>>,
    pub(super) peers: Option<Result<Vec<PeerAnswer>, String>>,
    /// Of forwards to client ports.
    pub(super) forwards: Vec<(Forward, Probe)>,
    pub(super) resolved: BTreeMap<String, Result<Vec<IpAddr>, String>>,
}

fn peer(node: &Node) -> Peer {
    let host = match &node.address {
        Address::Ip(ip) => ip.to_string(),
        Address::Name(name) => name.to_string(),
    };
    Peer {
        node: node.name.short().to_owned(),
        url: PeerUrl::of(node).to_string(),
        target: Target { host, port: node.peer_port.number() },
    }
}

impl NodeCheck<'_> {
    pub(super) fn peers(&self) -> Vec<Peer> {
        let others = self.site.config().members().filter(|node| node.name != self.node.name);
        others.map(peer).collect()
    }

    /// The side of the member when it dials its peers.
    fn peer_side(&self) -> Result<Side, MaterialError> {
        self.side(self.presented().stem, Plane::Peer.authority_file())
    }

    /// `runs` tells whether the member of this node does: it is asked as its peers ask it, too.
    pub(super) fn ask(&self, member: &MemberPlan, with_disk: bool, runs: bool) -> Answers {
        let names: Vec<String> = self
            .site
            .config()
            .members()
            .filter_map(|node| match &node.address {
                Address::Name(name) => Some(name.to_string()),
                Address::Ip(_) => None,
            })
            .collect();
        let mut peers = self.peers();
        peers.extend(runs.then(|| peer(self.node)));
        let data = member.paths.data();
        let side = self.peer_side();
        let forwards = Forward::on(self.site.config(), self.node);
        let forwards = forwards.into_iter().filter(|forward| forward.plane == Plane::Client).collect();
        std::thread::scope(|scope| {
            let disk = with_disk.then(|| host::beside(scope, || host::probe_disk(&data)));
            let resolved = host::beside(scope, || host::resolve(names, NAMES_LIMIT));
            let forwards = host::beside(scope, || self.dial_clients(forwards));
            let peers = (!peers.is_empty()).then(|| {
                let probed = side.and_then(|side| tls::probe_peers(peers, &side, PEERS_LIMIT));
                probed.map_err(|error| error.to_string())
            });
            Answers {
                disk: disk.map(host::Beside::join),
                peers,
                forwards: forwards.join(),
                resolved: resolved.join(),
            }
        })
    }

    /// Dials client ports through forwards, as the client that this node is. Without its certificate that
    /// cannot be done, which is told elsewhere.
    fn dial_clients(&self, forwards: Vec<Forward>) -> Vec<(Forward, Probe)> {
        if forwards.is_empty() {
            return Vec::new();
        }
        let Ok(side) = self.side(NODE_CLIENT.stem, Plane::Client.authority_file()) else { return Vec::new() };
        let question = |forward: &Forward| {
            let host = forward.address.to_string();
            let (config, seen) = side.trust.client(Some(&side.pair)).ok()?;
            let target = Target { host, port: forward.port.number() };
            Some(Question { target, config: Arc::new(config), seen })
        };
        let Some(questions) = forwards.iter().map(question).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        forwards.into_iter().zip(tls::probe_all(questions, Instant::now() + PEERS_LIMIT)).collect()
    }

    /// Asks the first peer that answered for the member list, and remembers where it has this node.
    pub(super) fn ask_for_list(&mut self, answers: &[PeerAnswer]) {
        let mut others = self.others(answers).into_iter();
        let Some(answer) = others.find(|answer| answer.probe.reply.is_ok()) else { return };
        let own_url = PeerUrl::of(self.node).to_string();
        let listed =
            self.peer_side().ok().and_then(|side| listed_urls(&answer.peer, &side, self.node, &own_url));
        if let Some((peer_urls, client_urls)) = listed {
            self.add_listed(&peer_urls, &client_urls);
        }
    }
}

/// Where the member list of a peer has this node: at which URLs for peers and for clients.
fn listed_urls(peer: &Peer, side: &Side, node: &Node, own_url: &str) -> Option<(Vec<String>, Vec<String>)> {
    #[derive(serde::Deserialize)]
    struct Listed {
        #[serde(rename = "peerURLs", default)]
        peer_urls: Vec<String>,
        #[serde(rename = "clientURLs", default)]
        client_urls: Vec<String>,
        #[serde(default)]
        name: String,
    }
    let (config, _) = side.trust.client(Some(&side.pair)).ok()?;
    let deadline = Instant::now() + PEERS_LIMIT / 3;
    let reply = tls::get(&peer.target, Arc::new(config), "/members", &[], deadline).ok()?;
    let listed: Vec<Listed> = foreign_text::json(&reply.body).ok()?;
    let own = listed.into_iter().find(|member| {
        member.name == node.name.short() || member.peer_urls.iter().any(|url| url == own_url)
    })?;
    Some((own.peer_urls, own.client_urls))
}
