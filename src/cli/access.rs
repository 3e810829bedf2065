//! The arguments of `access`.

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, ZoneArg};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum AccessCommand {
    /// Let each node read its own bundles and write its own answer, with etcd's authentication on
    Grants(AccessGrantsArgs),
    /// Show or record the public key that the bundles of a node are sealed to in etcd
    Recipient(AccessRecipientArgs),
}

#[derive(Debug, Args)]
#[command(after_help = GRANTS_CODES)]
pub struct AccessGrantsArgs {
    /// The nodes [default: all, and roles of nodes that the zone does not have are taken away]
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    #[command(flatten)]
    pub zone: ZoneArg,
    /// What to do with them
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: GrantsFormat,
}

#[derive(Debug, Args)]
pub struct AccessRecipientArgs {
    /// The node, by short or full name
    #[arg(value_name = "NODE")]
    pub node: String,
    /// The key: age1..., or ssh-ed25519 ...; @FILE reads it from a file [default: show what is recorded]
    #[arg(value_name = "KEY")]
    pub recipient: Option<String>,
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

/// What is done with grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GrantsFormat {
    /// Print the lines for etcdctl, and change nothing
    #[default]
    Etcdctl,
    /// Have etcd change what differs, asked as admin
    Apply,
    /// Print them as JSON, and change nothing
    Json,
}

const GRANTS_CODES: &str = "\
Exit codes: 0 done, or as it was; 69 apply: no member takes requests, or not any more: run it again; 77 apply:
the certificate of admin is that of no user with the role root";
