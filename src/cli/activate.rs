//! The arguments of `activate`.

use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::Args;

use super::Format;
use crate::activation::Fingerprint;

/// `activate`
#[derive(Debug, Args)]
pub struct ActivateArgs {
    /// The bundle of this node; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "rollback")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub directory: NodeDirectoryArg,
    /// Which node this is, if neither its name nor its address tells
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// The fingerprint of the zone's root, as `bundle` printed it; needed for the first bundle, unless a passphrase seals it
    #[arg(long, value_name = "SHA256")]
    pub root_fingerprint: Option<Fingerprint>,
    /// The age or SSH private key of this node, which opens the bundle
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase_file", "passphrase_fd"])]
    pub identity: Option<PathBuf>,
    /// A file whose first line is the passphrase of the bundle
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    pub passphrase_file: Option<PathBuf>,
    /// The file descriptor from which to read the passphrase of the bundle
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<RawFd>,
    /// Go back to the generation before the one in use
    #[arg(long, conflicts_with_all = ["file", "node", "root_fingerprint", "identity", "passphrase_file", "passphrase_fd"])]
    pub rollback: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Which node directory.
#[derive(Clone, Debug, Args)]
pub struct NodeDirectoryArg {
    /// The directory of this node
    #[arg(long, value_name = "DIR", default_value = crate::activation::DEFAULT_NODE_DIRECTORY)]
    pub node_dir: PathBuf,
}
