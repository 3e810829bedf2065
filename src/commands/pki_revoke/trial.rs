//! Revoked certificates whose keys are here, tried on every member.

use std::path::PathBuf;
use std::time::Duration;

use zone_pki::{Certificate, LogEntry, Usage, regular_file};

use crate::config::{ClientName, Node};
use crate::error::{Failure, Result};
use crate::live::{Tried, try_on_members};
use crate::plan::{Role, role_named};
use crate::tls::KeyPair;
use crate::zone_directory::{Authorities, Targeted, ZoneDirectory};

/// A certificate that can be tried, since its key is here.
pub(super) struct Trial {
    serial: String,
    role: &'static Role,
    pair: KeyPair,
}

/// What came of one certificate.
pub(super) struct TriedCertificate {
    /// Its serial number.
    pub(super) serial: String,
    /// Its role.
    pub(super) role: &'static str,
    /// What the members did.
    pub(super) members: Vec<Tried>,
}

impl Trial {
    /// Those of which the key is here. They are read before another generation takes the place of theirs.
    pub(super) fn load_all(zone: &ZoneDirectory, targeted: &Targeted) -> Vec<Self> {
        targeted.live.iter().chain(&targeted.revoked).filter_map(|entry| Self::load(zone, entry)).collect()
    }

    fn load(zone: &ZoneDirectory, entry: &LogEntry) -> Option<Self> {
        let role = role_named(&entry.role)?;
        let generation = generation_of(zone, &entry.node)?;
        let text = regular_file::read(&generation.join(role.certificate_file())).ok()?;
        let certificate = Certificate::from_pem(&text).ok()?;
        // Members take certificates of clients alone.
        if certificate.serial_hex() != entry.serial || !certificate.usages().contains(Usage::Client) {
            return None;
        }
        let pair = KeyPair::load(&generation, role.stem).ok()?;
        Some(Self { serial: entry.serial.clone(), role, pair })
    }
}

fn generation_of(zone: &ZoneDirectory, holder: &str) -> Option<PathBuf> {
    match holder.strip_prefix("client/") {
        Some(client) => ClientName::parse(client).ok().map(|client| zone.paths.client_current(&client)),
        None => zone.config.node(holder).map(|node| zone.node_paths(&node.name).current("")),
    }
}

/// Tries each on every member but that of `except`.
pub(super) fn try_all(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    except: Option<&Node>,
    trials: &[Trial],
    limit: Duration,
) -> Result<Vec<TriedCertificate>> {
    trials
        .iter()
        .map(|trial| {
            let plane = trial.role.plane;
            let members = try_on_members(&zone.config, except, plane, authorities, &trial.pair, limit)
                .map_err(|error| Failure::internal("cannot try what was revoked").because(&error))?;
            Ok(TriedCertificate { serial: trial.serial.clone(), role: trial.role.name, members })
        })
        .collect()
}
