//! Members that come and go, while the others carry the cluster.
//!
//! How far an operation is, the member list and the disks tell; nothing else records it. So each of them can
//! be run again, and goes on where it was.
//!
//! | module | what it holds |
//! |---|---|
//! | [`steps`] | a change of the members: its steps, listed or carried out |
//! | [`state`] | what a node is to the cluster, by its member list |
//! | `gates` | what has to be so before the list is changed |
//! | `change` | the list changed, and read again until it shows it |
//! | `addition` | a node becomes a learner |
//! | `promotion` | a learner gets its vote |
//! | [`removal`] | a member leaves |
//! | [`other_nodes`] | the other nodes, which know from bundles who the members are |

mod addition;
mod change;
mod gates;
pub mod other_nodes;
mod promotion;
pub mod removal;
pub mod state;
pub mod steps;

pub use other_nodes::{OtherNodes, carried};
pub use removal::{Leaving, RemovalWords};
pub use state::{MemberState, refuse_unconfirmed};
pub use steps::{Joining, MemberChange, MemberChanged, Step, steps_to_join};
