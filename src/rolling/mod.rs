//! Members restarted, one after the other, while the others carry the cluster.
//!
//! | module | what it holds |
//! |---|---|
//! | `gates` | whether a member may be restarted now. Pure |
//! | `opening` | waits for the gates, and says what is in the way |
//! | `leadership` | moved away before the leader is stopped |
//! | `running` | the process of a member, and who looks after it |
//! | `comeback` | waits until it is back and well |
//! | `restart` | all of this for one member |
//! | `members` | the same for several, the leader last |
//! | `event` | what happens, told to whoever watches |

mod comeback;
mod event;
mod gates;
mod leadership;
mod members;
mod observer;
mod opening;
mod restart;
mod running;

pub use event::{Event, Watch};
pub use gates::{Closed, GateAnswer, GateCluster, GateMember, LAG_LIMIT, Meanwhile, gates};
pub use members::{InPlace, Restarter, next_to_restart, restart_members};
pub use observer::Observer;
pub use opening::{member_of, refuse_unless_restartable};
pub use restart::{RESTART_LIMIT, Ready, RestartedMember, TrustedAuthorities, make_ready, restart_member};
