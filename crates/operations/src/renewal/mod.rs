//! Certificates renewed, holder by holder.
//!
//! | module | what it holds |
//! |---|---|
//! | `by_etcd` | nodes whose bundles etcd has: many at once |
//! | `holder` | one holder: issued, brought to its node, seen to be in use; or put back as it was |
//! | `proof` | whether what was renewed is in use |
//! | `rollback` | what it had, put back |
//! | `together` | those to which nothing is brought: many at once |

mod by_etcd;
mod holder;
mod proof;
mod rollback;
mod together;

pub use holder::{Renewal, RenewalStep, Renewed, Served};
pub use proof::{answers, prove, shows};
