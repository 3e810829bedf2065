//! The program: reads the command line, runs one command, and reports how it ended.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use zone_etcd::{cli::Cli, commands, error::Exit, host, report};

fn main() -> ExitCode {
    // Any command may come to hold a key.
    if let Err(error) = host::forbid_core_dumps() {
        report::warning(&format!("core dumps, with keys in them, cannot be turned off: {error}"));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            report::usage(error);
            return if asked_for { ExitCode::SUCCESS } else { Exit::Usage.into() };
        }
    };
    match commands::run(cli) {
        Ok(code) => code,
        Err(failure) => {
            report::failure(&failure);
            failure.exit.into()
        }
    }
}
