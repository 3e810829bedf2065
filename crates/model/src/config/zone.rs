//! `zone.toml`: the one file that the owner of a zone writes.

use std::path::{Path, PathBuf};

use zone_pki::{ShowPath, regular_file};

use super::access::{AccessSettings, check_methods, check_places, read_access};
use super::document::{At, Table, nearest_hint};
use super::names::{NameFault, ZoneName};
use super::node::{Node, read_node};
use super::problem::{Problem, Problems, Severity};
use super::rules;
use super::settings::{EtcdSettings, PkiSettings, read_etcd, read_pki};
use super::tls::{Protection, read_tls};
use super::toml_document;

/// In bytes; 10,000 nodes have 2 MiB.
const SIZE_AT_MOST: u64 = 16 << 20;
/// More nodes than this are no help in a message.
const LISTED_AT_MOST: usize = 9;

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
    /// `[tls]`: how its connections are protected.
    pub tls: Protection,
    /// `[access]`: how the signing host reaches the nodes. Nodes are not told.
    pub access: Option<AccessSettings>,
}

/// Why a zone cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ZoneConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has errors, listed with the warnings in the order of the file.
    #[error("{} cannot be used", path.shown())]
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
        load(path, SIZE_AT_MOST, Self::parse)
    }

    /// Reads the text of a `zone.toml`. Either the zone with its warnings, or every problem of the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new(text);
        let document = toml_document::parse(text, &mut problems);
        let zone = read_zone(document.table(), &mut problems);
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

    /// Where clients reach the members.
    pub fn client_urls(&self) -> Vec<String> {
        self.members().map(Node::client_url).collect()
    }

    /// A node by its short or full name, in any case.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| {
            node.name.full().eq_ignore_ascii_case(name) || node.name.short().eq_ignore_ascii_case(name)
        })
    }

    /// Which nodes there are, for a message.
    pub fn known_nodes(&self) -> String {
        let names: Vec<&str> = self.nodes.iter().take(LISTED_AT_MOST).map(|node| node.name.short()).collect();
        let more = if self.nodes.len() > LISTED_AT_MOST { ", …" } else { "" };
        format!("its nodes are {}{more}", names.join(", "))
    }

    /// What to say to a name that no node has.
    pub fn nearest_node(&self, name: &str) -> String {
        let nodes = || self.nodes.iter().map(|node| node.name.short());
        let hint = nearest_hint(name, nodes());
        // Where the hint is one name of a few, it may be the wrong one.
        if hint.starts_with("did you mean") && self.nodes.len() <= LISTED_AT_MOST {
            return format!("{hint} {}", self.known_nodes());
        }
        hint
    }
}

/// Reads a file, and its text.
pub(super) fn load<T>(
    path: &Path,
    at_most: u64,
    parse: impl FnOnce(&str) -> Result<T, Vec<Problem>>,
) -> Result<T, ZoneConfigError> {
    let text = regular_file::read_at_most(path, at_most)
        .map_err(|source| ZoneConfigError::Read { path: path.to_owned(), source })?;
    let parsed = match String::from_utf8(text) {
        Ok(text) => parse(&text),
        Err(error) => Err(vec![not_utf8(error.utf8_error())]),
    };
    parsed.map_err(|problems| ZoneConfigError::Problems { path: path.to_owned(), problems })
}

pub(super) fn not_utf8(error: std::str::Utf8Error) -> Problem {
    let valid = error.valid_up_to();
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
    let mut nodes: Vec<At<Node>> =
        tables.into_iter().filter_map(|table| read_node(table, name.as_ref(), problems)).collect();
    let pki = file.table("pki", "[pki]", problems);
    let pki_span = pki.as_ref().map(Table::span);
    let pki = pki.map(|table| read_pki(table, problems)).unwrap_or_default();
    let etcd =
        file.table("etcd", "[etcd]", problems).map(|table| read_etcd(table, problems)).unwrap_or_default();
    let tls = match file.table("tls", "[tls]", problems) {
        Some(table) => {
            let tls = read_tls(&table, pki_span, problems);
            table.finish(problems);
            tls
        }
        None => Protection::default(),
    };
    let access = file.table("access", "[access]", problems).and_then(|table| read_access(table, problems));
    file.finish(problems);
    nodes.iter_mut().for_each(|node| node.value.scheme = tls.scheme());
    rules::check(&nodes, problems);
    rules::fill_in(&mut nodes);
    rules::check_translated(&nodes, &tls, problems);
    check_methods(access.as_ref(), &nodes, problems);
    check_clients(&pki, &nodes, problems);
    if let Some(access) = &access {
        check_places(access, &nodes, problems);
    }
    Some(ZoneConfig {
        name: name?,
        nodes: nodes.into_iter().map(|node| node.value).collect(),
        pki,
        etcd,
        tls,
        access: access.map(|at| at.value),
    })
}

/// A certificate with the common name of a node is that of the node, to etcd and to who reads its answers.
fn check_clients(pki: &PkiSettings, nodes: &[At<Node>], problems: &mut Problems<'_>) {
    for At { value: node, span } in nodes {
        if pki.clients.iter().any(|client| client.is_name_of(node)) {
            let what = format!("a client in [pki] has the name of the node {}", node.name.full());
            problems.error(span.clone(), what, "give one of the two another name");
        }
    }
}

fn read_zone_name(table: Table<'_>, problems: &mut Problems<'_>) -> Option<ZoneName> {
    table.require("name", "write name = \"example.zone\"", problems);
    let name = table.parse("name", problems, |text| ZoneName::parse(text).map_err(NameFault::into_parts));
    table.finish(problems);
    name.map(|at| at.value)
}
