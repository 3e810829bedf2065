//! The arguments of commands whose results are carried to nodes in files.

use std::path::PathBuf;

use clap::Args;

use super::BundleSealingArgs;

/// Where the bundles go that are carried, and the answers to them.
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("recipients", |seal| seal.requires("out")), mut_arg("recipients_file", |seal| seal.requires("out")))]
#[command(mut_arg("passphrase_file", |seal| seal.requires("out")), mut_arg("passphrase_fd", |seal| seal.requires("out")))]
#[command(mut_arg("no_encryption", |seal| seal.requires("out")))]
pub struct CarriedArgs {
    /// For nodes that are not reached from here: write NODE.bundle into this directory, to be carried there, and say what to type
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read what such nodes answered, from the same directory, tell who is done, and go on
    #[arg(long = "continue", requires = "out")]
    pub go_on: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub sealing: BundleSealingArgs,
}
