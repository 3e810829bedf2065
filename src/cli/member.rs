//! The arguments of `member`.

use clap::{Args, Subcommand};

use super::{Format, SiteArgs, WithoutArg, ZoneArg};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum MemberCommand {
    /// List the members, and how they differ from zone.toml
    List(MemberListArgs),
    /// Add a node to the cluster: as a learner, then as a voter
    Add(MemberAddArgs),
    /// Give a learner its vote
    Promote(MemberPromoteArgs),
    /// Remove a member from the cluster
    Remove(MemberRemoveArgs),
    /// Replace a member by a new one: of the same node, or of another
    Replace(MemberReplaceArgs),
    /// Move members to the addresses, ports and names that zone.toml now has
    Update(MemberUpdateArgs),
}

#[derive(Debug, Args)]
pub struct MemberListArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct MemberAddArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The node, which is in zone.toml
    #[arg(value_name = "NODE", required_unless_present = "described")]
    pub node: Option<String>,
    /// A node that is not in `zone.toml`.
    #[arg(
        long = "node",
        value_name = "NAME=ADDRESS",
        conflicts_with = "node",
        help = "A node that is not in zone.toml, and is written there: NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]]"
    )]
    pub described: Option<String>,
    /// Stop before the promotion
    #[arg(long)]
    pub learner: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait until the node has been started and has caught up
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct MemberPromoteArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The node of the learner
    #[arg(value_name = "NODE")]
    pub node: String,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct MemberRemoveArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The member: its node, its name, or its id
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// Remove it although the members that are left could then lose none
    #[arg(long)]
    pub allow_no_tolerance: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct MemberReplaceArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The node whose member is replaced
    #[arg(value_name = "NODE")]
    pub node: String,
    /// The node that takes its place, which is in zone.toml: it comes before the other one goes
    #[arg(long, value_name = "NEWNODE")]
    pub with: Option<String>,
    /// Take no snapshot before a member is removed
    #[arg(long)]
    pub no_snapshot: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait until the new member has been started and has caught up
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct MemberUpdateArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The nodes that were changed in zone.toml [default: those that the cluster has at other addresses]
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait for its member to come back, and for the answers of nodes
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    #[command(flatten)]
    pub without: WithoutArg,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}
