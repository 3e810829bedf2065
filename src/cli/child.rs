//! The arguments of `child`, by which supervised processes are started, and of `await-ready`, which units
//! have.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use humantime::Duration;

#[derive(Debug, Args)]
pub struct ChildArgs {
    /// The process id of the supervisor, with which the program is to end
    #[arg(long, value_name = "PID")]
    pub parent: i32,
    /// The user to run as, by name or number
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// The directory to run in
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct AwaitReadyArgs {
    /// How long to wait
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub timeout: Duration,
    /// tcp:PORT, tcp:ADDRESS:PORT, http://… or exec:…, as `ready` of a process
    pub ready: String,
}
