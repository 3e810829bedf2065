//! `ca/restored.json`: the cluster that a zone has since it was last restored.

use std::io;

use zone_pki::{hex, regular_file};

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::rotation::exchange::Exchange;
use crate::zone_directory::{ZoneDirectory, ZoneLock};
use model::error::{Failure, Result};
use model::formats::{self, RestoredEpoch};
use model::plan::{ClusterToken, ZonePaths};
use model::random;

/// What it says; none if the zone was never restored.
///
/// # Errors
/// It cannot be read, or is of a newer format: whether the zone may be bootstrapped is not known then.
pub fn read_restored(paths: &ZonePaths) -> Result<Option<RestoredEpoch>> {
    let path = paths.restored();
    let text = match regular_file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let epoch = formats::read(&text, RestoredEpoch::FORMAT).map_err(|error| {
        Failure::bad_input("what the zone was restored to cannot be told")
            .because(format!("ca/restored.json: {error}"))
            .next("put ca/ back from your copy of the zone directory")
    })?;
    Ok(Some(epoch))
}

/// Records it, with its token, in one exchange of `ca/`.
///
/// # Errors
/// It cannot be written: then all is as it was.
pub fn record_restored(zone: &ZoneDirectory, held: &ZoneLock, epoch: &RestoredEpoch) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(epoch)
        .map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
    text.push(b'\n');
    let exchange = Exchange::begin(&zone.paths, held)?;
    exchange.write("token", format!("{}\n", epoch.token).as_bytes(), 0o644)?;
    exchange.write("restored.json", &text, 0o644)?;
    exchange.put_in_place()
}

/// A token that no cluster of the zone has had: what follows from the root, and a random number.
///
/// # Errors
/// The system gives no random numbers.
pub fn draw_token(zone: &ZoneDirectory, authorities: &Authorities) -> Result<String> {
    let random = random::bytes::<4>()?;
    let derived = ClusterToken::derive(&zone.config.name, &authorities.root.subject_public_key_sha256());
    Ok(format!("{derived}-{}", hex::encode(&random)))
}
