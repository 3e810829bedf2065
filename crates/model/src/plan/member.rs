//! The plan of one member: all that its start needs, computed from the zone description alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cluster::{ClusterToken, InitialCluster, InitialMember};
use super::paths::NodePaths;
use super::protection::{AllowedPeers, PlaneProtection};
use super::roles::{Plane, Role};
use crate::config::{Address, EtcdSettings, Node, NodeName, Port, Protocol, Scheme, ZoneConfig};

/// What a plan needs to know of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Whether the kernel offers IPv6.
    pub ipv6: bool,
}

/// Everything that the command line of a member follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlan {
    /// The node.
    pub node: NodeName,
    /// The member as the initial cluster knows it.
    pub member: InitialMember,
    /// The initial cluster.
    pub cluster: InitialCluster,
    /// Where it listens for members. Never a host name: etcd refuses one.
    pub listen_peer: Vec<String>,
    /// Where it listens for clients.
    pub listen_client: Vec<String>,
    /// Where it serves metrics and health without TLS: loopback only, and nowhere if it has no port for it.
    pub listen_metrics: Option<String>,
    /// Where clients reach it.
    pub advertise_client: String,
    /// The role of what it shows to the other members, where the zone issues that.
    pub dials_peers_with: &'static Role,
    /// How its connections with members are protected.
    pub peer_plane: PlaneProtection,
    /// How its connections with clients are protected.
    pub client_plane: PlaneProtection,
    /// How etcd runs.
    pub settings: EtcdSettings,
    /// Where its files are.
    pub paths: NodePaths,
}

/// Why a node has no member plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberPlanError {
    /// The zone description says `member = false`.
    #[error("no member runs on {0}: it has `member = false`")]
    NotAMember(NodeName),
}

impl MemberPlan {
    /// The plan of the member on `node`.
    pub fn new(
        zone: &ZoneConfig,
        node: &Node,
        token: ClusterToken,
        paths: NodePaths,
        host: HostFacts,
    ) -> Result<Self, MemberPlanError> {
        let cluster = InitialCluster::new(zone, token);
        let Some(member) = cluster.member(node.name.short()).cloned() else {
            return Err(MemberPlanError::NotAMember(node.name.clone()));
        };
        let paths = paths.with_data(node.data_directory.as_deref());
        let protection = |plane| PlaneProtection::of(plane, zone, node, &paths);
        Ok(Self {
            node: node.name.clone(),
            member,
            cluster,
            listen_peer: urls(node.scheme, &peer_hosts(node, host), node.peer_port),
            listen_client: urls(node.scheme, &client_hosts(node, host), node.client_port),
            listen_metrics: node.metrics_port.map(|port| format!("http://{}:{port}", Ipv4Addr::LOCALHOST)),
            advertise_client: node.client_url(),
            dials_peers_with: Plane::Peer.dials_with(node),
            peer_plane: protection(Plane::Peer),
            client_plane: protection(Plane::Client),
            settings: zone.etcd.clone(),
            paths,
        })
    }

    /// The same plan, with the peers that may connect.
    pub fn with_allowed_peers(mut self, allowed: Option<AllowedPeers>) -> Self {
        if let PlaneProtection::Mutual(mutual) = &mut self.peer_plane {
            mutual.allowed = allowed;
        }
        self
    }

    /// Every socket on which the member will listen.
    pub fn listeners(&self) -> impl Iterator<Item = &str> {
        self.listen_peer.iter().chain(&self.listen_client).chain(&self.listen_metrics).map(String::as_str)
    }
}

fn peer_hosts(node: &Node, host: HostFacts) -> Vec<IpAddr> {
    match (&node.address, node.protocol) {
        // Gateways forward to 127.0.0.1; at the other address its own URLs work on its own host too.
        (_, Protocol::Cyfs) => {
            [Ipv4Addr::LOCALHOST.into()].into_iter().chain(node.forward_address()).collect()
        }
        (Address::Ip(ip), Protocol::Https) => vec![*ip],
        (Address::Name(_), Protocol::Https) => vec![every_interface(host)],
    }
}

fn client_hosts(node: &Node, host: HostFacts) -> Vec<IpAddr> {
    let mut hosts = peer_hosts(node, host);
    if hosts.iter().all(|ip| !ip.is_loopback() && !ip.is_unspecified()) {
        // So that programs on the node need no name or address of it.
        hosts.push(Ipv4Addr::LOCALHOST.into());
    }
    hosts
}

/// `[::]` takes IPv4 too, but cannot be bound where IPv6 is switched off.
fn every_interface(host: HostFacts) -> IpAddr {
    if host.ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() }
}

fn urls(scheme: Scheme, hosts: &[IpAddr], port: Port) -> Vec<String> {
    let url = |ip: &IpAddr| format!("{}://{}:{port}", scheme.as_str(), Address::Ip(*ip).url_host());
    hosts.iter().map(url).collect()
}
