//! A file descriptor that this process was started with.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::RawFd;

use super::PassphrasePurpose;
use crate::error::{Exit, Failure};

/// Opens what the descriptor stands for, and closes the descriptor: the program that this process becomes must not have it.
pub(super) fn take(number: RawFd) -> io::Result<File> {
    let file = File::open(format!("/proc/self/fd/{number}"))?;
    if file.is_terminal() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a terminal, which would show what is typed",
        ));
    }
    // Standard input, output and error stay: what is opened next must not take their place.
    if number > 2 {
        nix::unistd::close(number)?;
    }
    Ok(file)
}

pub(super) fn failure(purpose: &PassphrasePurpose, number: RawFd, error: &io::Error) -> Failure {
    let failure = Failure::new(
        Exit::for_io(error),
        format!("cannot read the passphrase of {} from file descriptor {number}", purpose.what),
    );
    let option = purpose.descriptor_option;
    match error.kind() {
        io::ErrorKind::NotFound => failure
            .because("it is not open")
            .next(format!("open it in the shell that starts the command: {option} 3 3< FILE")),
        io::ErrorKind::InvalidInput => {
            failure.because(error).next(format!("leave {option} away to be asked without an echo"))
        }
        _ => failure.because(error).next(format!("give a pipe or a file: {option} 3 3< FILE")),
    }
}
