//! The arguments of `snapshot`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::{BundleSealingArgs, Format, SiteArgs};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum SnapshotCommand {
    /// Take a snapshot of the data, from a member that has all of it
    Save(SnapshotSaveArgs),
    /// List the snapshots in a directory
    List(SnapshotListArgs),
    /// Check a snapshot against its digests and its manifest
    Status(SnapshotStatusArgs),
    /// Check a snapshot, restore it in a temporary directory, and start an etcd on it
    Verify(SnapshotVerifyArgs),
    /// Replace the data of all members by that of a snapshot, when a quorum is lost for good
    Restore(SnapshotRestoreArgs),
}

#[derive(Debug, Args)]
pub struct SnapshotSaveArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// Write to this directory, which is created if missing, with mode 0700, or `-` for standard output
    /// [default: snapshots, in the zone directory or that of the node]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Send the snapshot to the standard input of this line for `sh`, then the manifest; their name is in
    /// `$ZONE_ETCD_SNAPSHOT`
    #[arg(long, value_name = "COMMAND", conflicts_with = "to")]
    pub to_command: Option<String>,
    /// Ask the member of this node, instead of a follower that has caught up
    #[arg(long, value_name = "NODE")]
    pub from: Option<String>,
    #[arg(
        long = "recipient",
        value_name = "KEY",
        // A private key that is given by mistake is refused here, and not quoted by the command line's own
        // reader.
        allow_hyphen_values = true,
        help = "Encrypt the snapshot to this age or SSH public key (age1..., \"ssh-ed25519 ...\"); may be \
                repeated"
    )]
    #[allow(missing_docs, reason = "the help says it")]
    pub recipients: Vec<String>,
    /// Do not sign the manifest: where the CA key is encrypted, and there is no passphrase
    #[arg(long)]
    pub no_signature: bool,
    /// Take what one member has although the members have no quorum: writes may be missing
    #[arg(long)]
    pub without_quorum: bool,
    /// Remove older snapshots of this cluster in the directory, but for the newest N, once this one was read
    /// back and found whole
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// As --keep, but for the newest of each of the last N days that have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_daily: Option<u32>,
    /// As --keep, but for the newest of each of the last N weeks that have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_weekly: Option<u32>,
    /// Give up once nothing has come for this long
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub stall_timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct SnapshotListArgs {
    /// The directory [default: snapshots, in the zone directory or that of the node]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    #[command(flatten)]
    pub site: SiteArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub struct SnapshotStatusArgs {
    /// The snapshot, whose manifest lies beside it [default: the newest in snapshots, in the zone directory
    /// or that of the node]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub site: SiteArgs,
    /// The private key that decrypts it: an age identity file or an SSH private key
    #[arg(long, value_name = "KEYFILE")]
    pub identity: Option<PathBuf>,
    /// Fail unless the manifest is signed by a CA of the zone
    #[arg(long)]
    pub signed: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub struct SnapshotVerifyArgs {
    #[command(flatten)]
    pub status: SnapshotStatusArgs,
    /// Use this etcd binary, and the etcdutl beside it, instead of the bundled ones
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = RESTORE_CODES)]
#[command(mut_arg("recipients", |seal| seal.requires("out")))]
#[command(mut_arg("recipients_file", |seal| seal.requires("out")))]
#[command(mut_arg("passphrase_file", |seal| seal.requires("out")))]
#[command(mut_arg("passphrase_fd", |seal| seal.requires("out")))]
#[command(mut_arg("no_encryption", |seal| seal.requires("out")))]
#[command(group = ArgGroup::new("on_node").args(["stage", "staged", "room_for"]))]
pub struct SnapshotRestoreArgs {
    /// The snapshot, whose manifest lies beside it; on a node also -, for standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["staged", "room_for"])]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub site: SiteArgs,
    /// Restore without this node, whose machine is gone: zone.toml says member = false for it then; may be
    /// repeated
    #[arg(long, value_name = "NODE", conflicts_with = "on_node")]
    pub without: Vec<String>,
    /// The private key that decrypts the snapshot: an age identity file or an SSH private key
    #[arg(long, value_name = "KEYFILE")]
    pub identity: Option<PathBuf>,
    /// Restore a snapshot whose manifest is lost: whose it is, and whether it is whole, only its own digest
    /// tells
    #[arg(long, conflicts_with = "on_node")]
    pub allow_missing_manifest: bool,
    /// Restore although a quorum answers: what was written since the snapshot is lost
    #[arg(long, conflicts_with = "on_node")]
    pub although_quorum_answers: bool,
    /// On a node: only make the restored data, beside the data
    #[arg(long)]
    pub stage: bool,
    /// On a node: put the data in place that was made with --stage
    #[arg(long)]
    pub staged: bool,
    /// On a node: only see whether there is room for the restored data of a database of this size
    #[arg(long, value_name = "BYTES")]
    pub room_for: Option<u64>,
    /// For nodes that cannot be reached from here: write NODE.bundle to this directory, to be copied there
    /// with the snapshot, and print what to type
    #[arg(long, value_name = "DIR", conflicts_with = "on_node")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub sealing: BundleSealingArgs,
    /// Use this etcd binary, and the etcdutl beside it, instead of the bundled ones
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
    /// How long to wait until every member has been started and serves the data
    #[arg(long, value_name = "TIME", default_value = "5m", conflicts_with = "on_node")]
    pub timeout: humantime::Duration,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long, conflicts_with = "on_node")]
    pub dry_run: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

const RESTORE_CODES: &str = "\
Exit codes: 0 all members serve the same, 65 the snapshot is not to be used or the members differ,
75 not complete: run the command again, 78 refused: a quorum answers, or it is of a newer etcd";
const STATUS_CODES: &str = "Exit codes: 0 it is as its manifest says, 65 it is not, 66 it has no manifest";
