//! Whether a bundle is of this time: neither over, nor older than what is active.

use time::OffsetDateTime;

use zone_pki::instant;

use super::refused::{ActiveBundle, Refusal, Refused};
use super::store::Activated;
use crate::bundle::Manifest;
use crate::error::Failure;

/// Refuses a bundle whose certificates are over, that was made for another zone, or that is older than what is active.
/// `way_back` is the command that goes back to the generation before, if there is one.
pub(super) fn check(
    manifest: &Manifest,
    active: Option<&Activated>,
    way_back: Option<String>,
    name: &str,
    now: OffsetDateTime,
) -> Result<(), Refused> {
    if now > manifest.expires_at {
        return Err(Failure::bad_input(format!("{name} is too old: a certificate in it has expired"))
            .because(format!(
                "it was valid until {}, and this machine's clock says {}",
                instant(manifest.expires_at),
                instant(now)
            ))
            .next(format!("check this machine's clock; if it is right: {}", another(manifest)))
            .into());
    }
    let Some(in_use) = active else { return Ok(()) };
    let active = &in_use.manifest;
    let older =
        |failure| Refused { failure, refusal: Some(Box::new(Refusal::Older(ActiveBundle::of(in_use)))) };
    if manifest.zone != active.zone {
        return Err(Failure::bad_input(format!("{name} is of the zone {}", manifest.zone))
            .because(format!("this node is in the zone {}", active.zone))
            .next("activate the bundle of another zone in a node directory of its own: --node-dir DIR")
            .into());
    }
    if manifest.sequence < active.sequence {
        let failure = Failure::bad_input(format!("{name} is older than what is active"))
            .because(format!(
                "it is number {} of {}, made at {}",
                manifest.sequence,
                manifest.node,
                instant(manifest.issued_at)
            ))
            .because(format!("number {} is active, made at {}", active.sequence, instant(active.issued_at)))
            .next(match way_back {
                Some(command) => format!(
                    "use the newest bundle of this node; to go back: {command}; if the signing host knows of no newer one, {}",
                    above(active)
                ),
                None => format!("use the newest bundle of this node; if there is none, {}", above(active)),
            });
        return Err(older(failure));
    }
    if manifest.sequence == active.sequence && manifest.digest() != active.digest() {
        let failure = Failure::bad_input(format!("{name} is not what is active, and has the same number"))
            .because(format!(
                "both are number {} of {}, and only one of them can be in the signing machine's log",
                active.sequence, active.node
            ))
            .next(above(active));
        return Err(older(failure));
    }
    Ok(())
}

/// For a zone directory that was put back from a copy, or of which there are two.
fn above(active: &Manifest) -> String {
    format!("{} --above {}", another(active), active.sequence)
}

fn another(manifest: &Manifest) -> String {
    format!(
        "have a new one made on the signing machine: {}",
        crate::bundle::proposed_elsewhere(&manifest.node)
    )
}
