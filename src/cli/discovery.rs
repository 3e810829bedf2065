//! The arguments of `discovery`.

use clap::{Args, Subcommand};

use super::{Format, ZoneArg};
use model::config::DiscoveryToken;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
#[command(after_help = CODES)]
pub enum DiscoveryCommand {
    /// Make a registry, with which the members of another cluster find each other once
    Create(DiscoveryCreateArgs),
    /// Show who has registered, and who is waited for
    Show(DiscoveryShowArgs),
    /// Close a registry: no member begins with it any more
    Close(DiscoveryCloseArgs),
}

const CODES: &str = "\
Exit codes: 0 done, 65 show: the registry is not as it should be, 66 there is no such registry, 69 no member
of the zone takes requests, 75 show: members are waited for, 78 create: the token was used before";

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub struct DiscoveryCreateArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// How many members the other cluster begins with
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub size: u32,
    /// The token of the registry [default: 128 random bits]
    #[arg(long, value_name = "TOKEN", value_parser = DiscoveryToken::parse)]
    pub token: Option<DiscoveryToken>,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub struct DiscoveryShowArgs {
    /// The token, as `discovery create` printed it
    #[arg(value_name = "TOKEN", value_parser = DiscoveryToken::parse)]
    pub token: DiscoveryToken,
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub struct DiscoveryCloseArgs {
    /// The token, as `discovery create` printed it
    #[arg(value_name = "TOKEN", value_parser = DiscoveryToken::parse)]
    pub token: DiscoveryToken,
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Close it although members are still waited for
    #[arg(long)]
    pub yes: bool,
}
