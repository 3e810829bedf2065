//! The command line. Names and options are part of the interface: scripts rely on them.

mod client;
mod create;
mod existing_ca;
mod launch;
mod observe;
mod pki;
mod shell;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub use client::{CtlArgs, EnvArgs};
pub use create::{DevArgs, InitArgs};
pub use existing_ca::ExistingCaArgs;
pub use launch::{LaunchArgs, PlanArgs, PlanFormat, RunArgs};
pub use observe::{CheckArgs, DoctorArgs, StatusArgs, StatusFormat};
pub use pki::{PkiCommand, PkiIssueArgs, PkiListArgs};
pub use shell::{CompletionsArgs, ManArgs};

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

/// How to print a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    #[default]
    Text,
    /// For a program
    Json,
}
