//! The arguments of `ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, ZoneArg};

/// `ca`
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Show which keys are locked, in the clear, or not here
    Status(CaStatusArgs),
    /// Lock keys with a passphrase, or change the passphrase of those that are locked
    Lock(CaLockArgs),
    /// Write locked keys in the clear again
    Unlock(CaUnlockArgs),
}

/// `ca status`
#[derive(Debug, Args)]
pub struct CaStatusArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `ca lock`
#[derive(Debug, Args)]
#[command(mut_arg("ca_passphrase_file", |file| file.help(LOCKING_FILE)))]
pub struct CaLockArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// Only this key; once for each [default: all that are here]
    #[arg(long = "key", value_enum, value_name = "KEY")]
    pub keys: Vec<CaKey>,
    /// Change the passphrase to the first line of this file, which nobody else may read
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// The same from an open file descriptor
    #[arg(long, value_name = "N", conflicts_with = "new_passphrase_file")]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub new_passphrase_fd: Option<i32>,
}

const LOCKING_FILE: &str = "\
The passphrase to lock with, or that keys are locked with, is the first line of this file, which nobody else may read";

/// `ca unlock`
#[derive(Debug, Args)]
pub struct CaUnlockArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// Only this key; once for each [default: all that are here]
    #[arg(long = "key", value_enum, value_name = "KEY")]
    pub keys: Vec<CaKey>,
}

/// The key of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaKey {
    /// That of the root, which makes the CAs of the planes
    Root,
    /// That of the peer plane's CA
    Peer,
    /// That of the client plane's CA
    Client,
}
