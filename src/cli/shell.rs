//! The arguments of `explain`, `version`, `completions` and `man`, and of internal commands.

use std::path::PathBuf;

use clap::Args;

use super::Format;

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The page, or what `check`, `doctor` or `doctor --log` call a problem [default: list the pages]
    #[arg(value_name = "PAGE")]
    pub page: Option<String>,
}

#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page to print, such as `pki issue`
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write the pages of all commands to this directory, which is created if missing
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServiceAgentArgs {
    /// The user for whom services are restarted, by number
    pub owner: u32,
}
