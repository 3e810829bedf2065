//! The forwards that a host needs to reach members behind gateways.

use super::roles::Plane;
use crate::config::{Address, Node, NodeName, Port, ZoneConfig};

/// What a host has to have listen for a member that is reached through a gateway: it leads to the same port
/// on loopback of the member's host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The member's node.
    pub node: NodeName,
    /// For members, or for clients.
    pub plane: Plane,
    /// Where it listens: the host of the member's URLs, which is the same on every host.
    pub address: Address,
    /// The port, on both hosts.
    pub port: Port,
}

impl Forward {
    /// The forward to the member on `node` for one plane, if it is behind a gateway.
    pub fn to(node: &Node, plane: Plane) -> Option<Self> {
        let port = match plane {
            Plane::Peer => node.peer_port,
            Plane::Client => node.client_port,
        };
        let forward = Self { node: node.name.clone(), plane, address: node.address.clone(), port };
        node.is_behind_gateway().then_some(forward)
    }

    /// All that the host of `node` needs, in the order of the members.
    pub fn on(zone: &ZoneConfig, node: &Node) -> Vec<Self> {
        let others = zone.members().filter(|other| other.name != node.name);
        others.flat_map(|other| Plane::ALL.into_iter().filter_map(|plane| Self::to(other, plane))).collect()
    }

    /// Where it listens.
    pub fn listens_at(&self) -> String {
        format!("{}:{}", self.address.url_host(), self.port)
    }

    /// The line for the gateway of the host.
    pub fn gateway_line(&self) -> String {
        format!("bind {}, forward rtcp://{}/:{}", self.listens_at(), self.node.full(), self.port)
    }
}
