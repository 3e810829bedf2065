//! The program: reads the command line, runs one command, and reports how it ended.

use std::process::ExitCode;

use clap::Parser;
use model::{error::Exit, report};
use zone_etcd::{cli, cli::Cli, commands, completion, logging};

fn main() -> ExitCode {
    let code = run();
    report::finish();
    code
}

fn run() -> ExitCode {
    // Any command may come to hold a key.
    if let Err(error) = host::forbid_core_dumps() {
        report::warning(&format!("core dumps, with keys in them, cannot be turned off: {error}"));
    }
    if completion::is_asked() {
        completion::answer();
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help, or the version. Where the output is gone, a failure cannot be reported.
        Err(asked_for) if !asked_for.use_stderr() => {
            let _ = asked_for.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let words: Vec<String> =
                std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
            let next = cli::next_step(&error, &words);
            report::usage(error, &next);
            return Exit::Usage.into();
        }
    };
    logging::begin(cli.log);
    match commands::run(cli) {
        Ok(code) => code,
        Err(failure) => {
            tracing::error!(code = failure.exit as u8, what = failure.what, "failed");
            report::failure(&failure);
            failure.exit.into()
        }
    }
}
