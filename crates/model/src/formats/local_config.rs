//! `node.json` as bundles bring it. What else may be in one, and how it is read, is in [`LocalConfig`].

use std::path::Path;

use serde::Serialize;

use crate::config::{LocalConfig, Node, NodeName, ZoneConfig};
use crate::plan::{NODE_CLIENT, ROOT_FILE};

/// Where the generations are in the directory of a node that was activated.
const GENERATIONS: &str = "pki";

/// The members of a zone, as the `node.json` of each of its nodes has them: made once for all bundles.
#[derive(Clone, Debug, Serialize)]
pub struct LocalMembers(Vec<LocalMember>);

#[derive(Clone, Debug, Serialize)]
struct LocalMember {
    node_name: String,
    protocol: &'static str,
    address: String,
    peer_port: u16,
    client_port: u16,
}

impl LocalMember {
    fn of(node: &Node) -> Self {
        Self {
            node_name: node.name.full().to_owned(),
            protocol: node.protocol.as_str(),
            address: node.address.to_string(),
            peer_port: node.peer_port.number(),
            client_port: node.client_port.number(),
        }
    }
}

impl LocalMembers {
    /// The members of a zone.
    pub fn of(zone: &ZoneConfig) -> Self {
        Self(zone.members().map(LocalMember::of).collect())
    }

    /// These members.
    pub fn of_nodes(nodes: &[Node]) -> Self {
        Self(nodes.iter().map(LocalMember::of).collect())
    }

    /// The text of the `node.json` that a node has in its bundles. Paths are relative to the node directory.
    ///
    /// # Errors
    /// JSON cannot be made.
    pub fn local_config(&self, node: &NodeName) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct File<'m> {
            name: &'m str,
            ca: String,
            cert: String,
            key: String,
            pki: &'static str,
            etcd: &'m LocalMembers,
        }
        let current = |file: &str| format!("{GENERATIONS}/current/{file}");
        serde_json::to_vec_pretty(&File {
            name: node.full(),
            ca: current(ROOT_FILE),
            cert: current(&NODE_CLIENT.certificate_file()),
            key: current(&NODE_CLIENT.key_file()),
            pki: GENERATIONS,
            etcd: self,
        })
    }
}

/// Whether a local config is what a bundle brings to this node.
pub fn is_of_bundle(local: &LocalConfig, node: &str) -> bool {
    local.name.as_str() == node && local.pki.as_deref() == Some(Path::new(GENERATIONS))
}
