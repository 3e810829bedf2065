//! `node.json`: the local config of one node, as the program writes it that activates nodes.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc::O_NONBLOCK;
use zeroize::Zeroizing;

use super::address::Port;
use super::document::{At, Table};
use super::json_document;
use super::names::{DnsName, NameFault, ZoneName};
use super::node::{self, Node, read_address, read_port, read_protocol};
use super::problem::{Problem, Problems, Severity};
use super::rules;
use super::settings::{EtcdSettings, PkiSettings};
use super::tls::Protection;
use super::zone::{ZoneConfig, ZoneConfigError, not_utf8};

/// No local config is longer; a file that is was not written by an activation.
const LONGEST: u64 = 1 << 20;
/// How a PEM block begins (RFC 7468); no path does.
const PEM_BEGIN: &str = "-----BEGIN ";

/// What a node knows of itself and, if no other is to tell, of the members of its zone.
#[derive(Debug)]
pub struct LocalConfig {
    /// Its full name.
    pub name: DnsName,
    /// The CAs that it trusts.
    pub ca: PemSource,
    /// Its certificate, with its chain.
    pub cert: PemSource,
    /// Its key.
    pub key: PemSource,
    /// The generation of what was activated here, relative to the file; none for certificates that were made
    /// elsewhere.
    pub pki: Option<PathBuf>,
    /// The zone that its name tells.
    pub zone_name: ZoneName,
    /// The members, as a zone. None if the list is empty or absent: it has to come from elsewhere then.
    pub zone: Option<ZoneConfig>,
}

/// Where PEM is.
#[derive(Clone, PartialEq, Eq)]
pub enum PemSource {
    /// In the local config itself.
    Inline(Zeroizing<String>),
    /// In a file, relative to the directory of the local config.
    File(PathBuf),
}

impl std::fmt::Debug for PemSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Inline"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl LocalConfig {
    /// Reads the file. The warnings come with the config.
    pub fn load(path: &Path) -> Result<(Self, Vec<Problem>), ZoneConfigError> {
        let read_error = |source| ZoneConfigError::Read { path: path.to_owned(), source };
        // Without this, opening a named pipe would wait for a writer.
        let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path).map_err(read_error)?;
        let metadata = file.metadata().map_err(read_error)?;
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(ZoneConfigError::Problems { path: path.to_owned(), problems: vec![no_file()] });
        }
        let length = metadata.len();
        // The buffer holds a key: it must not grow and leave a copy behind.
        let capacity = usize::try_from(length.min(LONGEST) + 2).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(read_error)?;
        let parsed = match std::str::from_utf8(&bytes) {
            _ if bytes.len() as u64 > LONGEST => Err(vec![too_long()]),
            Ok(text) => Self::parse(text),
            Err(error) => Err(vec![not_utf8(error)]),
        };
        parsed.map_err(|problems| ZoneConfigError::Problems { path: path.to_owned(), problems })
    }

    /// Reads the text of a local config. Either the config with its warnings, or every problem of the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new(text);
        if text.starts_with('\u{feff}') {
            problems.error(0..3, "the file begins with a byte order mark", "save it as UTF-8 without one");
            return Err(problems.into_sorted());
        }
        let document = json_document::parse(text, &mut problems);
        let config = document.and_then(|document| read_config(document.table(), &mut problems));
        let failed = problems.has_errors();
        let found = problems.into_sorted();
        match config {
            Some(config) if !failed => Ok((config, found)),
            _ => Err(found),
        }
    }
}

/// The node directory is where the file lies, so a pipe has none.
fn no_file() -> Problem {
    Problem {
        severity: Severity::Error,
        location: None,
        what: "it is a pipe or a device".to_owned(),
        instead: Some("write the local config to a file in the node directory".to_owned()),
    }
}

fn too_long() -> Problem {
    Problem {
        severity: Severity::Error,
        location: None,
        what: format!("the file has more than {LONGEST} bytes"),
        instead: Some("name the local config of a node, which has a few thousand".to_owned()),
    }
}

fn read_config(file: Table<'_>, problems: &mut Problems<'_>) -> Option<LocalConfig> {
    file.require("name", "write \"name\": \"node1.example.zone\"", problems);
    file.require("ca", "write the CA in PEM, or the path of its file", problems);
    file.require("cert", "write the node's certificate in PEM, or the path of its file", problems);
    file.require("key", "write the node's key in PEM, or the path of its file", problems);
    let name = file.parse("name", problems, read_name);
    let zone_name = name.as_ref().and_then(|name| zone_of(&name.value));
    let (ca, cert, key) = (
        read_pem(&file, "ca", problems),
        read_pem(&file, "cert", problems),
        read_pem(&file, "key", problems),
    );
    let pki = file.string("pki", problems).map(|at| PathBuf::from(at.value.as_str()));
    let members = file.tables("etcd", "a member in `etcd`", problems);
    file.finish(problems);
    let is_listed = !members.is_empty();
    let mut nodes: Vec<At<Node>> =
        members.into_iter().filter_map(|member| read_member(member, zone_name.as_ref(), problems)).collect();
    rules::check(&nodes, problems);
    rules::fill_in(&mut nodes);
    let zone = zone_name.clone().filter(|_| is_listed).map(|name| ZoneConfig {
        name,
        nodes: nodes.into_iter().map(|node| node.value).collect(),
        pki: PkiSettings::default(),
        etcd: EtcdSettings::default(),
        tls: Protection::default(),
        access: None,
    });
    Some(LocalConfig { name: name?.value, ca: ca?, cert: cert?, key: key?, pki, zone_name: zone_name?, zone })
}

/// The zone is what follows the first label of a node's name.
fn read_name(text: &str) -> Result<DnsName, (String, String)> {
    let name = DnsName::parse("node name", text).map_err(NameFault::into_parts)?;
    match zone_of(&name) {
        Some(_) => Ok(name),
        None => Err((
            format!("`{text}` names no zone"),
            "write the full name of the node, such as node1.example.zone".to_owned(),
        )),
    }
}

pub(super) fn zone_of(name: &DnsName) -> Option<ZoneName> {
    name.as_str().split_once('.').and_then(|(_, zone)| ZoneName::parse(zone).ok())
}

fn read_pem(file: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Option<PemSource> {
    let text = file.string(key, problems)?;
    // What precedes a block is passed over, as `openssl x509 -text` writes.
    if text.value.contains(PEM_BEGIN) {
        return Some(PemSource::Inline(text.value.clone()));
    }
    let is_path = !text.value.trim().is_empty() && !text.value.contains(['\n', '\0']);
    if is_path {
        return Some(PemSource::File(PathBuf::from(text.value.as_str())));
    }
    // The text itself is not shown: it may be a key.
    let what = format!("`{key}` is neither PEM nor a path");
    problems.error(
        text.span,
        what,
        "write a text that starts with -----BEGIN, line breaks as \\n, or the path of a file",
    );
    None
}

/// A member, as the local config and the zone document have it.
pub(super) fn read_member(
    member: Table<'_>,
    zone: Option<&ZoneName>,
    problems: &mut Problems<'_>,
) -> Option<At<Node>> {
    member.require("node_name", "write \"node_name\": \"node1.example.zone\"", problems);
    let name = node::read_name(&member, "node_name", zone, problems);
    let protocol = read_protocol(&member, problems);
    let address = read_address(&member, problems);
    let peer_port = read_port(&member, "peer_port", problems).unwrap_or(Port::PEER);
    let client_port = read_port(&member, "client_port", problems).unwrap_or(Port::CLIENT);
    let span = member.span();
    member.finish(problems);
    let value = Node { protocol, ..Node::new(name?.value?, address, peer_port, client_port) };
    Some(At { value, span })
}
