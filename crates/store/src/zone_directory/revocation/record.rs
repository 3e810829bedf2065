//! Revoking certificates: recorded first, then put on the list of their plane, which only grows.
//!
//! What is recorded and not on its list yet, after an interruption, is put on it by the next call. etcd
//! compares serial numbers alone and reads the list at each handshake (`checkCRL` in
//! `client/pkg/transport/listener_tls.go`).

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use zone_pki::{IssuanceLog, LogEntry, RevocationMark, RevocationReason, Revoked, hex};

use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::failures::issuance_log_failure;
use crate::zone_directory::issuance::issued_files::issued_in_files;
use crate::zone_directory::revocation::revocation_probe::{plane_of_probe, revocation_probe};
use crate::zone_directory::revocation::signed_list::SignedList;
use crate::zone_directory::{ZoneDirectory, ZoneLock};
use model::error::Result;
use model::plan::{Plane, plane_of_role};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationTarget {
    /// Those of a node, by its full name, or of a client, as `client/NAME`.
    Holder(String),
    /// The one with this serial number, lower-case hexadecimal.
    Serial(String),
}

/// What is recorded of the certificates that are meant.
#[derive(Debug, Default)]
pub struct Targeted {
    /// Those that are to be revoked: still valid, or the newest of a holder that is meant, which would be
    /// renewed otherwise.
    pub live: Vec<LogEntry>,
    /// Those that were revoked before.
    pub revoked: Vec<LogEntry>,
    /// Those that have expired: a list need not name them.
    pub expired: usize,
}

impl Targeted {
    /// Those that are revoked in the end.
    pub fn all(&self) -> impl Iterator<Item = &LogEntry> {
        self.live.iter().chain(&self.revoked)
    }
}

/// Finds what was issued to a target: what is recorded of it, what its files have, and `more` that others
/// know of.
pub fn find_issued(
    zone: &ZoneDirectory,
    target: &RevocationTarget,
    more: impl FnOnce() -> Result<Vec<LogEntry>>,
    now: OffsetDateTime,
) -> Result<Targeted> {
    let is_meant = |entry: &LogEntry| match target {
        RevocationTarget::Holder(name) => entry.node == *name,
        RevocationTarget::Serial(serial) => entry.serial == *serial,
    };
    // The last record of a serial number tells.
    let mut found: BTreeMap<String, LogEntry> = BTreeMap::new();
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    open_log(zone)?
        .for_each(|entry| {
            if is_meant(&entry) && found.insert(entry.serial.clone(), entry.clone()).is_none() {
                newest.insert(entry.role, entry.serial);
            }
        })
        .map_err(|error| issuance_log_failure(&zone.paths, &error))?;
    // One certificate that the log has need not be looked for among those of all nodes.
    if found.is_empty() || matches!(target, RevocationTarget::Holder(_)) {
        let unrecorded = issued_in_files(zone, target).into_iter().chain(more()?);
        for entry in unrecorded.filter(|entry| is_meant(entry)) {
            found.entry(entry.serial.clone()).or_insert(entry);
        }
    }
    let is_newest = |entry: &LogEntry| {
        matches!(target, RevocationTarget::Holder(_)) && newest.get(&entry.role) == Some(&entry.serial)
    };
    let mut targeted = Targeted::default();
    for entry in found.into_values() {
        match (&entry.revoked, entry.not_after < now && !is_newest(&entry)) {
            (Some(_), _) => targeted.revoked.push(entry),
            (None, true) => targeted.expired += 1,
            (None, false) => targeted.live.push(entry),
        }
    }
    Ok(targeted)
}

/// Records that these are revoked, and writes the lists again that lack anything that is recorded. Returns
/// the planes whose lists were written.
#[tracing::instrument(skip_all)]
pub fn revoke(
    zone: &ZoneDirectory,
    entries: &[LogEntry],
    reason: RevocationReason,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<Vec<Plane>> {
    let marked: Vec<LogEntry> = entries
        .iter()
        .map(|entry| LogEntry { revoked: Some(RevocationMark { at: now, reason }), ..entry.clone() })
        .collect();
    open_log(zone)?.append(&marked).map_err(|error| issuance_log_failure(&zone.paths, &error))?;
    complete_lists(zone, now, held)
}

/// Writes the lists again that lack anything that is recorded as revoked.
fn complete_lists(zone: &ZoneDirectory, now: OffsetDateTime, held: &ZoneLock) -> Result<Vec<Plane>> {
    let authorities = held.authorities(now)?;
    let mut written = Vec::new();
    for (plane, recorded) in recorded(zone, |entry| entry.not_after >= now)? {
        let present = authorities.revocations(plane);
        let missing: Vec<Revoked> =
            recorded.into_iter().filter(|entry| !present.lists_serial(&entry.serial)).collect();
        let has_probe = || revocation_probe(&zone.paths, plane, authorities.plane(plane), present).is_some();
        if !missing.is_empty() || !(present.is_empty() || has_probe()) {
            let authority = load_authority(&zone.paths, plane.name(), &zone.ca_passphrase, now)?;
            SignedList::following(zone, &authority, plane, present, &missing, now)?.put()?;
            written.push(plane);
        }
    }
    Ok(written)
}

/// What is recorded as revoked, as far as it is meant: what has expired is refused without a list.
pub(in crate::zone_directory) fn recorded(
    zone: &ZoneDirectory,
    is_meant: impl Fn(&LogEntry) -> bool,
) -> Result<BTreeMap<Plane, Vec<Revoked>>> {
    let mut recorded: BTreeMap<Plane, Vec<Revoked>> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    open_log(zone)?
        .for_each(|entry| {
            let Some(mark) = entry.revoked else { return };
            let plane = plane_of_role(&entry.role).or_else(|| plane_of_probe(&entry, &zone.config));
            let (Some(plane), Some(serial)) = (plane, hex::decode(&entry.serial)) else { return };
            if is_meant(&entry) && seen.insert(entry.serial) {
                recorded.entry(plane).or_default().push(Revoked { serial, at: mark.at, reason: mark.reason });
            }
        })
        .map_err(|error| issuance_log_failure(&zone.paths, &error))?;
    Ok(recorded)
}

fn open_log(zone: &ZoneDirectory) -> Result<IssuanceLog> {
    IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| issuance_log_failure(&zone.paths, &error))
}
