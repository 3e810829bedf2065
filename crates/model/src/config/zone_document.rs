//! The zone document: what a nameservice tells of a zone, signed by the zone's CA. Whether it is to be
//! believed is decided in [`plan`](crate::plan).

use super::address::{Address, Port, Protocol};
use super::document::{At, Document, Table};
use super::local::read_member;
use super::names::{NameFault, ZoneName};
use super::node::{Node, read_port, read_protocol};
use super::problem::{Problem, Problems};
use super::rules;
use super::signed_json::{self, SIGN, SignedJson};

/// A zone as its document has it. Names and endpoints of its members are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneDocument {
    /// The zone.
    pub name: ZoneName,
    /// Where its nameservice is, in the order of the document.
    pub services: Vec<ServicePlace>,
    /// The nodes on which a member runs, in the order of the document; at least one.
    pub members: Vec<Node>,
    /// The signature, of which nothing is verified.
    pub sign: Option<String>,
    canonical: Vec<u8>,
}

/// Where a nameservice answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlace {
    /// How.
    pub protocol: Protocol,
    /// The host.
    pub address: Address,
    /// Its port.
    pub port: Port,
}

/// Why a text is no zone document that this program can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneDocumentFault {
    /// What is wrong with it, in the order of the text.
    Problems(Vec<Problem>),
    /// It is a document of something else than a zone.
    OtherType(String),
    /// It is of another version, in which the same members may mean something else.
    OtherVersion(String),
}

impl ZoneDocument {
    /// What `type` says.
    pub const TYPE: &str = "zone";
    /// What `api_version` says.
    pub const API_VERSION: &str = "v1";
    /// What the header of its signature has as `typ` (RFC 7515, 4.1.9).
    pub const SIGNATURE_TYPE: &str = "zone+jws";

    /// Reads a document. The warnings come with it.
    ///
    /// # Errors
    /// As [`ZoneDocumentFault`] says.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Problem>), ZoneDocumentFault> {
        let mut problems = Problems::new(std::str::from_utf8(bytes).unwrap_or_default());
        let text = signed_json::text_of(bytes, &mut problems);
        let json = text.and_then(|text| signed_json::parse(text, &mut problems));
        let Some(SignedJson { document, canonical }) = json else {
            return Err(ZoneDocumentFault::Problems(problems.into_sorted()));
        };
        refuse_others(&document)?;
        let read = read(document.table(), canonical, &mut problems);
        let failed = problems.has_errors();
        let found = problems.into_sorted();
        match read {
            Some(read) if !failed => Ok((read, found)),
            _ => Err(ZoneDocumentFault::Problems(found)),
        }
    }

    /// What is signed: the canonical form (RFC 8785) of the document without `sign`.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }
}

impl ServicePlace {
    /// Where a nameservice listens if nothing else is said.
    pub const DEFAULT_PORT: Port = Port::NAMESERVICE;

    /// Reads `ADDRESS` or `ADDRESS:PORT`, with an IPv6 address in brackets if a port follows.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let (host, port) = match text.rsplit_once(':') {
            // What is wrong with a URL is not its port.
            Some((host, port)) if !text.contains('/') && (!host.contains(':') || host.ends_with(']')) => {
                (host, Some(port))
            }
            _ => (text, None),
        };
        let fault = |port: &str| NameFault {
            what: format!("`{port}` is no port"),
            instead: "write a number from 1 to 65535".to_owned(),
        };
        let port = match port {
            Some(port) => Port::from_number(port.parse().map_err(|_| fault(port))?)?,
            None => Self::DEFAULT_PORT,
        };
        Ok(Self { protocol: Protocol::Https, address: Address::parse(host)?, port })
    }
}

/// What another type or version has to say is not read at all.
fn refuse_others(document: &Document) -> Result<(), ZoneDocumentFault> {
    // What is wrong with them is told when the document is read.
    let mut ignored = Problems::new("");
    let table = document.table();
    let mut text = |key| table.string(key, &mut ignored).map(|at| at.value.to_string());
    match (text("type"), text("api_version")) {
        (Some(found), _) if found != ZoneDocument::TYPE => Err(ZoneDocumentFault::OtherType(found)),
        (_, Some(found)) if found != ZoneDocument::API_VERSION => Err(ZoneDocumentFault::OtherVersion(found)),
        _ => Ok(()),
    }
}

fn read(file: Table<'_>, canonical: Vec<u8>, problems: &mut Problems<'_>) -> Option<ZoneDocument> {
    file.require("name", "write \"name\": \"example.zone\"", problems);
    file.require("type", "write \"type\": \"zone\"", problems);
    file.require("api_version", "write \"api_version\": \"v1\"", problems);
    file.require("extend", "write \"extend\": {\"etcd\": [...]}", problems);
    let name = file.parse("name", problems, |text| ZoneName::parse(text).map_err(NameFault::into_parts));
    file.string("type", problems);
    file.string("api_version", problems);
    let sign = file.string(SIGN, problems).map(|at| at.value.to_string());
    let name = name.map(|at| at.value);
    let services = file.tables("addr_info", "a place in `addr_info`", problems);
    let services = services.into_iter().filter_map(|place| read_service(place, problems)).collect();
    let extend = file.table("extend", "`extend`", problems);
    let members = extend.map(|extend| read_members(extend, name.as_ref(), problems)).unwrap_or_default();
    file.finish(problems);
    Some(ZoneDocument { name: name?, services, members, sign, canonical })
}

fn read_service(place: Table<'_>, problems: &mut Problems<'_>) -> Option<ServicePlace> {
    place.require("address", "write \"address\": \"192.0.2.1\"", problems);
    let protocol = read_protocol(&place, problems);
    let address =
        place.parse("address", problems, |text| Address::parse(text).map_err(NameFault::into_parts));
    let port = read_port(&place, "port", problems).unwrap_or(ServicePlace::DEFAULT_PORT);
    place.finish(problems);
    Some(ServicePlace { protocol, address: address?.value, port })
}

fn read_members(extend: Table<'_>, zone: Option<&ZoneName>, problems: &mut Problems<'_>) -> Vec<Node> {
    let span = extend.span();
    let tables = extend.tables("etcd", "a member in `extend.etcd`", problems);
    extend.finish(problems);
    if tables.is_empty() {
        problems.error(span, "the zone has no members", "write them in `etcd` of `extend`");
    }
    let mut nodes: Vec<At<Node>> =
        tables.into_iter().filter_map(|member| read_member(member, zone, problems)).collect();
    rules::check(&nodes, problems);
    rules::fill_in(&mut nodes);
    nodes.into_iter().map(|node| node.value).collect()
}
