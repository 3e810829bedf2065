//! `bundle`: for each node, one file that brings its machine into the zone; and `bundle inspect`.

mod inspect;
mod listing;
mod make;
mod outcome;
mod passphrase;
mod seal_choice;

use time::OffsetDateTime;
use zone_pki::Certificate;

use crate::cli::{BundleArgs, BundleCommand};
use crate::error::Result;

pub(super) fn run(arguments: &BundleArgs, now: OffsetDateTime) -> Result<()> {
    match &arguments.command {
        Some(BundleCommand::Inspect(arguments)) => inspect::run(arguments),
        None => make::run(&arguments.make, now),
    }
}

/// SHA-256 of a certificate as `openssl x509 -fingerprint` prints it, pair by pair.
fn fingerprint(certificate: &Certificate) -> String {
    let pairs: Vec<String> =
        certificate.fingerprint_sha256().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
