use clap::{ArgAction, Args, ValueEnum};

// What is logged, and how.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogArgs {
    /// Log each step with its duration to standard error; -vv: each request and file too, -vvv: all.
    /// ZONE_ETCD_LOG takes a filter
    #[arg(short = 'v', action = ArgAction::Count, global = true, help_heading = "Logging")]
    pub verbosity: u8,
    /// The format of the log
    #[arg(long, value_enum, default_value_t, global = true, help_heading = "Logging")]
    pub log_format: LogFormat,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text
    #[default]
    Text,
    /// JSON, one object per line
    Json,
}
