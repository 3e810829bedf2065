//! The bundle of a node: one file that brings a machine into the zone.
//!
//! From the outside in: an age file (or nothing, if plain), zstd, tar. The first two entries are the manifest and its
//! signature by the zone's root; every file after them is listed in the manifest with its size, mode and digest, in order.
//! A reader believes nothing before the signature is checked, and holds no more than the manifest in memory.

mod archive;
mod envelope;
mod error;
mod failure;
mod identity;
mod manifest;
mod open;
mod unseal;

pub use envelope::Envelope;
pub use error::BundleError;
pub use failure::{bundle_failure, identity_failure};
pub use identity::{Identity, IdentityError};
pub use manifest::{FileEntry, FileMode, KeyPlace, Manifest};
pub use open::{FileReader, OpenBundle};
pub use unseal::Seal;

/// The first entry.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The second entry.
pub const SIGNATURE_FILE: &str = "manifest.sig";
