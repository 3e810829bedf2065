//! The arguments of `ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, ZoneArg};
use model::plan::Plane;
use store::zone_directory::CA_KEYS;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum CaCommand {
    /// Show which keys are encrypted, unencrypted, or not on this host
    Status(CaStatusArgs),
    /// Encrypt keys with a passphrase, or change the passphrase
    Lock(CaLockArgs),
    /// Decrypt encrypted keys
    Unlock(CaUnlockArgs),
}

#[derive(Debug, Args)]
pub struct CaStatusArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(mut_arg("ca_passphrase_file", |file| file.help(LOCKING_FILE)))]
pub struct CaLockArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Only this key; may be repeated [default: all on this host]
    #[arg(long = "key", value_enum, value_name = "KEY")]
    pub keys: Vec<CaKey>,
    /// Change the passphrase to the first line of this file, which must be mode 0600
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// Like --new-passphrase-file, from file descriptor N
    #[arg(long, value_name = "N", conflicts_with = "new_passphrase_file")]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub new_passphrase_fd: Option<i32>,
}

const LOCKING_FILE: &str = "Read the passphrase to encrypt with, or that keys are encrypted with, from the \
first line of this file, which must be mode 0600";

#[derive(Debug, Args)]
pub struct CaUnlockArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Only this key; may be repeated [default: all on this host]
    #[arg(long = "key", value_enum, value_name = "KEY")]
    pub keys: Vec<CaKey>,
}

/// The key of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaKey {
    /// The root CA, which issues the CAs of the planes
    Root,
    /// The peer plane's CA
    Peer,
    /// The client plane's CA
    Client,
}

impl CaKey {
    /// Its files without their ends, in `ca/`.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Root => CA_KEYS[0],
            Self::Peer => Plane::Peer.name(),
            Self::Client => Plane::Client.name(),
        }
    }
}
