//! The arguments of `pki rotate-ca`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CarriedArgs, Format, ZoneArg};

/// `pki rotate-ca`
#[derive(Debug, Args)]
#[command(mut_arg("out", |out| out.conflicts_with_all(["status", "rehearse"])))]
pub struct PkiRotateCaArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// Whose CA is replaced [default: all, or what is under way]
    #[arg(long, value_enum, value_name = "PLANE")]
    pub plane: Option<RotatedPlane>,
    /// Replace the root as well, and with it the CAs of both planes; the cluster's token and ids stay
    #[arg(long, conflicts_with = "plane")]
    pub root: bool,
    /// Show how far each member is, and change nothing
    #[arg(long)]
    pub status: bool,
    /// End when this stage is in force everywhere; the same command without it goes on
    #[arg(long, value_enum, value_name = "STAGE", conflicts_with_all = ["status", "rollback"])]
    pub stop_after: Option<StopAfter>,
    /// Go back to the old CA, from any stage before the last
    #[arg(long, conflicts_with = "status")]
    pub rollback: bool,
    /// Rotate a CA that is not a day old, as after another rotation
    #[arg(long, conflicts_with_all = ["status", "rollback"])]
    pub force: bool,
    /// How long a member may take to come back after its restart
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    /// Write what clients elsewhere have to trust, for each stage, below this directory
    #[arg(long, value_name = "DIR", conflicts_with = "status")]
    pub trust_bundle: Option<PathBuf>,
    /// Try the whole rotation on a throwaway zone on this machine, with as many members, the same kind of keys and the same etcd,
    /// and report what clients saw of it; the zone itself is left alone
    #[arg(long, conflicts_with_all = ["status", "stop_after", "rollback", "force", "trust_bundle"])]
    pub rehearse: bool,
    /// With --rehearse: write the report as one page for a browser, too
    #[arg(long, value_name = "FILE", requires = "rehearse")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub carried: CarriedArgs,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Whose CA is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RotatedPlane {
    /// That of the peer plane
    Peer,
    /// That of the client plane
    Client,
    /// Both
    All,
}

/// A stage after which to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StopAfter {
    /// Every member trusts both CAs
    TrustBoth,
    /// Every certificate is of the new CA
    NewLeaves,
}
