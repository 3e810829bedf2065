//! A zone brought to another version of etcd: one minor at a time, one member after the other.
//!
//! | module | what it holds |
//! |---|---|
//! | `versions` | what the members run now |
//! | `restarter` | one member brought to the next version: by way of a snapshot, if its data takes one |
//! | `walk` | the versions in between, one after the other |
//!
//! Nothing records how far an upgrade is: which version comes next follows from what the members run, and
//! whether a member needs a snapshot from its data. The order, the gates and the restarts are those of
//! [`crate::restart`].

mod restarter;
mod versions;
mod walk;

pub use versions::RunningVersions;
pub use walk::{Upgrade, hold, no_way};
