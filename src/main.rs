//! The program: reads the command line, runs one command, and reports how it ended.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use zone_etcd::{cli::Cli, commands, error::Exit, report};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told when the output is gone.
            let _ = error.print();
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
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
