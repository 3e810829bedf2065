//! Files that this process was started with.

use std::fs;
use std::io;
use std::os::fd::RawFd;

use nix::fcntl::OFlag;

use super::kernel::kernel_text;

/// Closes every file that the program would get which this process becomes, but standard input, output and
/// error, and `kept`: what a shell or a supervisor left open by mistake, or the passphrase that it handed
/// over. What this process has opened itself is closed on exec.
pub fn close_inherited(kept: RawFd) -> io::Result<()> {
    let entries = fs::read_dir("/proc/self/fd")?.collect::<io::Result<Vec<_>>>()?;
    let numbers = entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.filter(|number| *number > 2 && *number != kept) {
        if survives_exec(number)? {
            nix::unistd::close(number)?;
        }
    }
    Ok(())
}

/// Whether it is open without O_CLOEXEC: `flags` of /proc/PID/fdinfo, in octal (proc_pid_fdinfo(5)). The
/// directory that lists the files is closed by now.
fn survives_exec(number: RawFd) -> io::Result<bool> {
    let text = match kernel_text(&format!("/proc/self/fdinfo/{number}")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        read => read?,
    };
    let flags =
        text.lines().find_map(|line| i32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    Ok(flags.is_none_or(|flags| flags & OFlag::O_CLOEXEC.bits() == 0))
}
