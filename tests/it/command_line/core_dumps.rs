//! A command holds keys, and leaves none of them in a core dump.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::harness::TestZone;
use crate::harness::processes::until;
use crate::support::{NOBODY, install_program};

/// The kernel gives what it shows of a process that must not be dumped to root (proc(5)).
#[test]
fn a_command_cannot_be_dumped() {
    let place = TestZone::empty();
    let copy = install_program(place.around());
    let node = place.around().join("node");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" activate - --node-dir \"$1\""]);
    command.arg(copy).arg(node).uid(NOBODY).gid(NOBODY).current_dir("/");
    // It waits for its bundle.
    let mut waiting = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let of_process = |name: &str| format!("/proc/{}/{name}", waiting.id());
    until("a process that cannot be dumped", || {
        let owner = fs::metadata(of_process("environ")).map(|metadata| metadata.uid());
        let limits = fs::read_to_string(of_process("limits")).expect("the limits");
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a line");
        (owner.ok() == Some(0) && core.split_whitespace().next() == Some("0")).then_some(())
    });
    drop(waiting.stdin.take());
    waiting.wait().expect("it ends");
}
