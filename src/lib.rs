//! The command line, and one recipe a command. What they compose is in `crates`: facts flow one way, from the
//! command line through `model` (with what `host` observed) to `zone_pki`, `etcd` and exec.

pub mod arguments;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod logging;
mod output;
