//! What the files of zone directories and node directories say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zone_pki::{Certificate, RevocationList};

pub const PLANES: [&str; 2] = ["peer", "client"];

/// A revocation list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    pub number: u64,
    pub serials: BTreeSet<String>,
}

impl List {
    /// Reads the list in a file; none if there is none.
    pub fn read(path: &Path) -> Option<Self> {
        let list = RevocationList::from_der(&fs::read(path).ok()?).ok()?;
        let serial = |entry: &zone_pki::Revoked| zone_pki::hex::encode(&entry.serial);
        Some(Self {
            number: list.number().unwrap_or_default(),
            serials: list.entries().iter().map(serial).collect(),
        })
    }

    /// Why this one may not follow another.
    pub fn goes_back_from(&self, before: &Self) -> Option<String> {
        if let Some(lost) = before.serials.difference(&self.serials).next() {
            return Some(format!("it does not list {lost} any more"));
        }
        let is_lower = self.number < before.number;
        is_lower.then(|| format!("its number goes back from {} to {}", before.number, self.number))
    }
}

/// A line of `issued.jsonl`.
#[derive(Clone, Debug)]
pub struct Issued {
    pub serial: String,
    pub role: String,
    pub holder: String,
    pub not_after: OffsetDateTime,
    pub is_mark: bool,
}

impl Issued {
    /// The plane on which it is taken; none for what no node or client holds.
    pub fn plane(&self) -> Option<&'static str> {
        match self.role.as_str() {
            "peer" | "peer-client" => Some("peer"),
            "server" | "gateway" | "node-client" | "client" => Some("client"),
            _ => None,
        }
    }
}

pub fn issued(zone: &Path) -> Vec<Issued> {
    let text = fs::read_to_string(zone.join("issued.jsonl")).unwrap_or_default();
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        Some(Issued {
            serial: text("serial")?,
            role: text("role")?,
            holder: text("node")?,
            not_after: OffsetDateTime::parse(&text("not_after")?, &Rfc3339).ok()?,
            is_mark: !value["revoked"].is_null(),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// Every CA certificate below `ca/`, by its subject, with its key.
pub fn authorities(zone: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(&zone.join("ca"), &mut found);
    found
}

fn collect(directory: &Path, found: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
    for path in entries(directory) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "crt")
            && let Ok(ca) = Certificate::from_pem(&fs::read(&path).unwrap_or_default())
        {
            found.insert(ca.subject_der().to_vec(), ca.subject_public_key_info().to_vec());
        }
    }
}

/// The serial number of a certificate file; none if there is none.
pub fn serial(path: &Path) -> Option<String> {
    Certificate::from_pem(&fs::read(path).ok()?).ok().map(|certificate| certificate.serial_hex())
}

/// The number of the bundle that is active in a node directory, and its manifest.
pub fn active(node: &Path) -> Option<(u64, Vec<u8>)> {
    let manifest = fs::read(node.join("pki/current/manifest.json")).ok()?;
    let value: Value = serde_json::from_slice(&manifest).ok()?;
    Some((value["sequence"].as_u64()?, manifest))
}

/// Copies a directory, with its links and modes.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    fs::set_permissions(to, fs::metadata(from).expect("metadata").permissions()).expect("its mode");
    for path in entries(from) {
        let target = to.join(path.file_name().expect("a name"));
        if path.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).expect("a link"), target).expect("a link");
        } else if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("a copy");
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
