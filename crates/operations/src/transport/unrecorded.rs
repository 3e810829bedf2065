//! A node has a bundle that the zone directory does not know of: it was put back from a copy, or there are
//! two of it.

use zone_pki::{hex, instant};

use host::signing_host_id;
use launch::activation::ActiveBundle;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report;
use store::bundle::{Numbering, is_recorded};
use store::zone_directory::{Authorities, ZoneDirectory};

/// The number above which the node takes a bundle, and says what that means. `refused` is what the node said.
///
/// # Errors
/// Nothing is to be brought with another number.
pub(super) fn above(
    zone: &ZoneDirectory,
    node: &Node,
    active: &ActiveBundle,
    refused: Failure,
) -> Result<u64> {
    let (name, number) = (node.name.short(), active.sequence);
    if active.node != node.name.full() || number > Numbering::AT_MOST {
        return Err(refused);
    }
    if is_recorded(&zone.paths, &active.node, &active.manifest_sha256)? {
        return Err(Failure::new(
            Exit::TryAgain,
            format!("{name} has bundle {number}, which another command has brought in the meantime"),
        )
        .next("run the command again"));
    }
    refuse_older_authorities(zone, name, active)?;
    let why = match (&active.signing_host, signing_host_id()) {
        (Some(there), Some(here)) if *there != here => {
            "it was made on another signing host: stop working with one of the two"
        }
        _ => "it was put back from a copy, or there is another one",
    };
    report::warning(&format!(
        "{name} has bundle {number}, made at {}, and this zone directory does not know of it: {why}; the \
         next is {}. What else is not recorded here: {}",
        instant(active.issued_at),
        number.saturating_add(1),
        zone.proposed("pki check")
    ));
    Ok(number)
}

/// By how much the number of a bundle may be above the last that is recorded, to be believed: with each that
/// is, numbers of the node are used up for good.
const BELIEVED_ABOVE: u64 = 100_000;

/// Whether the next bundle of a node is to have a number above the one that it tells of in an answer, which
/// its client key is enough to sign. It refuses by itself what would take it back behind a rotation or
/// a revocation.
pub(super) fn is_believed(zone: &ZoneDirectory, node: &Node, number: u64, latest: u64) -> bool {
    let name = node.name.short();
    if number.saturating_sub(latest) > BELIEVED_ABOVE {
        report::warning(&format!(
            "{name} says that it has bundle {number}, and the last that was made is {latest}: not believed. \
             Is its client key in other hands? Otherwise say it: {}",
            zone.proposed(&format!("bundle {name} --above {number} --out DIR --passphrase-file FILE"))
        ));
        return false;
    }
    report::warning(&format!(
        "{name} has bundle {number}, and this zone directory does not know of it: it was put back from a \
         copy, or there is another one; the next is {}. What else is not recorded here: {}",
        number.saturating_add(1),
        zone.proposed("pki check")
    ));
    true
}

/// A copy from before a rotation would have members that do not trust each other.
fn refuse_older_authorities(zone: &ZoneDirectory, name: &str, active: &ActiveBundle) -> Result<()> {
    let authorities = Authorities::load_before_their_time(&zone.paths, time::OffsetDateTime::now_utc())?;
    let trusted = Plane::ALL.into_iter().flat_map(|plane| authorities.trusted(plane));
    let known: Vec<String> = trusted.map(|ca| hex::encode(&ca.fingerprint_sha256())).collect();
    if active.trusted_sha256.iter().all(|ca| known.contains(ca)) {
        return Ok(());
    }
    Err(Failure::bad_input(format!("{name} trusts a CA that this zone directory does not have"))
        .because(format!(
            "it has bundle {}, made at {}, which is not recorded here",
            active.sequence,
            instant(active.issued_at)
        ))
        .because(
            "this zone directory was put back from a copy of before `pki rotate-ca`, or another one is \
            in use",
        )
        .next("put back a newer copy of the zone directory, or use the other one"))
}
