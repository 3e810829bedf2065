//! Programs of Debian's packages that scripts have fetched into `target/tools`, beside what is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a script of this name has put its packages.
pub fn fetched(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(script)
}

/// A program of these packages, with their libraries.
#[track_caller]
pub fn command(script: &str, program: &str) -> Command {
    let path = fetched(script).join(program);
    assert!(path.is_file(), "run scripts/{script} first");
    let mut command = Command::new(path);
    command.env("LD_LIBRARY_PATH", libraries(script));
    command
}

/// A program of the machine, or of these packages where it is not installed.
#[track_caller]
pub fn installed_or_fetched(script: &str, program: &str) -> Command {
    let installed = Path::new("/").join(program);
    if installed.is_file() { Command::new(installed) } else { command(script, program) }
}

/// Where the libraries are that came with them, as `LD_LIBRARY_PATH` has it.
pub fn libraries(script: &str) -> String {
    let places = ["usr/lib", "lib"].into_iter().map(|place| fetched(script).join(place));
    let below =
        places.filter_map(|place| fs::read_dir(place).ok()).flatten().flatten().map(|entry| entry.path());
    let named: Vec<String> =
        below.filter(|path| path.is_dir()).map(|path| path.display().to_string()).collect();
    named.join(":")
}
