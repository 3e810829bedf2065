//! From an empty directory to three members that take requests, against three members that are started by
//! hand.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::members::{By, Members};
use crate::report::{Section, in_seconds, in_times};
use crate::scratch::Scratch;
use crate::statistics::Samples;
use crate::{Result, zone_etcd};

/// As many as `dev` starts.
const MEMBERS: usize = 3;
/// What lies between two starts where they are not at the same instant.
const STAGGER: Duration = Duration::from_millis(30);

/// `dev`, three members by hand, and three by hand that know all of what makes `dev` fast, in turn.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let together = Members::new(scratch, "together", MEMBERS, None, Duration::ZERO)?;
    let staggered = Members::new(scratch, "staggered", MEMBERS, Some(("10ms", "100ms")), STAGGER)?;
    let runs = arguments.runs(3, 20);
    let (mut ours, mut theirs, mut bound) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..runs {
        scratch.settle();
        ours.add(development_zone(scratch)?);
        scratch.settle();
        theirs.add(together.time_to_ready(By::Hand)?);
        scratch.settle();
        bound.add(staggered.time_to_ready(By::Hand)?);
    }

    let mut section = Section::new(format!(
        "dev: three members, until each has answered a read through the quorum, {} runs, median (p95)",
        ours.count()
    ));
    let both = |samples: &Samples| {
        format!("{} ({})", in_seconds(samples.median()), in_seconds(samples.percentile(95)))
    };
    section.figure("zone-etcd dev, from an empty directory", both(&ours));
    section.figure("by hand, at the same instant, etcd's own timing", both(&theirs));
    section.at_most("zone-etcd dev, of by hand", ours.median() / theirs.median(), 0.4, in_times);
    section.figure("by hand, 30 ms apart, 10/100 ms: the lower bound", both(&bound));
    Ok(section)
}

/// Until the command runs that `dev` was given: it is started when every member has answered.
fn development_zone(scratch: &Scratch) -> Result<Duration> {
    let temporary = scratch.directory("dev")?;
    let mut command = Command::new(zone_etcd());
    command.args(["dev", "--", "echo", "ready"]).env("TMPDIR", &temporary);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let duration = started.elapsed();
    let status = child.wait()?;
    if status.success() && line == "ready\n" {
        Ok(duration)
    } else {
        Err(format!("zone-etcd dev ended with {status}").into())
    }
}
