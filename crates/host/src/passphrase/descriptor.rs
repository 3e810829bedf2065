//! A file descriptor that this process was started with.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::RawFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use model::error::{Exit, Failure};

/// Opens what the descriptor stands for, and closes the descriptor: the program that this process becomes
/// must not have it.
pub fn take(number: RawFd) -> io::Result<File> {
    let file = match File::open(format!("/proc/self/fd/{number}")) {
        // The parent of this process may read it, as root a key of the host, and this user may not.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            duplicate(number).map_err(|_| error)?
        }
        opened => opened?,
    };
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

/// Another descriptor of the same open file. The system checks that the number is one of this process: dup(2)
/// would have the compiler believe it.
fn duplicate(number: RawFd) -> rustix::io::Result<File> {
    let this_process = pidfd_open(getpid(), PidfdFlags::empty())?;
    pidfd_getfd(&this_process, number, PidfdGetfdFlags::empty()).map(File::from)
}

/// The failure of reading `what` from a descriptor that `option` names. `otherwise` says what to do where a
/// terminal is no good.
pub fn failure(what: &str, option: &str, number: RawFd, otherwise: &str, error: &io::Error) -> Failure {
    let failure =
        Failure::new(Exit::for_io(error), format!("cannot read {what} from file descriptor {number}"));
    match error.kind() {
        io::ErrorKind::NotFound => failure
            .because("it is not open")
            .next(format!("open it in the shell that starts the command: {option} 3 3< FILE")),
        io::ErrorKind::InvalidInput => failure.because(error).next(otherwise),
        _ => failure.because(error).next(format!("give a pipe or a file: {option} 3 3< FILE")),
    }
}
