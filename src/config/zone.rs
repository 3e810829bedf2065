//! `zone.toml`: the one file that the owner of a zone writes.

use std::path::{Path, PathBuf};

use toml::de::DeTable;
use zone_pki::SubjectAltName;

use super::address::{Address, Port, Protocol};
use super::document::{At, Table, nearest_hint};
use super::names::{DnsName, NameFault, NodeName, ZoneName};
use super::problem::{Problem, Problems, Severity};
use super::rules;
use super::settings::{EtcdSettings, PkiSettings, read_etcd, read_names, read_pki};

/// A zone as its owner describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneConfig {
    /// The zone's name.
    pub name: ZoneName,
    /// Its nodes, in the order of the file. Names and endpoints are unique.
    pub nodes: Vec<Node>,
    /// `[pki]`.
    pub pki: PkiSettings,
    /// `[etcd]`.
    pub etcd: EtcdSettings,
}

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

/// Why a zone cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ZoneConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has errors, listed with the warnings in the order of the file.
    #[error("{} cannot be used", path.display())]
    Problems {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
}

impl ZoneConfig {
    /// Reads `zone.toml`. The warnings come with the zone.
    pub fn load(path: &Path) -> Result<(Self, Vec<Problem>), ZoneConfigError> {
        let text =
            std::fs::read(path).map_err(|source| ZoneConfigError::Read { path: path.to_owned(), source })?;
        let parsed = match String::from_utf8(text) {
            Ok(text) => Self::parse(&text),
            Err(error) => Err(vec![not_utf8(&error)]),
        };
        parsed.map_err(|problems| ZoneConfigError::Problems { path: path.to_owned(), problems })
    }

    /// Reads the text of a `zone.toml`. Either the zone with its warnings, or every problem of the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new(text);
        let (document, syntax_errors) = DeTable::parse_recoverable(text);
        for error in syntax_errors {
            let span = error.span().unwrap_or(0..0);
            problems.error(span, format!("this is not TOML: {}", error.message()), "");
        }
        let zone = read_zone(Table::new("the file", document.get_ref(), document.span()), &mut problems);
        let failed = problems.has_errors();
        let found = problems.into_sorted();
        match zone {
            Some(zone) if !failed => Ok((zone, found)),
            _ => Err(found),
        }
    }

    /// The nodes on which a member runs.
    pub fn members(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.member)
    }

    /// A node by its short or full name, in any case.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| {
            node.name.full().eq_ignore_ascii_case(name) || node.name.short().eq_ignore_ascii_case(name)
        })
    }

    /// What to say to a name that no node has.
    pub fn nearest_node(&self, name: &str) -> String {
        nearest_hint(name, self.nodes.iter().map(|node| node.name.short()))
    }
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Problem {
    let valid = error.utf8_error().valid_up_to();
    Problem {
        severity: Severity::Error,
        location: None,
        what: format!("byte {} is not UTF-8", valid + 1),
        instead: Some("save the file as UTF-8".to_owned()),
    }
}

fn read_zone(file: Table<'_>, problems: &mut Problems<'_>) -> Option<ZoneConfig> {
    let name = match file.table("zone", "[zone]", problems) {
        Some(table) => read_zone_name(table, problems),
        None => {
            problems.error_in_file(
                "there is no [zone]",
                "start the file with\n        [zone]\n        name = \"example.zone\"",
            );
            None
        }
    };
    let tables = file.tables("node", "[[node]]", problems);
    if tables.is_empty() {
        problems.error_in_file(
            "the zone has no node",
            "add one:\n        [[node]]\n        name = \"node1\"\n        address = \"10.0.1.10\"",
        );
    }
    let nodes: Vec<At<Node>> =
        tables.into_iter().filter_map(|table| read_node(table, name.as_ref(), problems)).collect();
    let pki = file.table("pki", "[pki]", problems).map(|table| read_pki(table, problems)).unwrap_or_default();
    let etcd =
        file.table("etcd", "[etcd]", problems).map(|table| read_etcd(table, problems)).unwrap_or_default();
    file.finish(problems);
    rules::check(&nodes, problems);
    Some(ZoneConfig { name: name?, nodes: nodes.into_iter().map(|node| node.value).collect(), pki, etcd })
}

fn read_zone_name(table: Table<'_>, problems: &mut Problems<'_>) -> Option<ZoneName> {
    table.require("name", "write name = \"example.zone\"", problems);
    let name = table.parse("name", problems, |text| ZoneName::parse(text).map_err(NameFault::into_parts));
    table.finish(problems);
    name.map(|at| at.value)
}

/// Reads a node. Without the zone's name its own faults are still told, but there is no node to return.
fn read_node(table: Table<'_>, zone: Option<&ZoneName>, problems: &mut Problems<'_>) -> Option<At<Node>> {
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
        metrics_port: metrics_port.or(peer_port.following()).unwrap_or(Port::METRICS),
        protocol: protocol.map(|at| at.value).unwrap_or_default(),
        nat: nat.is_some_and(|at| at.value),
        names,
        member: member.is_none_or(|at| at.value),
    };
    Some(At { value: node, span })
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
