//! The bundle of a node: one file that brings a machine into the zone.
//!
//! From the outside in: an age file (or nothing, if plain), zstd, tar. The first two entries are the manifest
//! and its signature by the zone's root, or by the CA of the peer plane if the root's key is kept elsewhere;
//! every file after them is listed in the manifest with its size, mode and digest, in order. A reader
//! believes nothing before the signature is checked, and holds no more than the manifest in memory.
//!
//! | to write | to read |
//! |---|---|
//! | [`BundleMaker`]: which bundle a node is to have | [`OpenBundle`]: its files, one after the other |
//! | [`ZoneContents`]: the files of a node | [`Manifest`]: what it says of itself |
//! | [`BundleDirectory`], [`BundleHistory`]: where it goes, its record | [`Identity`]: what opens it |
//! | [`PipedBundle`]: one that is on no disk | |
//! | [`Sealing`], [`write_bundle`] | [`BundleError`]: what can be wrong |

mod archive;
mod bundled;
mod contents;
mod directory;
mod earlier;
mod envelope;
mod error;
mod failure;
mod identity;
mod log;
mod make;
mod manifest;
mod open;
mod piped;
mod programs;
mod proposed;
mod recipient;
mod right;
mod seal;
mod sequence;
mod ssh_key;
mod unseal;
mod write;

pub use bundled::{bundled_certificates, is_recorded};
pub use contents::{NodeContents, ZoneContents};
pub use directory::BundleDirectory;
pub use earlier::{Asked, Earlier};
pub use envelope::Envelope;
pub use error::BundleError;
pub use failure::{bundle_failure, identity_failure};
pub use identity::{Identity, IdentityError};
pub use log::{BundleHistory, NodeHistory, SignerRuns};
pub use make::{BundleMaker, Made, MadeHow};
pub use manifest::{FileEntry, FileMode, KeyPlace, Manifest};
pub use model::formats::{BundleRecord, BundledCertificate, Seal};
pub use open::{FileReader, OpenBundle};
pub use piped::PipedBundle;
pub use programs::Programs;
pub use proposed::{
    OUT_ELSEWHERE, proposed, proposed_activate, proposed_elsewhere, proposed_out, proposed_renewal,
    proposed_sealing,
};
pub use recipient::{Recipient, RecipientError};
pub use right::{BootstrapRight, JoinOnly, Known};
pub(crate) use seal::Sealed;
pub use seal::Sealing;
pub use sequence::Numbering;
pub(crate) use unseal::{AGE, open_age};
pub(crate) use write::Digesting;
pub use write::{BundleFile, write_bundle};

pub const MANIFEST_FILE: &str = "manifest.json";
pub const SIGNATURE_FILE: &str = "manifest.sig";
