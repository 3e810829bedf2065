//! How much memory issuing takes, and that it does not grow with the zone.

use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use crate::Result;
use crate::report::{Section, in_mebibytes, in_times};
use crate::scratch::Scratch;
use crate::zone_files::{checked, describe_remote, issue};

/// A zone and one ten times as large.
const NODES: [usize; 2] = [100, 1000];
/// The argument that makes this program run a command and print its peak.
const PEAK_OF: &str = "--peak-of";

/// The peak of `pki issue --all` for both zones. What the description alone takes, which does grow, is shown
/// by issuing for a node that has everything already.
pub fn measure(scratch: &Scratch) -> Result<Section> {
    let mut section = Section::new("issue, peak of resident memory");
    let mut peaks = [0, 0];
    for (peak, nodes) in peaks.iter_mut().zip(NODES) {
        let directory = scratch.directory("memory")?;
        describe_remote(&directory, nodes)?;
        *peak = peak_of(&issue(&directory, &["--all"]))?;
        section.figure(format!("{nodes} members"), in_mebibytes(*peak));
        let described = peak_of(&issue(&directory, &["node1"]))?;
        section.figure("  its description read, and nothing issued", in_mebibytes(described));
    }
    let [small, large] = peaks;
    section.at_most(
        format!("{} members, of {}", NODES[1], NODES[0]),
        large as f64 / small as f64,
        1.5,
        in_times,
    );
    Ok(section)
}

/// The peak of a command, in KiB. The kernel tells the highest of all children of a process (getrusage(2)),
/// so each command gets a process of its own to be the child of.
pub fn peak_of(command: &Command) -> Result<u64> {
    let mut parent = Command::new(std::env::current_exe()?);
    parent.arg(PEAK_OF).arg(command.get_program()).args(command.get_args());
    let output = checked(parent.stdin(Stdio::null()))?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The command of which this process is to tell the peak, if that is what it was started for.
pub fn asked_for() -> Option<Command> {
    let mut words = std::env::args_os().skip(1);
    words.next().filter(|word| word == PEAK_OF)?;
    let mut command = Command::new(words.next()?);
    command.args(words);
    Some(command)
}

/// Runs it and prints its peak.
pub fn tell(mut command: Command) -> Result<()> {
    checked(&mut command)?;
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    Ok(())
}
