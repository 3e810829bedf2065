//! The arguments of `pki rotate-ca`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, OfflineArgs, WithoutArg, ZoneArg};

#[derive(Debug, Args)]
#[command(mut_arg("out", |out| out.conflicts_with_all(["status", "rehearse"])))]
pub struct PkiRotateCaArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Whose CA is replaced [default: all, or what is under way]
    #[arg(long, value_enum, value_name = "PLANE")]
    pub plane: Option<RotatedPlane>,
    /// Replace the root as well, and with it the CAs of both planes; the cluster's token and ids stay
    #[arg(long, conflicts_with = "plane")]
    pub root: bool,
    /// Show the progress of each member, change nothing
    #[arg(long)]
    pub status: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long, conflicts_with = "status")]
    pub dry_run: bool,
    /// Stop when this stage is in effect everywhere; the same command without it continues
    #[arg(long, value_enum, value_name = "STAGE", conflicts_with_all = ["status", "rollback"])]
    pub stop_after: Option<StopAfter>,
    /// Roll back to the old CA, from any stage but the last
    #[arg(long, conflicts_with = "status")]
    pub rollback: bool,
    /// Rotate a CA that is less than a day old
    #[arg(long, conflicts_with_all = ["status", "rollback"])]
    pub force: bool,
    /// How long to wait for a member to come back, and for the answers of nodes
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    #[command(flatten)]
    pub without: WithoutArg,
    /// Write the CA certificates that clients elsewhere must trust, for each stage, to this directory
    #[arg(long, value_name = "DIR", conflicts_with = "status")]
    pub trust_bundle: Option<PathBuf>,
    /// Try the rotation on a throwaway zone on this host, with as many members, the same kind of keys and the
    /// same etcd, and report what clients saw; the zone itself is not touched
    #[arg(long, conflicts_with_all = ["status", "dry_run", "stop_after", "rollback", "force"])]
    #[arg(conflicts_with = "trust_bundle")]
    pub rehearse: bool,
    /// With --rehearse: also write the report as an HTML page
    #[arg(long, value_name = "FILE", requires = "rehearse")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub carried: OfflineArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

/// Whose CA is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RotatedPlane {
    /// The peer plane
    Peer,
    /// The client plane
    Client,
    /// Both
    All,
}

/// A stage after which to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StopAfter {
    /// Every member trusts both CAs
    TrustBoth,
    /// Every certificate is issued by the new CA
    NewLeaves,
}
