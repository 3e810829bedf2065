//! A quorum that is lost for good.
//!
//! `--force-new-cluster` of etcd discards what a member does not know to be committed, and so writes that a
//! client has an answer to: a leader answers before its followers hear of the commit. Here all entries of the
//! best log that is left are kept: declared committed in a copy, applied by an etcd that runs for that alone,
//! and written to a snapshot. Of the originals nothing is written to.
//!
//! | module | what it holds |
//! |---|---|
//! | `log_report` | how far the log of a member has come: `recover log` |
//! | `copy` | its data, copied beside |
//! | `private_etcd` | an etcd for this process alone |
//! | `salvage` | all of that, to a snapshot: `recover salvage` |
//! | `survey` | the logs of all nodes, and the best of them |
//! | `answering` | members that answer, though they are said to be dead |
//! | `plan` | from the signing host: the gates and steps of `recover` |

mod answering;
mod copy;
mod log_report;
mod plan;
mod private_etcd;
mod salvage;
mod survey;

pub use crate::recovery_report::{LogReport, SalvageReport};
pub use answering::refuse_answering;
pub use plan::{From, Recovery, RecoveryStep, unknown};
pub use private_etcd::serve;
pub use salvage::{Salvage, Salvaged};
pub use survey::Survey;
