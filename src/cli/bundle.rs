//! The arguments of `bundle`.

use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, ZoneArg};
use store::bundle::Numbering;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BundleArgs {
    /// What to do instead of writing bundles.
    #[command(subcommand)]
    pub command: Option<BundleCommand>,
    #[command(flatten)]
    pub make: BundleMakeArgs,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum BundleCommand {
    /// Verify a bundle and list its contents, without the keys
    Inspect(BundleInspectArgs),
}

// `bundle` itself
#[derive(Debug, Args)]
pub struct BundleMakeArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The nodes, by short or full name; all if none is named
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Write NODE.bundle to this directory, which is created if missing
    #[arg(long, value_name = "DIR", required = true)]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub sealing: BundleSealingArgs,
    /// Include zone-etcd and the bundled etcd in each bundle
    #[arg(long)]
    pub with_binaries: bool,
    /// The host of this node was rebuilt: with the new bundle its member may only join
    #[arg(long, value_name = "NODE")]
    pub rebuilt: Vec<String>,
    /// Allow this member to bootstrap the cluster again; only if the zone has never run
    #[arg(long, value_name = "NODE")]
    pub allow_bootstrap: Vec<String>,
    /// Number the bundle above N, which the node has: for a zone directory restored from a copy
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=Numbering::AT_MOST))]
    pub above: Option<u64>,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

// How bundles are encrypted.
#[derive(Clone, Debug, Default, Args)]
pub struct BundleSealingArgs {
    #[arg(
        long = "recipient",
        value_name = "[NODE=]KEY",
        // A private key that is given by mistake is refused here, and not quoted by the command line's own
        // reader.
        allow_hyphen_values = true,
        help = "Encrypt the bundle of NODE to this age or SSH public key (age1..., \"ssh-ed25519 ...\"); may \
                be repeated. Without NODE= every bundle is encrypted to it"
    )]
    #[allow(missing_docs, reason = "the help says it")]
    pub recipients: Vec<String>,
    /// Encrypt to the keys in this file, one per line: KEY, or NODE KEY
    #[arg(long, value_name = "FILE")]
    pub recipients_file: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: BundlePassphraseArgs,
    /// Do not encrypt: anyone who gets the file has the keys of the node
    #[arg(long)]
    pub no_encryption: bool,
}

#[derive(Debug, Args)]
pub struct BundleInspectArgs {
    /// The bundle, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub seal: BundleSealArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

// What decrypts a bundle.
#[derive(Clone, Debug, Default, Args)]
pub struct BundleSealArgs {
    /// The private key that decrypts it: an age identity file or an SSH private key
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["identity_fd", "passphrase_file", "passphrase_fd"])]
    pub identity: Option<PathBuf>,
    /// Like --identity, from file descriptor N, such as the SSH key of the host, which root alone may read
    #[arg(long, value_name = "N", conflicts_with_all = ["passphrase_file", "passphrase_fd"])]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub identity_fd: Option<RawFd>,
    #[command(flatten)]
    pub passphrase: BundlePassphraseArgs,
}

// The passphrase of a bundle.
#[derive(Clone, Debug, Default, Args)]
pub struct BundlePassphraseArgs {
    /// Read the passphrase from the first line of this file, which must be mode 0600
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    pub passphrase_file: Option<PathBuf>,
    /// Like --passphrase-file, from file descriptor N
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub passphrase_fd: Option<RawFd>,
}
