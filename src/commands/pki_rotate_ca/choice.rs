//! What is to be done, by what is asked and where the zone stands.

use time::OffsetDateTime;

use super::invocation::Invocation;
use crate::cli::{PkiRotateCaArgs, RotatedPlane, StopAfter};
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report as output;
use operations::rotation::{Progress, Stage};
use store::zone_directory::{Authorities, RotationScope, ZoneDirectory, edition, retired};

/// A CA that is younger and has a predecessor came of a rotation that has just ended.
const YOUNG: time::Duration = time::Duration::DAY;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Which CAs.
    pub(super) rotated: RotationScope,
    /// The last stage; none to go back.
    pub(super) until: Option<Stage>,
}

impl Choice {
    /// None if nothing is to be done.
    pub(super) fn make(
        arguments: &PkiRotateCaArgs,
        progress: &Progress,
        zone: &ZoneDirectory,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Option<Self>> {
        let asked = asked(arguments);
        let until = match arguments.stop_after {
            Some(StopAfter::TrustBoth) => Stage::TrustBoth,
            Some(StopAfter::NewLeaves) => Stage::NewLeaves,
            None => Stage::DropOld,
        };
        let Some(rotated) = progress.rotated else {
            if arguments.rollback {
                output::message("there is nothing to go back from: no rotation is in progress");
                return Ok(None);
            }
            let rotated = asked.unwrap_or(RotationScope::Planes);
            if !arguments.force
                && tell_if_just_rotated(rotated, zone, authorities, now, &Invocation::of(arguments))
            {
                return Ok(None);
            }
            return Ok(Some(Self { rotated, until: Some(until) }));
        };
        if let Some(asked) = asked
            .filter(|asked| *asked != rotated && !matches!(progress.stage, Stage::DropOld | Stage::Before))
        {
            return Err(other_rotation(zone, rotated, asked, progress.stage));
        }
        if progress.stage == Stage::Before && !arguments.rollback {
            return Err(being_taken_back(zone));
        }
        if arguments.rollback {
            return match progress.stage {
                Stage::DropOld => Err(too_late(zone)),
                _ => Ok(Some(Self { rotated, until: None })),
            };
        }
        if progress.stage > until {
            output::message(&format!("{until} is over: {rotated} are at {}", progress.stage));
            return Ok(None);
        }
        Ok(Some(Self { rotated, until: Some(until) }))
    }
}

pub(super) fn asked(arguments: &PkiRotateCaArgs) -> Option<RotationScope> {
    if arguments.root {
        return Some(RotationScope::Root);
    }
    arguments.plane.map(|plane| match plane {
        RotatedPlane::Peer => RotationScope::Plane(Plane::Peer),
        RotatedPlane::Client => RotationScope::Plane(Plane::Client),
        RotatedPlane::All => RotationScope::Planes,
    })
}

/// An operator who did not see the end of the command and types it again is not to begin another rotation.
fn tell_if_just_rotated(
    rotated: RotationScope,
    zone: &ZoneDirectory,
    authorities: &Authorities,
    now: OffsetDateTime,
    typed: &Invocation,
) -> bool {
    let retired = retired(zone);
    let is_new = |stem: &str| {
        let signer = authorities.all().into_iter().find(|(name, _)| *name == stem).map(|(_, signer)| signer);
        signer.is_some_and(|signer| {
            let has_predecessor =
                retired.iter().any(|(name, ca)| *name == stem && edition(ca) < edition(signer));
            has_predecessor && now - signer.not_before() < YOUNG
        })
    };
    if !rotated.stems().into_iter().all(is_new) {
        return false;
    }
    let (was, them) = if rotated.is_one() { ("was", "it") } else { ("were", "them") };
    output::message(&format!(
        "nothing to do: {rotated} {was} replaced less than a day ago, and every member trusts nothing \
         else\nto replace {them} once more: {}",
        zone.proposed(&format!("{} --force", typed.again()))
    ));
    true
}

fn other_rotation(
    zone: &ZoneDirectory,
    rotated: RotationScope,
    asked: RotationScope,
    stage: Stage,
) -> Failure {
    Failure::new(Exit::Usage, format!("{asked} cannot be replaced now"))
        .because(format!(
            "{rotated} {} being replaced, at the stage {stage}",
            if rotated.is_one() { "is" } else { "are" }
        ))
        .next(format!(
            "go on with that: {}; or back: {}",
            zone.proposed("pki rotate-ca"),
            zone.proposed("pki rotate-ca --rollback")
        ))
}

fn being_taken_back(zone: &ZoneDirectory) -> Failure {
    Failure::bad_input(
        "the last rotation is being taken back, and not all members have lost the other CA yet",
    )
    .next(format!("finish that first: {}", zone.proposed("pki rotate-ca --rollback")))
}

fn too_late(zone: &ZoneDirectory) -> Failure {
    Failure::bad_input("it is too late to go back")
        .because(
            "the zone trusts the old CA no more, and the members that do lose it with their next restart",
        )
        .next(format!("go on: {}", zone.proposed("pki rotate-ca")))
}
