//! What is wrong, why it matters, and what to do.
//!
//! | module | what it holds |
//! |---|---|
//! | [`log`] | lines that etcd printed, explained from one table |
//! | [`table`] | every check: its name, why it matters, how bad it is |
//! | [`finding`] | what a check found |
//! | [`rules`] | what to think of what was observed |
//! | [`node`] | a node and its machine, observed and judged: what `check` does, and `run` a part of it |

pub mod finding;
pub mod log;
pub mod node;
pub mod rules;
pub mod table;

pub use finding::{Finding, Verdict, by_harm, worst};
pub use node::{NodeCheck, before_start};
pub use table::{CHECKS, Check, CheckId, Group, Use};
