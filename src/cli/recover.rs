//! The arguments of `recover`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{BundleSealingArgs, Format, SiteArgs, ZoneArg};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RecoverArgs {
    /// What is done on one node, instead of all of it
    #[command(subcommand)]
    pub command: Option<RecoverCommand>,
    #[command(flatten)]
    pub zone: RecoverZoneArgs,
}

// `recover`, on the signing host
#[derive(Debug, Args)]
#[command(after_help = RECOVER_CODES)]
pub struct RecoverZoneArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The nodes whose data is lost for good; separated by commas
    #[arg(long, value_name = "NODE", value_delimiter = ',', required = true)]
    pub dead: Vec<String>,
    /// What to recover from: `log`, the best log of the survivors; or `snapshot FILE`, where no log is left,
    /// or what `recover salvage` has written was carried here
    #[arg(long, num_args = 1..=2, value_names = ["METHOD", "FILE"], default_value = "log")]
    pub method: Vec<String>,
    /// The output of `recover log --format json` on a node that cannot be reached from here; may be repeated
    #[arg(long, value_name = "FILE")]
    pub log: Vec<PathBuf>,
    /// Try it on a copy: show what would be recovered and how long it takes, stop nothing, leave nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub rehearse: bool,
    /// For survivors that cannot be reached from here: write NODE.bundle to this directory, to be copied
    /// there with the snapshot, and print what to type
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub sealing: BundleSealingArgs,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long etcd may take to apply the log
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

const RECOVER_CODES: &str = "\
Exit codes: 0 done, 65 a log is damaged, 69 a survivor is not reached, 75 run again or go on as it says,
78 a quorum answers, or could";

// `recover`, on a node
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum RecoverCommand {
    /// Show how far the log of this node's member has come, from its files
    Log(RecoverLogArgs),
    /// Stop this node's member, and write all that its log holds to a snapshot; its data is only read
    Salvage(RecoverSalvageArgs),
    /// Asked by `recover salvage`: becomes an etcd on a copy
    #[command(hide = true)]
    Serve(RecoverServeArgs),
}

#[derive(Debug, Args)]
pub struct RecoverLogArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The node whose data is here; an activated node knows its own name
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct RecoverSalvageArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The node whose data is here; an activated node knows its own name
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Write the snapshot to FILE, whose name ends with .db, and its manifest beside it; `-` writes to
    /// standard output: the report as JSON in one line, then the snapshot
    #[arg(long, value_name = "FILE", required_unless_present = "rehearse")]
    pub out: Option<PathBuf>,
    /// Salvage a copy for a try: stop nothing, and leave nothing
    #[arg(long, conflicts_with = "out")]
    pub rehearse: bool,
    /// Use this etcd binary, instead of the bundled one that ran on the data last
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
    /// How long etcd may take to apply the log
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct RecoverServeArgs {
    /// End when this process does
    #[arg(long, value_name = "PID")]
    pub end_with_parent: i32,
    /// The binary
    #[arg(long, value_name = "PATH")]
    pub etcd: PathBuf,
    /// Its flags
    #[arg(last = true, value_name = "FLAG")]
    pub flags: Vec<String>,
}
