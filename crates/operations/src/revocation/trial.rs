//! What the members do with what was revoked: with certificates whose keys are here, and with the probe of
//! each list.

use std::path::PathBuf;

use zone_pki::{Certificate, LogEntry, Usage, regular_file};

use etcd::tls::{KeyPair, MaterialError};
use live::{ANSWER_LIMIT, Tried, try_list, try_on_members};
use model::config::{ClientName, Node};
use model::error::{Failure, Result};
use model::plan::{Plane, Role, plane_of_role, role_named};
use store::zone_directory::{Authorities, Targeted, ZoneDirectory};

/// A certificate that can be tried, since its key is here.
pub(super) struct Trial {
    serial: String,
    role: &'static Role,
    pair: KeyPair,
}

/// What came of one certificate.
pub struct TriedCertificate {
    /// Its serial number.
    pub serial: String,
    /// What the members did.
    pub members: Vec<Tried>,
}

/// What came of the list of a plane.
pub struct TriedList {
    /// The plane.
    pub plane: Plane,
    /// What the members did with its probe; none if it has no probe.
    pub members: Option<Vec<Tried>>,
}

impl Trial {
    /// Those of which the key is here. They are read before another generation takes the place of theirs.
    pub(super) fn load_all(zone: &ZoneDirectory, targeted: &Targeted) -> Vec<Self> {
        targeted.all().filter_map(|entry| Self::load(zone, entry)).collect()
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

/// Tries each on every member that serves.
pub(super) fn try_all(
    authorities: &Authorities,
    serving: &[&Node],
    trials: &[Trial],
) -> Result<Vec<TriedCertificate>> {
    trials
        .iter()
        .map(|Trial { serial, role, pair }| {
            let members =
                try_on_members(serving, role.plane, authorities, pair, ANSWER_LIMIT).map_err(failed)?;
            Ok(TriedCertificate { serial: serial.clone(), members })
        })
        .collect()
}

/// Tries the lists of these planes on every member that serves.
pub(super) fn try_lists(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    serving: &[&Node],
    planes: &[Plane],
) -> Result<Vec<TriedList>> {
    planes
        .iter()
        .map(|plane| {
            let members = try_list(zone, authorities, *plane, serving, ANSWER_LIMIT).map_err(failed)?;
            Ok(TriedList { plane: *plane, members })
        })
        .collect()
}

/// The planes on which something was revoked.
pub(super) fn planes_of(targeted: &Targeted) -> Vec<Plane> {
    let is_meant = |plane: &Plane| targeted.all().any(|entry| plane_of_role(&entry.role) == Some(*plane));
    Plane::ALL.into_iter().filter(is_meant).collect()
}

fn failed(error: MaterialError) -> Failure {
    Failure::internal("cannot try what was revoked").because(&error)
}
