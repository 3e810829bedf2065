//! The program at another time: its clock is turned, and nobody else's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use time::Duration;

use super::outcome;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    long result = syscall(SYS_clock_gettime, clock, now);
    const char *seconds = getenv("TEST_CLOCK_OFFSET");
    if (result == 0 && clock == CLOCK_REALTIME && seconds) now->tv_sec += atol(seconds);
    return (int)result;
}
"#;

/// Has the program run with a clock that is off by this much.
pub fn turn(command: &mut Command, offset: Duration) -> &mut Command {
    command.env("LD_PRELOAD", library()).env("TEST_CLOCK_OFFSET", offset.whole_seconds().to_string())
}

/// A library that stands before libc; `cc` is there wherever Rust links.
fn library() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let own = tempfile::tempdir_in(directory).expect("a directory");
        let (source, made) = (own.path().join("clock.c"), own.path().join("clock.so"));
        std::fs::write(&source, SOURCE).expect("the source");
        outcome(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(&source))
            .expect_code(0);
        let library = directory.join("clock.so");
        std::fs::rename(&made, &library).expect("the library");
        library
    })
}
