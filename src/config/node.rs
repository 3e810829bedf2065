//! `[[node]]`: one machine of a zone.

use zone_pki::SubjectAltName;

use super::address::{Address, Port, Protocol};
use super::document::{At, Table};
use super::names::{DnsName, NameFault, NodeName, ZoneName};
use super::problem::Problems;
use super::settings::read_names;

/// One machine of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// The host part of its URLs.
    pub address: Address,
    /// Where members reach it.
    pub peer_port: Port,
    /// Where clients reach it.
    pub client_port: Port,
    /// Where metrics and health are served, on loopback and without TLS.
    pub metrics_port: Port,
    /// How members reach it.
    pub protocol: Protocol,
    /// Its connections reach the other members from another address than its own.
    pub nat: bool,
    /// Further names and addresses of its certificates.
    pub names: Vec<SubjectAltName>,
    /// Whether an etcd member runs on it.
    pub member: bool,
}

impl Node {
    /// Where clients reach its member.
    pub fn client_url(&self) -> String {
        format!("https://{}:{}", self.address.url_host(), self.client_port)
    }
}

/// Reads a node. Without the zone's name its own faults are still told, but there is no node to return.
pub(super) fn read_node(
    table: Table<'_>,
    zone: Option<&ZoneName>,
    problems: &mut Problems<'_>,
) -> Option<At<Node>> {
    table.require("name", "write name = \"node1\"", problems);
    let name = table.parse("name", problems, |text| match zone {
        Some(zone) => NodeName::parse(text, zone).map(Some).map_err(NameFault::into_parts),
        None => DnsName::parse("node name", text).map(|_| None).map_err(NameFault::into_parts),
    });
    let address = table.parse("address", problems, |text| match text {
        // An empty address is what the local config of a node writes for "its name".
        "" => Ok(None),
        _ => Address::parse(text).map(Some).map_err(NameFault::into_parts),
    });
    let peer_port = read_port(&table, "peer_port", problems).unwrap_or(Port::PEER);
    let client_port = read_port(&table, "client_port", problems).unwrap_or(Port::CLIENT);
    let metrics_port = read_port(&table, "metrics_port", problems);
    let protocol =
        table.parse("protocol", problems, |text| Protocol::parse(text).map_err(NameFault::into_parts));
    let nat = table.boolean("nat", problems);
    let names = read_names(&table, "sans", problems);
    let member = table.boolean("member", problems);
    table.finish(problems);
    let At { value: Some(name), span } = name? else { return None };
    let node = Node {
        address: address.and_then(|at| at.value).unwrap_or_else(|| Address::Name(name.dns().clone())),
        name,
        peer_port,
        client_port,
        metrics_port: metrics_port.unwrap_or_else(|| default_metrics_port(peer_port, client_port)),
        protocol: protocol.map(|at| at.value).unwrap_or_default(),
        nat: nat.is_some_and(|at| at.value),
        names,
        member: member.is_none_or(|at| at.value),
    };
    Some(At { value: node, span })
}

/// The port after that of the peers, or the one after if clients have that.
fn default_metrics_port(peer_port: Port, client_port: Port) -> Port {
    let mut following = std::iter::successors(Some(peer_port), |port| port.following()).skip(1);
    following.find(|port| *port != client_port).unwrap_or(Port::METRICS)
}

fn read_port(table: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Option<Port> {
    let number = table.integer(key, problems)?;
    match Port::from_number(number.value) {
        Ok(port) => Some(port),
        Err(NameFault { what, instead }) => {
            problems.error(number.span, format!("`{key}`: {what}"), instead);
            None
        }
    }
}
