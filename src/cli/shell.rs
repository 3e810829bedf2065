//! The arguments of `completions` and `man`, and of internal commands.

use clap::Args;

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

/// `service-agent`
#[derive(Debug, Args)]
pub struct ServiceAgentArgs {
    /// The user for whom services are restarted, by number
    pub owner: u32,
}
