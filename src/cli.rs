//! The command line. Names and options are part of the interface: scripts rely on them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Launch an etcd cluster with mutual TLS: its PKI, its static bootstrap, its members
#[derive(Debug, Parser)]
#[command(name = "zone-etcd", version, arg_required_else_help = true, subcommand_required = true)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 64 usage, 65 bad input, 66 missing input, 69 unavailable, 70 internal,
73 cannot create, 75 try again, 77 permission, 78 configuration";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a throwaway mutual-TLS zone on this machine
    Dev(DevArgs),
    /// Describe a new zone and make its CAs
    Init(InitArgs),
    /// Start this node's member: becomes etcd
    Run(RunArgs),
    /// Show what `run` would do, and touch nothing
    Plan(PlanArgs),
    /// Show the zone, live: members, leader, sizes, alarms, certificates
    Status(StatusArgs),
    /// Check one node: its certificates, its machine, and what its peers say
    Check(CheckArgs),
    /// Find out what is wrong with the zone, or explain a log of etcd
    Doctor(DoctorArgs),
    /// List, check and issue certificates
    #[command(subcommand)]
    Pki(PkiCommand),
    /// Print the settings that etcdctl needs, for a shell
    Env(EnvArgs),
    /// Run the bundled etcdctl against the zone
    Ctl(CtlArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of the program or of one of its commands
    Man(ManArgs),
}

/// Which zone.
#[derive(Clone, Debug, Args)]
pub struct ZoneArg {
    /// The zone directory, with zone.toml
    #[arg(long, value_name = "DIR", env = "ZONE_ETCD_ZONE", default_value = ".")]
    pub zone: PathBuf,
}

/// Which etcd.
#[derive(Clone, Debug, Default, Args)]
pub struct EtcdArgs {
    /// Run this etcd binary instead of the bundled one
    #[arg(long, value_name = "PATH")]
    pub etcd: Option<PathBuf>,
    /// Allow the etcd in PATH if none is bundled
    #[arg(long)]
    pub system_etcd: bool,
}

/// `dev`
#[derive(Debug, Args)]
pub struct DevArgs {
    /// How many members a new zone has [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub nodes: Option<u8>,
    /// Keep the zone in this directory instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The version of etcd that a new zone runs, among the bundled ones
    #[arg(long, value_name = "VERSION")]
    pub etcd_version: Option<String>,
    /// Print every line that etcd logs, not warnings and errors alone
    #[arg(long, short)]
    pub verbose: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub etcd: EtcdArgs,
    /// Run this command once the zone is ready, stop the zone, and exit with its code
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The zone's name, a DNS name such as example.zone
    #[arg(long, value_name = "ZONE")]
    pub name: Option<String>,
    /// The nodes.
    #[arg(
        long = "node",
        value_name = "NAME=ADDRESS",
        help = "A node: NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]], IPv6 in brackets; once for each"
    )]
    pub nodes: Vec<String>,
}

/// Which member to start, and with what.
#[derive(Debug, Args)]
pub struct LaunchArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The node whose member it is
    #[arg(long, value_name = "NAME")]
    pub node: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub etcd: EtcdArgs,
    /// If what is in the data directory keeps the member from starting, rename it and start without
    #[arg(long)]
    pub set_aside_data: bool,
    /// Further flags for etcd
    #[arg(last = true, value_name = "ETCD FLAGS", allow_hyphen_values = true)]
    pub flags: Vec<String>,
}

/// `run`
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub launch: LaunchArgs,
    /// End when the process that started this one, whose id is given, ends
    #[arg(long, hide = true, value_name = "PID")]
    pub end_with_parent: Option<i32>,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub launch: LaunchArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
}

/// How to print a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a person
    #[default]
    Text,
    /// All of it, for a program
    Json,
    /// The command line, one argument a line
    Argv,
    /// The same as ETCD_* variables, for an etcd that is configured by its environment
    Env,
}

/// How to print a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    #[default]
    Text,
    /// For a program
    Json,
}

/// `status`
#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub struct StatusArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
    /// Write it to this file, aside first and then in place, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Go on until Ctrl-C, and look again every so many seconds [default: 2]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
}

const STATUS_CODES: &str = "\
Exit codes of status: 0 healthy, 65 degraded but with a quorum, 69 quorum lost or nobody answers";

/// How to print the state of a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For a person
    #[default]
    Text,
    /// All of it, for a program; with --watch one line each time
    Json,
    /// Metrics, for the textfile collector of Prometheus' node exporter
    Prometheus,
}

/// `check`
#[derive(Debug, Args)]
#[command(after_help = CHECK_CODES)]
pub struct CheckArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The node to check, on its own machine
    #[arg(long, value_name = "NAME")]
    pub node: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = CHECK_CODES)]
pub struct DoctorArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Explain this log of etcd instead, `-` for standard input; no zone is needed
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const CHECK_CODES: &str = "\
Exit codes of check and doctor: 0 nothing failed, 65 something did, 69 nothing failed but members do not answer";

/// `pki`
#[derive(Debug, Subcommand)]
pub enum PkiCommand {
    /// List every certificate of the zone
    List(PkiListArgs),
    /// Check every certificate of the zone; exit 65 with the findings
    Check(PkiListArgs),
    /// Issue now what `run` would issue at the start
    Issue(PkiIssueArgs),
}

/// `pki list`, `pki check`
#[derive(Debug, Args)]
pub struct PkiListArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `pki issue`
#[derive(Debug, Args)]
#[group(id = "holders", required = true, multiple = true, args = ["nodes", "all", "clients"])]
pub struct PkiIssueArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The nodes to issue for
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Every node, and every client that was issued or is in zone.toml
    #[arg(long, conflicts_with_all = ["nodes", "clients"])]
    pub all: bool,
    /// A client to issue for; once for each
    #[arg(long = "client", value_name = "NAME")]
    pub clients: Vec<String>,
}

/// `env`
#[derive(Debug, Args)]
pub struct EnvArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
}

/// `ctl`
#[derive(Debug, Args)]
pub struct CtlArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub zone: ZoneArg,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the fields document themselves")]
    pub etcd: EtcdArgs,
    /// What to hand to etcdctl; its options follow `--`
    #[arg(trailing_var_arg = true, required = true, value_name = "ARGS", allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page to print, such as `pki issue`
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}
