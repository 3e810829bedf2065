//! The arguments of `activate`.

use std::path::PathBuf;

use clap::Args;

use super::{BundleSealArgs, Format};
use launch::activation::Fingerprint;

#[derive(Debug, Args)]
pub struct ActivateArgs {
    /// The bundle of this node; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "rollback")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub directory: NodeDirectoryArg,
    /// Which node this is, if neither the host name nor an address tells
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// The fingerprint of the zone's root, or of the CA that signs in its place, as `bundle` printed it;
    /// needed for the first bundle, unless a passphrase seals it
    #[arg(long, value_name = "SHA256")]
    pub root_fingerprint: Option<Fingerprint>,
    #[command(flatten)]
    pub seal: BundleSealArgs,
    /// Accept revocation lists (CRLs) that are older than those in use: certificates revoked since are
    /// accepted again
    #[arg(long)]
    pub accept_older_crl: bool,
    /// Roll back to the previous generation
    #[arg(long, conflicts_with_all = [
        "file", "node", "root_fingerprint", "accept_older_crl", "identity", "identity_fd", "passphrase_file",
        "passphrase_fd",
    ])]
    pub rollback: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

// Which node directory.
#[derive(Clone, Debug, Args)]
pub struct NodeDirectoryArg {
    /// The directory of this node
    #[arg(long, value_name = "DIR", default_value = model::plan::DEFAULT_NODE_DIRECTORY)]
    pub node_dir: PathBuf,
}
