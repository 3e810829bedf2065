//! The arguments of `defrag`.

use bytesize::ByteSize;
use clap::Args;

use super::{Format, ZoneArg};

#[derive(Debug, Args)]
pub struct DefragArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The nodes whose members are defragmented [default: all that have a member]
    #[arg(value_name = "NODE", conflicts_with = "nospace")]
    pub nodes: Vec<String>,
    /// Leave members alone whose database file has no more than this free [default: 100MiB]
    #[arg(long, value_name = "SIZE", conflicts_with = "nospace")]
    pub over: Option<ByteSize>,
    /// End the alarm NOSPACE: drop the history, defragment every member, take the alarm back, and write
    #[arg(long)]
    pub nospace: bool,
    /// With --nospace: keep the history of the last N revisions
    #[arg(long, value_name = "N", requires = "nospace", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    pub keep_revisions: i64,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long one member may take
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}
