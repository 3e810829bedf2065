//! The arguments of `upgrade`.

use clap::Args;

use super::{Format, ZoneArg};
use model::config::{EtcdVersion, VersionError};

#[derive(Debug, Args)]
pub struct UpgradeArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The version to upgrade to: a later one than zone.toml has is written there first, an earlier one is
    /// where to stop on the way [default: the version in zone.toml]
    #[arg(long, value_name = "VERSION", value_parser = supported)]
    pub to: Option<EtcdVersion>,
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

fn supported(text: &str) -> Result<EtcdVersion, VersionError> {
    EtcdVersion::parse_supported(text)
}
