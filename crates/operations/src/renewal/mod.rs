//! Certificates renewed, holder by holder.
//!
//! | module | what it holds |
//! |---|---|
//! | `holder` | one holder: issued, brought to its node, seen to be in use; or put back as it was |
//! | `proof` | whether what was renewed is in use |
//! | `rollback` | what it had, put back |

mod holder;
mod proof;
mod rollback;

pub use holder::{Renewal, Renewed, Served};
pub use proof::{answers, prove, shows};
