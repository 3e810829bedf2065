//! The arguments of `access`.

use clap::{Args, Subcommand, ValueEnum};

use super::ZoneArg;

/// `access`
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Let each node read its own bundles and write its own answer, with etcd's authentication on
    Grants(AccessGrantsArgs),
}

/// `access grants`
#[derive(Debug, Args)]
#[command(after_help = GRANTS_CODES)]
pub struct AccessGrantsArgs {
    /// The nodes [default: all, and roles of nodes that the zone does not have are taken away]
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// What to do with them
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: GrantsFormat,
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
