//! The arguments of `member`.

use clap::{Args, Subcommand};

use super::{Format, ZoneArg};

/// `member`
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Move a member to the address, ports and names that zone.toml now has
    Update(MemberUpdateArgs),
}

/// `member update`
#[derive(Debug, Args)]
pub struct MemberUpdateArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The node that was changed in zone.toml
    #[arg(value_name = "NODE")]
    pub node: String,
    /// How long to wait for its member to come back
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}
