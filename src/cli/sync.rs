//! The arguments of `sync`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub struct SyncArgs {
    /// The local config of this activated node [env: ZONE_ETCD_CONFIG] [default:
    /// /var/lib/zone-etcd/node.json]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep running: activate a bundle as soon as it comes, and answer each hour
    #[arg(long)]
    pub watch: bool,
    /// Open bundles with the keys in this file, such as an SSH host key, instead of this node's own key
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Print the public key that bundles for this node are to be sealed to, and do nothing else
    #[arg(long, conflicts_with_all = ["watch", "identity"])]
    pub print_recipient: bool,
    /// How long the member may take to come back, and how long another operation is waited for
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    /// Do not restart the member that runs here, even if it needs it
    #[arg(long)]
    pub no_restart: bool,
    /// Output format; with --watch one line of JSON each time
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

const CODES: &str = "\
Exit codes: 0 up to date, 65 a bundle was refused, 69 no member reached, or none accepts this node's
certificate, 75 another operation is under way: try again, 77 not permitted in etcd";
