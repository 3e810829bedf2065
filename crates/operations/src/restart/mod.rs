//! Members restarted, one after the other, while the others carry the cluster.
//!
//! | module | what it holds |
//! |---|---|
//! | `gates` | whether a member may be restarted now. Pure |
//! | `interruption` | what differs where they are not restarted, but defragmented |
//! | `readiness` | waits for the gates, and says what is in the way |
//! | `leadership` | moved away before the leader is stopped |
//! | `process` | the process of a member, and who looks after it |
//! | `stopped` | kept stopped, while its data is worked on |
//! | `comeback` | waits until it is back and well |
//! | `member` | all of this for one member |
//! | `one_by_one` | the same for several, the leader last |
//! | `preview` | what it would take and do, for `--dry-run` |

mod comeback;
mod gates;
mod interruption;
mod leadership;
mod member;
mod one_by_one;
mod preview;
mod process;
mod readiness;
mod stopped;

pub(crate) use leadership::move_leadership_from;
use process::RunningMember;
pub(crate) use process::process_of;
pub use readiness::Others;
pub(crate) use readiness::wait_for_others;
pub(crate) use stopped::Stopped;

pub use gates::{Closed, GateAnswer, GateCluster, GateMember, LAG_LIMIT, Meanwhile, SeenFrom, gates};
pub use member::{RESTART_LIMIT, Ready};
pub use one_by_one::{RestartStep, Restarts, leads, next_to_restart, order_of_restarts};
pub use readiness::{member_of, refuse_unless_restartable};
