//! Files that we define and more than one part of the program reads: one type each, and one way to refuse a
//! version of them that is not known. `zone.toml` and `node.json` are read in [`config`](crate::config),
//! since people write them too.

mod bundle_record;
mod delivery_head;
mod local_config;
mod member_list;
mod nameservice_provider;
mod node_answer;
mod recipient_record;
mod restored_epoch;
mod snapshot;
mod zone_document;

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use bundle_record::{BundleRecord, BundledCertificate, Seal};
pub use delivery_head::DeliveryHead;
pub use local_config::{LocalMembers, is_of_bundle};
pub use member_list::encode_member_list;
pub use nameservice_provider::{NameserviceProvider, NameserviceProviderFault};
pub use node_answer::{NodeAnswer, NotActivated, SignedAnswer, SignedAnswerFault};
pub use recipient_record::{LearnedFrom, RecipientRecord};
pub use restored_epoch::{RestoredEpoch, RestoredMember, RestoredSnapshot, SalvagedLog};
pub use snapshot::{
    DrillRecord, RecoveredLog, SnapshotDatabase, SnapshotHash, SnapshotManifest, SnapshotMember,
    SnapshotSource,
};
pub use zone_document::WrittenZoneDocument;

/// Why the text of a file is not what this program writes.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is no JSON, or lacks something.
    #[error(transparent)]
    Damaged(#[from] serde_json::Error),
    /// Another version of this program has written it.
    #[error("its format is {found}, and this program knows {known}")]
    Unknown {
        /// Its format.
        found: u32,
        /// The last one that this program knows.
        known: u32,
    },
}

/// Reads a file that says its `format`.
///
/// # Errors
/// As [`FormatError`] says.
pub fn read<T: DeserializeOwned>(text: &[u8], known: u32) -> Result<T, FormatError> {
    format_of(text, known..=known)?;
    Ok(serde_json::from_slice(text)?)
}

/// The format of a file of which several are known. What one means that is not known cannot be told: it is
/// refused before anything else is read.
///
/// # Errors
/// As [`FormatError`] says.
pub fn format_of(text: &[u8], known: RangeInclusive<u32>) -> Result<u32, FormatError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format: found } = serde_json::from_slice(text)?;
    match known.contains(&found) {
        true => Ok(found),
        false => Err(FormatError::Unknown { found, known: *known.end() }),
    }
}
