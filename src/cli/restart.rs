//! The arguments of `restart`.

use clap::Args;

use super::{Format, SiteArgs};

#[derive(Debug, Args)]
pub struct RestartArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The node whose member runs here; an activated node knows its own name
    #[arg(long, value_name = "NAME", conflicts_with = "rolling")]
    pub node: Option<String>,
    /// Restart every member, or those of these nodes, one after the other: the leader last
    #[arg(long, conflicts_with = "config")]
    pub rolling: bool,
    /// The nodes for --rolling [default: all that have a member]
    #[arg(value_name = "NODE", requires = "rolling")]
    pub nodes: Vec<String>,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait for a member to come back
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}
