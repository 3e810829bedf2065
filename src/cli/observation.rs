//! The arguments of what looks and changes nothing: `status`, `check` and `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, SiteArgs};

#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub struct StatusArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: StatusFormat,
    /// Write to this file instead of standard output; it is replaced atomically, unless it is a pipe or a
    /// device
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Refresh every SECONDS, until Ctrl-C, or q on a terminal [default: 2]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
    /// Show the nodes instead that the zone's etcd has bundles for: which are not up to date, and why
    #[arg(long, conflicts_with_all = ["client", "watch"])]
    pub nodes: bool,
    /// With --nodes, name certificates that expire within this time [default: 14d]
    #[arg(long, value_name = "TIME", requires = "nodes")]
    pub before: Option<humantime::Duration>,
}

const STATUS_CODES: &str = "Exit codes of status: 0 healthy or data not compared, 65 degraded but with a \
quorum, 69 no quorum or no member answers. With --nodes: 0 all are up to date, 65 some are not, 69 no \
member takes requests, 77 the certificate of admin has no right to the answers";

/// The output format of `status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// Text
    #[default]
    Text,
    /// JSON; with --watch, one line per refresh
    Json,
    /// Prometheus metrics, for the textfile collector of node_exporter
    Prometheus,
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_CODES)]
pub struct CheckArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The node to check, on its own machine; an activated node knows its own name
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_CODES)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
    /// Explain this etcd log instead, `-` for standard input; needs no zone
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const CHECK_CODES: &str = "Exit codes of check and doctor: 0 nothing failed, 65 something did, 69 nothing \
failed but members do not answer. check: where the member would not start, the code that run ends with";
