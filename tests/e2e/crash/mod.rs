//! SIGKILL at the steps between the first file that a command changes and its end, or etcd: the next one
//! works, or refuses with the step that fixes it, and nothing is lost.
//!
//! Each test takes three steps of its command, or as many as `ZONE_ETCD_KILLS` says; `scripts/crash` takes
//! all, and has what [`tally`] prints as a table.

mod activation;
mod ca_keys;
mod command;
pub mod invariants;
mod issuing;
mod live_steps;
mod membership;
mod new_zones;
mod restoration;
mod revocation;
mod rotation;
mod running;
mod starts;
mod strace;
mod tally;
