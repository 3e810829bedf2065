//! The arguments of `completions` and `man`.

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
