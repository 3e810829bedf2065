//! Certificates as the files of a zone directory have them. The log of what was issued may have been put back
//! from a copy, or have lost its end, and what is revoked is to be refused all the same.

use std::path::{Path, PathBuf};

use zone_pki::{Certificate, GenerationStore, LogEntry};

use crate::zone_directory::{RevocationTarget, ZoneDirectory};
use model::config::ClientName;
use model::plan::{CLIENT_ROLE, NODE_ROLES, Role};

/// What the files of a holder have, or of all holders for a serial number: an entry for each certificate, as
/// it would have been recorded. What cannot be read counts as not issued.
pub(in crate::zone_directory) fn issued_in_files(
    zone: &ZoneDirectory,
    target: &RevocationTarget,
) -> Vec<LogEntry> {
    let mut found = Vec::new();
    let is_client = |holder: &str| holder.starts_with("client/");
    match target {
        RevocationTarget::Holder(holder) => {
            for directory in directories(zone, holder) {
                read_all(&directory, holder, &roles(is_client(holder)), &mut found);
            }
        }
        RevocationTarget::Serial(serial) => {
            for node in &zone.config.nodes {
                let directory = zone.node_paths(&node.name).generations();
                read_all(&directory, node.name.full(), &roles(false), &mut found);
            }
            for name in names_in(&zone.paths.clients()) {
                let client = name.split('.').next().unwrap_or_default();
                let directory = zone.paths.clients().join(&name);
                read_all(&directory, &format!("client/{client}"), &roles(true), &mut found);
            }
            found.retain(|entry| entry.serial == *serial);
        }
    }
    found
}

fn roles(of_client: bool) -> Vec<&'static Role> {
    if of_client { vec![&CLIENT_ROLE] } else { NODE_ROLES.iter().collect() }
}

/// Where generations of a holder are, those that were put aside among them.
fn directories(zone: &ZoneDirectory, holder: &str) -> Vec<PathBuf> {
    let Some(name) = holder.strip_prefix("client/") else {
        // One that zone.toml does not describe any more has its directory still, by its short name.
        let short = holder.strip_suffix(zone.config.name.as_str()).and_then(|name| name.strip_suffix('.'));
        return vec![zone.paths.nodes().join(short.unwrap_or(holder)).join("pki")];
    };
    let Ok(client) = ClientName::parse(name) else { return Vec::new() };
    let aside = format!("{client}.revoked-");
    let is_of_client = |name: &String| *name == client.to_string() || name.starts_with(&aside);
    let clients = zone.paths.clients();
    names_in(&clients).into_iter().filter(is_of_client).map(|name| clients.join(name)).collect()
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn read_all(directory: &Path, holder: &str, roles: &[&'static Role], found: &mut Vec<LogEntry>) {
    for generation in GenerationStore::new(directory).generations().unwrap_or_default() {
        for role in roles {
            let text = generation.read(&role.certificate_file()).unwrap_or_default();
            if let Ok(certificate) = Certificate::from_pem(&text) {
                found.push(LogEntry::of(&certificate, role.name, holder, certificate.not_before()));
            }
        }
    }
}
