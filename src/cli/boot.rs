//! The arguments of `boot`.

use std::path::PathBuf;

use boot::Step;
use clap::Args;

use super::{EtcdArgs, Format};

/// `boot`
#[derive(Debug, Args)]
#[command(after_help = BOOT_CODES)]
pub struct BootArgs {
    /// The local config of this node; boot.toml lies beside it
    #[arg(
        long,
        env = "ZONE_ETCD_CONFIG",
        value_name = "FILE",
        default_value = "/var/lib/zone-etcd/node.json"
    )]
    pub config: PathBuf,
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
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub etcd: EtcdArgs,
}

const BOOT_CODES: &str = "\
Exit codes: 0 stopped by SIGTERM or SIGINT, 64 usage, 65 a file, a certificate or the zone document is
wrong, 66 there is no list of members, 69 what is waited for does not answer, 73 cannot create, 75 this
node is started already, 77 permission, 78 configuration; and that of `run`, where the member must not
be started again";
