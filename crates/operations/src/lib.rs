//! What changes a zone while it runs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`operation`] | the steps of every operation: gate, change, deliver, seen to be in effect |
//! | [`runbook`] | an operation as a list of steps, carried out or listed by `--dry-run` |
//! | [`observer`], [`event`] | the zone, asked in the course of one; what happens, told to who watches |
//! | [`interruption`] | what members are interrupted for |
//! | [`restarted`] | what is told of the restart of a member |
//! | [`restored_node`] | what is told of the restore of a node |
//! | [`lock`] | two operations on a zone are kept apart, in its etcd |
//! | [`discovery`] | the zone's etcd as the discovery service for other clusters |
//! | [`grants`] | what etcd's authentication lets each node do |
//! | [`transport`] | how the signing host reaches the nodes: in place, by a command, or in files |
//! | [`restart`] | members restarted, one after the other, while the others carry the cluster |
//! | [`defragmentation`] | database files made smaller; the way out of the alarm NOSPACE |
//! | [`membership`] | members that come and go |
//! | [`snapshot`] | a snapshot of the data |
//! | [`restoration`] | the data of all members replaced by that of a snapshot |
//! | [`recovery`] | a quorum that is lost for good: all that a survivor's log holds, in a snapshot |
//! | [`recovery_report`] | what a node tells of its log |
//! | [`renewal`] | certificates renewed, holder by holder |
//! | [`rotation`] | a CA takes the place of another |
//! | [`revocation`] | what leaked is refused by every member |
//! | [`sync`] | a node activates what waits for it in etcd, and answers |
//! | [`upgrade`] | a zone brought to another version of etcd, one minor at a time |

mod any_member;
mod by_etcd;
pub mod defragmentation;
pub mod discovery;
pub mod event;
pub mod grants;
pub mod interruption;
pub mod lock;
pub mod membership;
pub mod observer;
pub mod operation;
pub mod recovery;
pub mod recovery_report;
pub mod renewal;
pub mod restart;
pub mod restarted;
pub mod restoration;
pub mod restored_node;
pub mod revocation;
pub mod rotation;
pub mod runbook;
pub mod snapshot;
pub mod sync;
pub mod transport;
pub mod upgrade;
