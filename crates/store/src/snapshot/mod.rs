//! Snapshots of a cluster's data: a database file, as etcd's own tools write it, or the same sealed with age,
//! and a signed manifest beside it.
//!
//! | to write | to read |
//! |---|---|
//! | [`PartialSnapshot`], [`WholeSnapshot`]: the file | [`Checked`]: it, against what it should be |
//! | [`SignedManifest`]: what it says of itself | [`list`]: a directory of them |
//! | [`LatestSnapshots`]: how old they are | |
//! | [`Keep`]: which ones are kept | [`SnapshotPaths`]: what lies beside a file |

mod check;
mod database;
mod digest;
mod directory;
mod keep;
mod latest;
mod partial;
mod paths;
mod signed;

/// Where the snapshots of a zone are, below its directory, unless another place is named.
pub const DIRECTORY: &str = "snapshots";

pub use check::{Checked, SnapshotFault, Trust, unseal};
pub use database::{below_seal, receive_database};
pub use directory::{ListedSnapshot, last_drill, list, remove, sweep};
pub use keep::Keep;
pub use latest::{LatestSnapshots, SENT};
pub use partial::{PartialSnapshot, WholeSnapshot};
pub use paths::SnapshotPaths;
pub use signed::SignedManifest;
