//! Snapshots of the data, from a member that has all of it.
//!
//! | module | what it holds |
//! |---|---|
//! | `source` | which member is asked: a follower that has caught up |
//! | `stream` | its database, written as it comes |
//! | `outlet` | a command or standard output that takes it as it comes |
//! | `recent` | one of the last hour, or one that is taken |
//! | `save` | a snapshot with its manifest, in its place |
//! | `trust` | whose signature counts |

mod outlet;
mod recent;
mod save;
mod source;
mod stream;
mod trust;

pub use outlet::Outlet;
pub(crate) use save::hash_at;
pub use save::{SnapshotRequest, TakenSnapshot};
pub use trust::trust;
