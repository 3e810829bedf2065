//! The arguments of commands whose results are carried to nodes in files.

use std::path::PathBuf;

use clap::Args;

use super::BundleSealingArgs;

// Where offline bundles are written, and their answers read.
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("recipients", |seal| seal.requires("out")))]
#[command(mut_arg("recipients_file", |seal| seal.requires("out")))]
#[command(mut_arg("passphrase_file", |seal| seal.requires("out")))]
#[command(mut_arg("passphrase_fd", |seal| seal.requires("out")))]
#[command(mut_arg("no_encryption", |seal| seal.requires("out")))]
pub struct OfflineArgs {
    /// For nodes that cannot be reached from here: write NODE.bundle to this directory, to be copied there,
    /// and print what to type
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read the answers of those nodes from the same directory, and continue
    #[arg(long = "continue", requires = "out")]
    pub go_on: bool,
    #[command(flatten)]
    pub sealing: BundleSealingArgs,
}
