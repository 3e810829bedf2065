//! How long `doctor` takes where members do not answer, which is when it is asked.

use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arguments::Arguments;
use crate::members::{By, Members};
use crate::report::{Section, in_seconds};
use crate::scratch::Scratch;
use crate::statistics::{Samples, timed};
use crate::{Result, zone_etcd};

const MEMBERS: usize = 5;
/// A node of the description that is no member, and whose certificates were never issued.
const ABSENT: &str =
    "\n[[node]]\nname = \"node6\"\naddress = \"127.0.0.1\"\nclient_port = 1\npeer_port = 2\n";

/// `doctor` on five members that are well; then with one that was killed and a node that was never added;
/// then with one that is frozen as well, which only the time that it is given tells.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let members = Members::new(scratch, "doctor", MEMBERS, None, Duration::ZERO)?;
    let runs = arguments.runs(3, 20);
    let mut section = Section::new(format!("doctor: {MEMBERS} members, {runs} runs, median (p95)"));
    members.while_running(By::Run, |processes| {
        section.figure("all are well", both(&ask(&members, runs)?));
        let [.., frozen, killed] = processes[..] else { return Err("fewer members than asked for".into()) };
        kill(Pid::from_raw(killed), Signal::SIGKILL)?;
        let description = members.directory().join("zone.toml");
        let text = std::fs::read_to_string(&description)?;
        std::fs::write(&description, text + ABSENT)?;
        let faulty = ask(&members, runs)?;
        let what = "one killed, and a node that was never added";
        section.figure(what, both(&faulty));
        section.at_most(format!("{what}: p95"), faulty.percentile(95), 1000.0, in_seconds);
        kill(Pid::from_raw(frozen), Signal::SIGSTOP)?;
        section.figure("one frozen as well, which has three seconds to answer", both(&ask(&members, runs)?));
        Ok(())
    })?;
    Ok(section)
}

fn both(samples: &Samples) -> String {
    format!("{} ({})", in_seconds(samples.median()), in_seconds(samples.percentile(95)))
}

fn ask(members: &Members, runs: usize) -> Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..runs {
        let mut doctor = Command::new(zone_etcd());
        doctor.args(["doctor", "--zone"]).arg(members.directory()).stdin(Stdio::null());
        let (took, output) = timed(|| doctor.output());
        let output = output?;
        // A verdict has one of these; what could not be asked at all would be fast.
        if !matches!(output.status.code(), Some(0 | 65 | 69)) {
            return Err(format!("doctor: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        samples.add(took);
    }
    Ok(samples)
}
