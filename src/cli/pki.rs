//! The arguments of `pki`.

use clap::{Args, Subcommand};

use super::{Format, ZoneArg};

/// `pki`
#[derive(Debug, Subcommand)]
pub enum PkiCommand {
    /// List every certificate of the zone
    List(PkiListArgs),
    /// Check every certificate of the zone; exit 65 with the findings
    Check(PkiListArgs),
    /// Issue now what `run` would issue at the start
    Issue(PkiIssueArgs),
}

/// `pki list`, `pki check`
#[derive(Debug, Args)]
pub struct PkiListArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `pki issue`
#[derive(Debug, Args)]
#[group(id = "holders", required = true, multiple = true, args = ["nodes", "all", "clients"])]
pub struct PkiIssueArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The nodes to issue for
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Every node, and every client that was issued or is in zone.toml
    #[arg(long, conflicts_with_all = ["nodes", "clients"])]
    pub all: bool,
    /// A client to issue for; once for each
    #[arg(long = "client", value_name = "NAME")]
    pub clients: Vec<String>,
}
