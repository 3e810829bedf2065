//! The arguments of `run` and `plan`.

use clap::{Args, ValueEnum};

use super::{EtcdArgs, SiteArgs};

// Which member to start, and with what.
#[derive(Debug, Args)]
pub struct LaunchArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The node whose member it is; an activated node knows its own name
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    #[command(flatten)]
    pub start: StartArgs,
}

// How to start it.
#[derive(Debug, Args)]
pub struct StartArgs {
    #[command(flatten)]
    pub etcd: EtcdArgs,
    /// If the data directory keeps the member from starting, rename it and start empty
    #[arg(long)]
    pub move_data_aside: bool,
    #[command(flatten)]
    pub words: OperatorWords,
    /// Further flags for etcd
    #[arg(last = true, value_name = "ETCD FLAGS", allow_hyphen_values = true)]
    pub flags: Vec<String>,
}

// What only the operator can know. Each is for one start, and loses acknowledged writes if it is not true.
#[derive(Debug, Default, Args)]
pub struct OperatorWords {
    /// Bootstrap the cluster without this node, which has never run; give it on each of a majority of the
    /// zone. May be repeated. If the node has run, acknowledged writes are lost
    #[arg(long, value_name = "NODE", help_heading = "What only the operator can know")]
    pub found_without: Vec<String>,
    /// This node's member never ran, although the cluster was bootstrapped with it. If it has run,
    /// acknowledged writes are lost
    #[arg(long, help_heading = "What only the operator can know")]
    pub never_ran: bool,
    /// The data is on the very disk that this member ran on last, although state.json is lost. If it is a
    /// copy, acknowledged writes are lost
    #[arg(long, help_heading = "What only the operator can know")]
    pub data_is_current: bool,
    /// Resume with an older copy of the data; only for a zone of one member. Later writes are lost
    #[arg(long, help_heading = "What only the operator can know")]
    pub accept_older_data: bool,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// Issue certificates although records are dated after this host's clock: the clock is right, and was
    /// ahead then
    #[arg(long, conflicts_with = "config")]
    pub clock_is_right: bool,
    /// Exit when the parent process with this id exits
    #[arg(long, hide = true, value_name = "PID")]
    pub end_with_parent: Option<i32>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: PlanFormat,
}

/// The output format of `plan`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Text
    #[default]
    Text,
    /// JSON
    Json,
    /// The command line, one argument per line
    Argv,
    /// The same as ETCD_* variables, for a shell or systemd; zone-etcd itself passes flags alone
    Env,
}
