//! What is wrong, why it matters, and what to do.
//!
//! | module | what it holds |
//! |---|---|
//! | [`log`] | lines that etcd printed, explained from one table |

pub mod log;
