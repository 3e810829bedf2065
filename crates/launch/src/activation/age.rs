//! Whether a bundle is of this time: neither over, nor older than what is active.

use time::OffsetDateTime;

use zone_pki::instant;

use super::node_store::BundledGeneration;
use super::refusal::{ActiveBundle, Refusal, RefusedBundle};
use model::error::Failure;
use store::bundle::Manifest;

/// Refuses a bundle whose certificates are over, that was made for another zone, that is older than what is
/// active, or that has the number of another one which this node has had: `all` are those. `way_back` is the
/// command that goes back to the generation before, if there is one.
pub(super) fn check(
    manifest: &Manifest,
    active: Option<&BundledGeneration>,
    all: &[BundledGeneration],
    way_back: Option<String>,
    name: &str,
    now: OffsetDateTime,
) -> Result<(), RefusedBundle> {
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
    // After a step back another one has the highest number, and the next has to be above that.
    let latest = all.iter().map(|each| &each.manifest).max_by_key(|each| each.sequence).unwrap_or(active);
    let older = |failure| RefusedBundle {
        failure,
        refusal: Some(Box::new(Refusal::Older(ActiveBundle::of(in_use, latest)))),
    };
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
                    "use the newest bundle of this node; to go back: {command}; if the signing host knows of \
                     no newer one, {}",
                    above(latest)
                ),
                None => format!("use the newest bundle of this node; if there is none, {}", above(latest)),
            });
        return Err(older(failure));
    }
    let has_its_number =
        |each: &&Manifest| each.sequence == manifest.sequence && each.digest() != manifest.digest();
    let mut had = std::iter::once(active).chain(all.iter().map(|each| &each.manifest));
    if had.any(|each| has_its_number(&each)) {
        let what = match manifest.sequence == active.sequence {
            true => format!("{name} is not what is active, and has the same number"),
            false => format!("{name} is not to be activated: this node has had another with the same number"),
        };
        let failure = Failure::bad_input(what)
            .because(format!(
                "both are number {} of {}, and only one of them can be in the signing host's log",
                manifest.sequence, manifest.node
            ))
            .next(above(latest));
        return Err(older(failure));
    }
    Ok(())
}

/// For a zone directory that was put back from a copy, or of which there are two.
fn above(latest: &Manifest) -> String {
    format!("{} --above {}", another(latest), latest.sequence)
}

fn another(manifest: &Manifest) -> String {
    format!("have a new one made on the signing host: {}", store::bundle::proposed_elsewhere(&manifest.node))
}
