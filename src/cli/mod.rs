//! The command line. Names and options are part of the interface: scripts rely on them.

mod access;
mod activate;
mod boot;
mod bundle;
mod ca;
mod child;
mod client;
mod defrag;
mod discovery;
mod dns;
mod existing_ca;
mod launch;
mod log;
mod member;
mod mistyped;
mod nameservice;
mod new_zone;
mod observation;
mod offline;
mod pki;
mod recover;
mod restart;
mod rotate_ca;
mod shell;
mod snapshot;
mod sync;
mod upgrade;
mod without;

use std::path::PathBuf;

pub use access::{AccessCommand, AccessGrantsArgs, AccessRecipientArgs, GrantsFormat};
pub use activate::{ActivateArgs, NodeDirectoryArg};
pub use boot::{BootArgs, BootCommand, BootExportArgs, BootNodeArgs, ServiceManager};
pub use bundle::{
    BundleArgs, BundleCommand, BundleInspectArgs, BundleMakeArgs, BundlePassphraseArgs, BundleSealArgs,
    BundleSealingArgs,
};
pub use ca::{CaCommand, CaKey, CaLockArgs, CaStatusArgs, CaUnlockArgs};
pub use child::{AwaitReadyArgs, ChildArgs};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
pub use client::{CtlArgs, EnvArgs, EnvFormat};
pub use defrag::DefragArgs;
pub use discovery::{DiscoveryCloseArgs, DiscoveryCommand, DiscoveryCreateArgs, DiscoveryShowArgs};
pub use dns::{DnsCheckArgs, DnsCommand, DnsExportArgs, DnsFormat, DnsNamesArgs};
pub use existing_ca::ExistingCaArgs;
pub use launch::{LaunchArgs, OperatorWords, PlanArgs, PlanFormat, RunArgs, StartArgs};
pub use log::{LogArgs, LogFormat};
pub use member::{
    MemberAddArgs, MemberCommand, MemberListArgs, MemberPromoteArgs, MemberRemoveArgs, MemberReplaceArgs,
    MemberUpdateArgs,
};
pub use mistyped::next_step;
pub use nameservice::{NameserviceCommand, NameserviceServeArgs, NameserviceSignArgs, NameserviceVerifyArgs};
pub use new_zone::{DevArgs, InitArgs, SelfTestArgs};
pub use observation::{CheckArgs, DoctorArgs, StatusArgs, StatusFormat};
pub use offline::OfflineArgs;
pub use pki::{
    ExportLayout, PkiCommand, PkiCsrArgs, PkiExportArgs, PkiIssueArgs, PkiListArgs, PkiRenewArgs,
    PkiRevokeArgs, PkiSignArgs,
};
pub use recover::{
    RecoverArgs, RecoverCommand, RecoverLogArgs, RecoverSalvageArgs, RecoverServeArgs, RecoverZoneArgs,
};
pub use restart::RestartArgs;
pub use rotate_ca::{PkiRotateCaArgs, RotatedPlane, StopAfter};
pub use shell::{CompletionsArgs, ExplainArgs, ManArgs, ServiceAgentArgs, VersionArgs};
pub use snapshot::{
    SnapshotCommand, SnapshotListArgs, SnapshotRestoreArgs, SnapshotSaveArgs, SnapshotStatusArgs,
    SnapshotVerifyArgs,
};
pub use sync::SyncArgs;
pub use upgrade::UpgradeArgs;
pub use without::WithoutArg;

/// Launch an etcd cluster with mutual TLS: its PKI, its static bootstrap, its members
#[derive(Debug, Parser)]
#[command(name = "zone-etcd", version, arg_required_else_help = true, subcommand_required = true)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The command line with every command described, as help, manual pages and completions need it.
    pub fn described() -> clap::Command {
        let mut root = Self::command();
        root.build();
        root
    }
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 64 usage, 65 bad input, 66 missing input, 69 unavailable, 70 internal,
73 cannot create, 75 try again, 77 permission, 78 configuration";

// The commands. Each is described once it is called: to describe all of them took a tenth of a start. What is
// said of one is said here; a doc comment of its arguments would take that place, so they have none.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Run a throwaway mutual-TLS zone on this machine
    Dev(DevArgs),
    /// Try on a throwaway zone whether everything works on this machine, in about 15 seconds
    SelfTest(SelfTestArgs),
    /// Create a zone: zone.toml and its CAs
    Init(InitArgs),
    /// Activate a bundle on this node, or roll back
    Activate(ActivateArgs),
    /// Activate the bundles that wait for this node in the zone's etcd, and answer
    Sync(SyncArgs),
    /// Start this node's member, by executing etcd
    Run(RunArgs),
    /// Start this node: nameservice, member and other processes, in six steps
    Boot(BootArgs),
    /// Restart one member, or all of them one at a time
    Restart(RestartArgs),
    /// Upgrade every member to another version of etcd, one minor at a time
    Upgrade(UpgradeArgs),
    /// Make database files smaller, one member at a time; end the alarm NOSPACE
    Defrag(DefragArgs),
    /// Show what `run` would do, and change nothing
    Plan(PlanArgs),
    /// Show the state of the zone: members, leader, sizes, alarms, certificates
    Status(StatusArgs),
    /// Check one node: its certificates, its host and its peers
    Check(CheckArgs),
    /// Diagnose the zone, or explain an etcd log
    Doctor(DoctorArgs),
    /// Encrypt and decrypt the keys of the CAs
    #[command(subcommand)]
    Ca(CaCommand),
    /// List, check, issue, request, sign and export certificates
    #[command(subcommand)]
    Pki(PkiCommand),
    /// List members, and add, promote, remove, replace or move them
    #[command(subcommand)]
    Member(MemberCommand),
    /// Take snapshots of the data, check them, and restore them
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Recover from a quorum that is lost for good, with all that the survivors' logs hold
    Recover(RecoverArgs),
    /// Serve other clusters as their discovery service
    #[command(subcommand)]
    Discovery(DiscoveryCommand),
    /// Sign the zone document, which a nameservice tells nodes, verify it and serve it
    #[command(subcommand)]
    Nameservice(NameserviceCommand),
    /// Create a bundle for each node: one file that brings its host into the zone
    Bundle(BundleArgs),
    /// Let nodes fetch their bundles from the zone's etcd: rights and keys
    #[command(subcommand)]
    Access(AccessCommand),
    /// Print the DNS records of the zone, and check name servers
    #[command(subcommand)]
    Dns(DnsCommand),
    /// Print etcdctl's environment for a shell, or a curl command line
    Env(EnvArgs),
    /// Run the bundled etcdctl against the zone
    Ctl(CtlArgs),
    /// Show a page of the documentation, or the list of pages
    Explain(ExplainArgs),
    /// Print the version of this program, and which versions of etcd are here
    Version(VersionArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of the program or a command: zone-etcd man | man -l -
    Man(ManArgs),
    /// Asked by a process that was root's: answers for systemd
    #[command(hide = true)]
    ServiceAgent(ServiceAgentArgs),
    /// Asked by a supervisor: becomes a program that ends with it
    #[command(hide = true)]
    Child(ChildArgs),
    /// Asked by units: waits until something answers
    #[command(hide = true)]
    AwaitReady(AwaitReadyArgs),
}

// Which zone.
#[derive(Clone, Debug, Args)]
pub struct ZoneArg {
    /// The zone directory, with zone.toml
    #[arg(long, value_name = "DIR", env = "ZONE_ETCD_ZONE", hide_env_values = true, default_value = ".")]
    pub zone: PathBuf,
    /// Continue although records are dated after this host's clock: the clock is right, and was ahead then
    #[arg(long)]
    pub clock_is_right: bool,
    #[command(flatten)]
    pub ca_passphrase: CaPassphraseArgs,
}

// Where the passphrase of locked CA keys comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct CaPassphraseArgs {
    /// Read the passphrase of encrypted CA keys from the first line of this file, which must be mode 0600
    #[arg(long, value_name = "FILE")]
    pub ca_passphrase_file: Option<PathBuf>,
    /// Like --ca-passphrase-file, from file descriptor N
    #[arg(long, value_name = "N", conflicts_with = "ca_passphrase_file")]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub ca_passphrase_fd: Option<i32>,
}

// Which zone: from its directory on the signing host, or from an activated node.
#[derive(Clone, Debug, Args)]
pub struct SiteArgs {
    /// The zone directory, with zone.toml [env: ZONE_ETCD_ZONE] [default: .]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub zone: Option<PathBuf>,
    /// The local config of an activated node [env: ZONE_ETCD_CONFIG] [default: /var/lib/zone-etcd/node.json,
    /// if there is no zone.toml here]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub ca_passphrase: CaPassphraseArgs,
}

// Which etcd.
#[derive(Clone, Debug, Default, Args)]
pub struct EtcdArgs {
    /// Use this etcd binary instead of the bundled one
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
    /// Allow the etcd in PATH if none is bundled
    #[arg(long)]
    pub system_etcd: bool,
}

/// The output format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text
    #[default]
    Text,
    /// JSON
    Json,
}
