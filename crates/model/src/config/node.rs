//! `[[node]]`: one machine of a zone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use zone_pki::SubjectAltName;

use super::access_method::{AccessMethod, read_methods};
use super::address::{Address, Port, Protocol};
use super::document::{At, Table};
use super::names::{DnsName, NameFault, NodeName, ZoneName};
use super::problem::Problems;
use super::settings::read_names;
use super::tls::Scheme;

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
    /// Where metrics and health are served, on loopback and without TLS; none if they are not.
    pub metrics_port: Option<Port>,
    /// How members reach it.
    pub protocol: Protocol,
    /// Its connections reach the other members from another address than its own.
    pub nat: bool,
    /// It shows the other members a certificate without names, since what it sends reaches one of them from
    /// an address that is not its own: with `nat`, and wherever a gateway is between two members. Follows
    /// from the nodes of the zone.
    pub dials_without_names: bool,
    /// Further names and addresses of its certificates.
    pub names: Vec<SubjectAltName>,
    /// Whether an etcd member runs on it.
    pub member: bool,
    /// Where etcd's data is, if not in the node's directory; absolute.
    pub data_directory: Option<PathBuf>,
    /// How the signing host reaches it, in the order in which that is tried; empty if `[access]` says it.
    pub access: Vec<AccessMethod>,
    /// The scheme of its URLs, which is that of the whole zone.
    pub scheme: Scheme,
}

impl Node {
    /// Where clients reach its member.
    pub fn client_url(&self) -> String {
        format!("{}://{}:{}", self.scheme.as_str(), self.address.url_host(), self.client_port)
    }

    /// Where the other members reach its member.
    pub fn peer_url(&self) -> String {
        format!("{}://{}:{}", self.scheme.as_str(), self.address.url_host(), self.peer_port)
    }

    /// Whether other hosts reach its member through forwards of their own. Without an address that others
    /// could have a forward at, it is on the host of all others.
    pub fn is_behind_gateway(&self) -> bool {
        let is_this_host = matches!(&self.address, Address::Ip(ip) if is_every_host(*ip));
        self.protocol == Protocol::Cyfs && !is_this_host
    }

    /// The loopback address at which each other host has the forwards to it, and which it listens on as well.
    /// It tells nothing of where the node is: every host has it.
    pub fn forward_address(&self) -> Option<IpAddr> {
        match &self.address {
            Address::Ip(ip) if self.is_behind_gateway() && ip.is_loopback() => Some(*ip),
            _ => None,
        }
    }

    /// A node that is reached at `address`, or else by its name, with every default but the metrics port:
    /// that one follows from the ports of all nodes.
    pub fn new(name: NodeName, address: Option<Address>, peer_port: Port, client_port: Port) -> Self {
        Self {
            address: address.unwrap_or_else(|| Address::Name(name.dns().clone())),
            name,
            peer_port,
            client_port,
            metrics_port: None,
            protocol: Protocol::default(),
            nat: false,
            dials_without_names: false,
            names: Vec::new(),
            member: true,
            data_directory: None,
            access: Vec::new(),
            scheme: Scheme::default(),
        }
    }
}

/// Whether an address means the host itself to the programs of every host, so that no forward can be there.
fn is_every_host(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// Reads a node. Without the zone's name its own faults are still told, but there is no node to return.
pub(super) fn read_node(
    table: Table<'_>,
    zone: Option<&ZoneName>,
    problems: &mut Problems<'_>,
) -> Option<At<Node>> {
    table.require("name", "write name = \"node1\"", problems);
    let name = read_name(&table, "name", zone, problems);
    let address = read_address(&table, problems);
    let peer_port = read_port(&table, "peer_port", problems).unwrap_or(Port::PEER);
    let client_port = read_port(&table, "client_port", problems).unwrap_or(Port::CLIENT);
    let metrics_port = read_port(&table, "metrics_port", problems);
    let protocol = read_protocol(&table, problems);
    let nat = table.boolean("nat", problems);
    let names = read_names(&table, "sans", problems);
    let member = table.boolean("member", problems);
    let data_directory = table.parse("data_dir", problems, read_data_directory);
    let access = read_methods(&table, "access", problems);
    table.finish(problems);
    let At { value: Some(name), span } = name? else { return None };
    let plain = Node::new(name, address, peer_port, client_port);
    let node = Node {
        metrics_port,
        protocol,
        nat: nat.is_some_and(|at| at.value),
        names,
        member: member.is_none_or(|at| at.value),
        data_directory: data_directory.map(|at| at.value),
        access,
        ..plain
    };
    Some(At { value: node, span })
}

/// The name of a node. Without the zone's name its own faults are still told.
pub(super) fn read_name(
    table: &Table<'_>,
    key: &'static str,
    zone: Option<&ZoneName>,
    problems: &mut Problems<'_>,
) -> Option<At<Option<NodeName>>> {
    table.parse(key, problems, |text| match zone {
        Some(zone) => NodeName::parse(text, zone).map(Some).map_err(NameFault::into_parts),
        None => DnsName::parse("node name", text).map(|_| None).map_err(NameFault::into_parts),
    })
}

pub(super) fn read_address(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Address> {
    let address = table.parse("address", problems, |text| match text {
        // An empty address is what the local config of a node writes for "its name".
        "" => Ok(None),
        _ => Address::parse(text).map(Some).map_err(NameFault::into_parts),
    });
    address?.value
}

pub(super) fn read_protocol(table: &Table<'_>, problems: &mut Problems<'_>) -> Protocol {
    let protocol =
        table.parse("protocol", problems, |text| Protocol::parse(text).map_err(NameFault::into_parts));
    protocol.map(|at| at.value).unwrap_or_default()
}

pub(super) fn read_port(table: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Option<Port> {
    let number = table.integer(key, problems)?;
    match Port::from_number(number.value) {
        Ok(port) => Some(port),
        Err(NameFault { what, instead }) => {
            problems.error(number.span, format!("`{key}`: {what}"), instead);
            None
        }
    }
}

fn read_data_directory(text: &str) -> Result<PathBuf, (String, String)> {
    let path = PathBuf::from(text);
    if path.is_absolute() && path.parent().is_some() {
        return Ok(path);
    }
    Err((
        format!("`data_dir` = \"{text}\" is no absolute path of a directory"),
        "write a path such as \"/data/etcd\"".to_owned(),
    ))
}
