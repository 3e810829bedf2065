//! The revocation list that a member uses, against the zone's: told by what it does with a certificate that
//! was issued to be on the list.

use std::time::{Duration, Instant};

use super::trial::{Reception, Tried, try_where};
use super::{LiveZone, judge};
use etcd::tls::{DialError, MaterialError};
use model::config::Node;
use model::plan::Plane;
use store::zone_directory::{Authorities, ZoneDirectory, revocation_probe};

/// Tries the probe of a plane's list on each of these members, all at once, for at most `limit`:
/// [`Reception::Refused`] by one that uses this list, [`Reception::Taken`] by one that uses an older one.
/// None if the list has no probe, as one without entries.
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

/// How old a trial may be: each is a refused connection in the log of a member.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A member that uses an older revocation list than the zone's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderList {
    /// The member, by the short name of its node.
    pub member: String,
    pub plane: Plane,
}

/// What was found before.
#[derive(Debug, Default)]
pub struct ListMemory(Option<(Instant, Vec<OlderList>)>);

/// The members that use an older list than the zone's. Of one that cannot be tried nothing is said.
///
/// # Errors
/// The CA of a plane cannot be used.
pub fn older_lists(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    members: &[&Node],
    limit: Duration,
) -> Result<Vec<OlderList>, MaterialError> {
    let mut older = Vec::new();
    for plane in Plane::ALL {
        let tried = try_list(zone, authorities, plane, members, limit)?.unwrap_or_default();
        let taken = tried.into_iter().filter(|tried| tried.reception == Reception::Taken);
        older.extend(taken.map(|Tried { member, .. }| OlderList { member, plane }));
    }
    Ok(older)
}

impl LiveZone {
    /// Compares the revocation lists that the members use with those of the zone, for at most `limit` a
    /// plane, and judges the zone by it. What was found within the last minute is taken from `memory`.
    pub fn compare_lists(
        &mut self,
        zone: &ZoneDirectory,
        authorities: &Authorities,
        limit: Duration,
        memory: &mut ListMemory,
    ) {
        let answering = |node: &&Node| {
            self.members
                .iter()
                .any(|member| member.node.as_ref() == Some(&node.name) && member.status.is_ok())
        };
        let remembered = memory.0.take().filter(|(tried, _)| tried.elapsed() < TRY_AGAIN_AFTER);
        let (tried, older) = remembered.unwrap_or_else(|| {
            let mut members = authorities.serving_members(&zone.config);
            members.retain(answering);
            // A CA that cannot be used is told of by everything else.
            (Instant::now(), older_lists(zone, authorities, &members, limit).unwrap_or_default())
        });
        self.older_lists.clone_from(&older);
        memory.0 = Some((tried, older));
        for OlderList { member, plane } in &self.older_lists {
            let fault = format!(
                "uses an older revocation list on the {} plane, and takes what was revoked since",
                plane.name()
            );
            if let Some(facts) = self.facts.iter_mut().find(|facts| facts.name == *member) {
                facts.faults.push(fault);
            }
        }
        self.judgement = judge(&self.facts, &self.alarms, &self.data);
    }
}
