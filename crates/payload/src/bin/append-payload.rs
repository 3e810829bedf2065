//! `append-payload EXECUTABLE OUT DIRECTORY…`: packs bundles of etcd into a copy of an executable. For
//! `scripts/release`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use model::error::{Exit, Failure};
use model::report;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let done = match arguments.as_slice() {
        [executable, out, directories @ ..] if !directories.is_empty() => {
            let directories: Vec<&Path> = directories.iter().map(PathBuf::as_path).collect();
            payload::append(executable, &directories, out)
        }
        _ => Err(Failure::new(Exit::Usage, "expected EXECUTABLE OUT DIRECTORY…")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::failure(&failure);
            failure.exit.into()
        }
    }
}
