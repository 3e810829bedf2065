//! What a registry makes of the zone. Pure.

use model::config::{
    Address, ClusterSize, DiscoveryToken, Node, NodeName, Port, RegistryDiscovery, ZoneName,
};
use model::foreign_text::said;
use model::plan::{EtcdId, Registration, Registry, RegistryFault, member_id};

/// This node, as it registers.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) node: Node,
    pub(super) id: EtcdId,
    /// The value of its entry, as etcd itself writes it.
    pub(super) entry: String,
}

impl Own {
    pub(super) fn new(name: NodeName, registry: &RegistryDiscovery) -> Self {
        let address = registry.address.clone();
        let node = Node::new(name, address, registry.peer_port, registry.client_port);
        let url = node.peer_url();
        Self {
            id: member_id(&[&url], registry.token.as_str()),
            entry: format!("{}={url}", node.name.short()),
            node,
        }
    }

    fn is(&self, member: &Registration) -> bool {
        member.id == self.id
    }
}

/// How far a registry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The node has no entry yet, and there is a place for it.
    Unregistered {
        /// Who is there.
        present: Vec<String>,
    },
    /// Others are waited for.
    Waiting {
        /// Who is there, by name.
        present: Vec<String>,
        /// How many are not.
        missing: usize,
    },
    /// All are there.
    Complete,
}

/// Why no cluster is founded by a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RegistryRefusal {
    #[error("it was closed: its cluster has been founded")]
    Closed,
    #[error("it is for {found} members, and `size` is {wanted}")]
    OtherSize { found: u32, wanted: u32 },
    #[error("it is full, without this node: {}", .0.join(", "))]
    Full(Vec<String>),
    #[error("{0}")]
    Fault(RegistryFault),
    /// Another node has taken the id, which follows from the URL and the token.
    #[error("the entry {id} of this node is `{}`, and it would write `{wanted}`", said(.found))]
    OtherEntry { id: EtcdId, found: String, wanted: String },
    #[error("{name} is registered with {urls}, which is not one https URL with a port")]
    Urls { name: String, urls: String },
    #[error("{name} is no name of a node of this zone: {why}")]
    Name { name: String, why: String },
}

/// How far it is, for this node.
pub(super) fn progress(
    registry: &Registry,
    size: ClusterSize,
    own: &Own,
) -> Result<Progress, Vec<RegistryRefusal>> {
    if registry.is_closed {
        return Err(vec![RegistryRefusal::Closed]);
    }
    let is_present = registry.members.iter().any(|member| own.is(member));
    let mut refusals: Vec<RegistryRefusal> = Vec::new();
    for fault in &registry.faults {
        match fault {
            // etcd refuses who came too late; to those who came in time it means nothing.
            RegistryFault::Surplus(_) => {}
            fault => refusals.push(RegistryRefusal::Fault(fault.clone())),
        }
    }
    if let Some(found) = registry.size.filter(|found| *found != size) {
        refusals.push(RegistryRefusal::OtherSize { found: found.get(), wanted: size.get() });
    }
    let present: Vec<String> = registry.members.iter().map(|member| said(&member.name)).collect();
    let missing = registry.missing();
    if missing == 0 && !is_present && registry.size.is_some() {
        refusals.push(RegistryRefusal::Full(present.clone()));
    }
    let entry = registry.members.iter().find(|member| own.is(member));
    if let Some(found) = entry.filter(|entry| entry.name != own.node.name.short()) {
        refusals.push(RegistryRefusal::OtherEntry {
            id: own.id,
            found: format!("{}={}", found.name, found.peer_urls.join(",")),
            wanted: own.entry.clone(),
        });
    }
    match (refusals.is_empty(), is_present, missing) {
        (false, ..) => Err(refusals),
        (true, false, _) => Ok(Progress::Unregistered { present }),
        (true, true, 0) => Ok(Progress::Complete),
        (true, true, missing) => Ok(Progress::Waiting { present, missing }),
    }
}

/// The members of a registry that is complete, which are held against the rules of a zone next.
pub(super) fn nodes(
    registry: &Registry,
    zone: &ZoneName,
    own: &Own,
) -> Result<Vec<Node>, Vec<RegistryRefusal>> {
    let (mut nodes, mut refusals) = (Vec::new(), Vec::new());
    for member in &registry.members {
        match node(member, zone, own) {
            Ok(node) => nodes.push(node),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(nodes) } else { Err(refusals) }
}

/// As messages call it.
pub(super) fn source(token: &DiscoveryToken) -> String {
    format!("the registry {token}")
}

fn node(member: &Registration, zone: &ZoneName, own: &Own) -> Result<Node, RegistryRefusal> {
    if own.is(member) {
        return Ok(own.node.clone());
    }
    let name = NodeName::parse(&member.name, zone)
        .map_err(|fault| RegistryRefusal::Name { name: said(&member.name), why: said(&fault.what) })?;
    let urls = || RegistryRefusal::Urls { name: said(&member.name), urls: said(&member.peer_urls.join(",")) };
    let [url] = member.peer_urls.as_slice() else { return Err(urls()) };
    let place = url.strip_prefix("https://").and_then(|place| place.rsplit_once(':'));
    let (host, port) = place.ok_or_else(urls)?;
    let address = Address::parse(host).map_err(|_| urls())?;
    let port = port.parse().ok().and_then(|port| Port::from_number(port).ok()).ok_or_else(urls)?;
    let node = Node::new(name, Some(address), port, Port::CLIENT);
    // Ids follow from the URL as it is written.
    if node.peer_url() == *url { Ok(node) } else { Err(urls()) }
}
