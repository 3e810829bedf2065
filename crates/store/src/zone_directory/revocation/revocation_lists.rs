//! The revocation list of a plane as it is in `ca/`: read, and made again where it cannot be used.
//!
//! What is revoked is recorded in `issued.jsonl` before it is listed, so nothing that was revoked here is
//! lost with a list.

use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::{RevocationList, RevocationListError, ShowPath, regular_file};

use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::authorities::certificates::AuthorityCertificates;
use crate::zone_directory::revocation::record::recorded;
use crate::zone_directory::revocation::signed_list::SignedList;
use crate::zone_directory::{ZoneDirectory, ZoneLock};
use model::error::{Failure, Result};
use model::plan::{Plane, ZonePaths};
use model::report::shell_quoted_path;

#[derive(Debug)]
pub struct RebuiltList {
    pub path: PathBuf,
    pub listed: usize,
    /// Where that is now which could not be used; none if there was no file.
    pub kept: Option<PathBuf>,
}

/// Why a list is of no use.
enum Unusable {
    File(io::Error),
    List(RevocationListError),
}

/// Reads the list of a plane. One that no CA of the plane has signed is refused as a damaged one is.
pub(in crate::zone_directory) fn read_revocations(
    paths: &ZonePaths,
    plane: Plane,
    authorities: &AuthorityCertificates,
) -> Result<RevocationList> {
    let path = paths.revocation_list(plane.name());
    read(&path, plane, authorities).map_err(|why| {
        let failure = match why {
            Unusable::File(error) if error.kind() != io::ErrorKind::NotFound => {
                return Failure::read(&path, &error);
            }
            Unusable::File(error) => Failure::read(&path, &error),
            Unusable::List(error) => {
                Failure::bad_input(format!("{} cannot be used", path.shown())).because(&error)
            }
        };
        let root = shell_quoted_path(paths.root());
        failure.next(format!(
            "make it again from issued.jsonl: zone-etcd pki revoke --rebuild-lists --zone {root}"
        ))
    })
}

fn read(
    path: &Path,
    plane: Plane,
    authorities: &AuthorityCertificates,
) -> std::result::Result<RevocationList, Unusable> {
    let der = regular_file::read(path).map_err(Unusable::File)?;
    let list = RevocationList::from_der(&der).map_err(Unusable::List)?;
    list.verify(authorities.trusted(plane)).map_err(Unusable::List)?;
    Ok(list)
}

/// Makes the lists again that cannot be used, with everything that is recorded as revoked. What was there is
/// kept beside them.
pub fn rebuild_lists(
    zone: &ZoneDirectory,
    now: OffsetDateTime,
    _held: &ZoneLock,
) -> Result<Vec<RebuiltList>> {
    let authorities = AuthorityCertificates::load(&zone.paths, now)?;
    // Also what has expired: a node takes no list that lists less than the one that it has.
    let mut recorded = recorded(zone, |_| true)?;
    let mut rebuilt = Vec::new();
    for plane in Plane::ALL {
        let path = zone.paths.revocation_list(plane.name());
        match read(&path, plane, &authorities) {
            Ok(_) => continue,
            Err(Unusable::File(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::read(&path, &error));
            }
            Err(_) => {}
        }
        let entries = recorded.remove(&plane).unwrap_or_default();
        let authority = load_authority(&zone.paths, plane.name(), &zone.ca_passphrase, now)?;
        let listed = entries.len();
        let number = number_above_any_before(now, listed);
        let list = SignedList::sign(zone, &authority, plane, entries, number, now)?;
        let kept = keep(&path)?;
        list.put()?;
        rebuilt.push(RebuiltList { path, listed, kept });
    }
    Ok(rebuilt)
}

/// A number above that of every list before (RFC 5280, 5.2.3), which none of the files tells any more. They
/// count from one or from an earlier call of this; each has more than the one before it recorded, a
/// revocation or its probe, so `recorded` tells those of the same second apart.
fn number_above_any_before(now: OffsetDateTime, recorded: usize) -> u64 {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    seconds.saturating_mul(1_000_000).saturating_add(recorded as u64)
}

/// Gives what is there a second name; the first one goes to what takes its place.
fn keep(path: &Path) -> Result<Option<PathBuf>> {
    let mut number = 1_u32;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".unusable-{number}"));
        let kept = PathBuf::from(name);
        match std::fs::hard_link(path, &kept) {
            Ok(()) => return Ok(Some(kept)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Failure::write(&kept, &error)),
        }
    }
}
