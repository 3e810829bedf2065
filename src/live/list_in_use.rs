//! The revocation list that a member uses, against the zone's: told by what it does with a certificate that was issued to be on the list.

use std::time::Duration;

use super::trial::{Reception, Tried, try_where};
use crate::config::Node;
use crate::plan::Plane;
use crate::tls::{DialError, MaterialError};
use crate::zone_directory::{Authorities, ZoneDirectory, revocation_probe};

/// Tries the probe of a plane's list on each of these members, all at once, for at most `limit`: [`Reception::Refused`] by one that
/// uses this list, [`Reception::Taken`] by one that uses an older one. None if the list has no probe, as one without entries.
///
/// # Errors
/// The CA of the plane cannot be used.
pub fn try_list(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    plane: Plane,
    members: &[&Node],
    limit: Duration,
) -> Result<Option<Vec<Tried>>, MaterialError> {
    let list = authorities.revocations(plane);
    let Some(probe) = revocation_probe(&zone.paths, plane, authorities.plane(plane), list) else {
        return Ok(None);
    };
    try_where(members, plane, authorities, &probe, limit, |reply| match reply {
        // It refuses the certificate before it looks at a list.
        Err(error @ DialError::Alert(_)) => Reception::Unknown(error.to_string()),
        reply => Reception::of(reply),
    })
    .map(Some)
}
