//! The arguments of `boot`.

use std::path::PathBuf;

use boot::Step;
use clap::{Args, Subcommand, ValueEnum};

use super::{EtcdArgs, Format};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BootArgs {
    /// Something else than the start itself
    #[command(subcommand)]
    pub command: Option<BootCommand>,
    #[command(flatten)]
    pub node: BootNodeArgs,
}

// What there is besides the start itself.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum BootCommand {
    /// Write the same start as units, for hosts where systemd looks after processes
    Export(BootExportArgs),
    /// Wait for the zone, and tell the nameservice of its etcd: what units cannot do
    #[command(hide = true)]
    Connect(BootConfigArg),
}

// Which node is meant.
#[derive(Debug, Args)]
pub struct BootConfigArg {
    /// The local config of this node; boot.toml lies beside it
    #[arg(
        long,
        env = "ZONE_ETCD_CONFIG",
        hide_env_values = true,
        value_name = "FILE",
        default_value = "/var/lib/zone-etcd/node.json"
    )]
    pub config: PathBuf,
}

// `boot`, on the node
#[derive(Debug, Args)]
#[command(after_help = BOOT_CODES)]
pub struct BootNodeArgs {
    #[command(flatten)]
    pub config: BootConfigArg,
    /// The last step to do, by number or name: local-config, nameservice, zone-document, etcd, provider or
    /// processes. What was started is looked after from then on
    #[arg(long, value_name = "STEP", default_value = "processes")]
    pub until: Step,
    /// Show the steps, and start nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output format of --dry-run
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub etcd: EtcdArgs,
}

#[derive(Debug, Args)]
#[command(after_help = EXPORT_CODES)]
pub struct BootExportArgs {
    /// The service manager
    #[arg(value_enum)]
    pub manager: ServiceManager,
    #[command(flatten)]
    pub config: BootConfigArg,
    /// The directory to write them to; units that are there and differ are left as they are
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What looks after processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServiceManager {
    /// systemd
    Systemd,
}

const EXPORT_CODES: &str = "\
Exit codes: 0 written, 64 usage, 65 a file is wrong, or another unit is there, 73 cannot create,
77 permission, 78 configuration";

const BOOT_CODES: &str = "\
Exit codes: 0 stopped by SIGTERM or SIGINT, 64 usage, 65 a file, a certificate or the zone document is
wrong, 66 there is no list of members, 69 what is waited for does not answer, 73 cannot create, 75 this
node is started already, 77 permission, 78 configuration, or the member was removed; and that of `run`,
where the member must not be started again";
