//! The arguments of what makes a zone: `dev`, `self-test` and `init`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{CaKey, EtcdArgs, ExistingCaArgs, Format, ZoneArg};

#[derive(Debug, Args)]
pub struct DevArgs {
    /// How many members a new zone has [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub nodes: Option<u8>,
    /// Keep the zone in this directory, instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The version of etcd that a new zone runs, among the bundled ones
    #[arg(long, value_name = "VERSION")]
    pub etcd_version: Option<String>,
    /// Print every line that etcd logs, not warnings and errors alone; -v does as well
    #[arg(long)]
    pub verbose: bool,
    #[command(flatten)]
    pub etcd: EtcdArgs,
    /// Run this command once the zone is ready, then stop the zone and exit with its code
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct SelfTestArgs {
    /// Use this etcd binary instead of the bundled one
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
    /// Keep the zone directory, and say where it is
    #[arg(long)]
    pub keep: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

const LOCKING_FILE: &str = "Read the passphrase to encrypt with (--lock), or of an encrypted key that is \
imported, from the first line of this file, which must be mode 0600";

#[derive(Debug, Args)]
#[command(mut_arg("ca_passphrase_file", |file| file.help(LOCKING_FILE)))]
pub struct InitArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The zone's name, a DNS name such as example.zone
    #[arg(long, value_name = "ZONE")]
    pub name: Option<String>,
    /// The nodes.
    #[arg(
        long = "node",
        value_name = "NAME=ADDRESS",
        help = "A node: NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]], IPv6 in brackets; may be repeated"
    )]
    pub nodes: Vec<String>,
    /// The nodes as a list of machines, one per line: name, address and host names, separated by
    /// commas, bars (`|`) or blanks, or as `Name:`, `IP:` and `Hostname:`
    #[arg(long, value_name = "FILE", conflicts_with = "nodes")]
    pub nodes_from: Option<PathBuf>,
    /// Settings of `[pki]` from a file of cfssl: a signing config, or a request for a certificate or a CA;
    /// may be repeated. Settings that a zone does not have are named
    #[arg(long, value_name = "FILE", requires = "name")]
    pub from_cfssl: Vec<PathBuf>,
    /// Encrypt the keys of the new CAs, all or these: they are never on disk unencrypted
    #[arg(long, value_enum, value_name = "KEY", num_args = 0..=1, require_equals = true)]
    #[arg(value_delimiter = ',', default_missing_value = "root,peer,client")]
    pub lock: Vec<CaKey>,
    #[command(flatten)]
    pub existing: ExistingCaArgs,
}
