//! A revocation list that this zone has signed, and that the zone directory does not know of: it was put back
//! from a copy, or another copy has revoked something since.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{IssuanceLog, LogEntry, RevocationList, RevocationMark, Revoked, ShowPath, hex, regular_file};

use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::failures::issuance_log_failure;
use crate::zone_directory::revocation::signed_list::SignedList;
use crate::zone_directory::rotation::editions::retired;
use crate::zone_directory::{Authorities, HeldAuthorities, ZoneDirectory};
use model::error::{Failure, Result};
use model::plan::Plane;

#[derive(Debug)]
pub struct AdoptedList {
    pub plane: Plane,
    /// How many certificates were not on the zone's list.
    pub added: usize,
    /// How many of those are not in `issued.jsonl` either: their holders are not known here.
    pub unknown: usize,
}

/// Puts everything that the list in `path` has on the zone's list, under a number that is above both.
///
/// # Errors
/// The file is no list that a CA of this zone has signed, or no list can be written.
pub fn adopt_list(
    zone: &ZoneDirectory,
    path: &Path,
    authorities: &HeldAuthorities<'_>,
    now: OffsetDateTime,
) -> Result<AdoptedList> {
    let shown = path.shown();
    let der = regular_file::read(path).map_err(|error| Failure::read(path, &error))?;
    let list = RevocationList::from_der(&der).map_err(|error| {
        Failure::bad_input(format!("{shown} is no revocation list"))
            .because(&error)
            .next("name a copy of pki/current/client.crl or pki/current/peer.crl of a node")
    })?;
    let Some(plane) = plane_that_signed(zone, authorities, &list) else {
        return Err(Failure::bad_input(format!("{shown} is of another zone"))
            .because("no CA of this zone has signed it")
            .next("do not use it, and see where it comes from"));
    };
    let present = authorities.revocations(plane);
    let missing: Vec<Revoked> = present.missing_of(&list).cloned().collect();
    let marked = marks(zone, &missing)?;
    let unknown = missing.len() - marked.len();
    if !missing.is_empty() || present.number() < list.number() {
        let log = open_log(zone)?;
        log.append(&marked).map_err(|error| issuance_log_failure(&zone.paths, &error))?;
        let authority = load_authority(&zone.paths, plane.name(), &zone.ca_passphrase, now)?;
        let entries = [present.entries(), &missing].concat();
        let number = present.number().max(list.number()).unwrap_or_default().saturating_add(1);
        SignedList::sign(zone, &authority, plane, entries, number, now)?.put()?;
    }
    Ok(AdoptedList { plane, added: missing.len(), unknown })
}

/// The plane whose CA has signed a list, be it one that is trusted no more.
pub fn plane_that_signed(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    list: &RevocationList,
) -> Option<Plane> {
    let retired = retired(zone);
    Plane::ALL.into_iter().find(|plane| {
        let retired = retired.iter().filter(|(stem, _)| *stem == plane.name()).map(|(_, ca)| ca);
        list.verify(authorities.trusted(*plane).into_iter().chain(retired)).is_ok()
    })
}

/// What is to be recorded of those that were issued here.
fn marks(zone: &ZoneDirectory, missing: &[Revoked]) -> Result<Vec<LogEntry>> {
    let mut marked: Vec<LogEntry> = Vec::new();
    open_log(zone)?
        .for_each(|entry| {
            let serial = hex::decode(&entry.serial);
            let listed = missing.iter().find(|listed| serial.as_ref() == Some(&listed.serial));
            let is_new = marked.iter().all(|known| known.serial != entry.serial);
            if let Some(Revoked { at, reason, .. }) = listed.filter(|_| is_new) {
                let revoked = Some(RevocationMark { at: *at, reason: *reason });
                marked.push(LogEntry { revoked, ..entry });
            }
        })
        .map_err(|error| issuance_log_failure(&zone.paths, &error))?;
    Ok(marked)
}

fn open_log(zone: &ZoneDirectory) -> Result<IssuanceLog> {
    IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| issuance_log_failure(&zone.paths, &error))
}
