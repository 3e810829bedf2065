//! Members come and go while clients write: the longest gap between two acknowledged writes in each step,
//! beside that of the same writer in the same run while nothing happens. The writer is etcd's own client over
//! all endpoints, which `scripts/clients` builds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::arguments::Arguments;
use crate::members::Timing;
use crate::report::{Section, in_milliseconds};
use crate::running_zone::{RunningZone, end};
use crate::scratch::Scratch;
use crate::statistics::Samples;
use crate::zone_files::checked;

const WRITER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/etcd-writer");
/// Heartbeat and election, as small as etcd takes them.
const TIMING: Timing = ("10ms", "100ms");
/// What is measured while nothing happens.
const NOTHING: &str = "nothing";
/// How long that is, and how long a zone is left alone after a change that is not measured.
const QUIET: Duration = Duration::from_secs(2);
/// What a step may add to the noise in the median, in milliseconds.
const MEDIAN: f64 = 40.0;
/// The longest gap of a step in any run.
const LONGEST: f64 = 150.0;
const STEPS: [&str; 5] = ["add", "promote", "remove a follower", "remove the leader", "replace a dead one"];

/// Every step in turn, in each run.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let runs = arguments.runs(1, 10);
    let zone = RunningZone::start(scratch.directory("members")?, Some(TIMING))?;
    // Only now are the ports of the others taken.
    let ports = host::free_ports(2)?;
    let described = format!("node4=127.0.0.1:{}:{}", ports[0], ports[1]);
    let writer = Writer::start(&zone)?;
    let mut replaced = Samples::default();
    for _ in 0..runs {
        replaced.add(change_members(&zone, &described, |what| writer.begins(what))?);
    }
    let told = writer.finish()?;
    let mut section = Section::new(format!(
        "members: the longest gap between two writes in each step, {runs} runs, median (longest)"
    ));
    let gaps = gaps_by_step(&told);
    let of = |step: &str| gaps.get(step).cloned().unwrap_or_default();
    let both = |gaps: &Samples| {
        format!("{} ({})", in_milliseconds(gaps.median()), in_milliseconds(gaps.percentile(100)))
    };
    let noise = of(NOTHING);
    section.figure("nothing: the noise", both(&noise));
    section.figure("a member is killed, until it is replaced", both(&of("kill")));
    for step in STEPS {
        let gaps = of(step);
        section.figure(step, both(&gaps));
        section.at_most(
            format!("{step}: the median, less the noise"),
            gaps.median() - noise.median(),
            MEDIAN,
            in_milliseconds,
        );
        section.at_most(format!("{step}: the longest"), gaps.percentile(100), LONGEST, in_milliseconds);
    }
    let took = |percent| format!("{:.2} s", replaced.percentile(percent) / 1000.0);
    let both = format!("{} ({})", took(50), took(100));
    section.figure("replace a dead one: from the command until three vote", both);
    let count = |field: &str| told[field].as_f64().unwrap_or(f64::NAN);
    section.figure("acknowledged writes", count("written").to_string());
    section.at_most("writes that failed for good", count("failed"), 0.0, |count| count.to_string());
    let violations = told["violations"].as_array().map_or(f64::NAN, |violations| violations.len() as f64);
    section.at_most("answers that are not linearizable", violations, 0.0, |count| count.to_string());
    Ok(section)
}

fn gaps_by_step(told: &Value) -> BTreeMap<String, Samples> {
    let mut gaps: BTreeMap<String, Samples> = BTreeMap::new();
    for span in told["spans"].as_array().into_iter().flatten() {
        if let (Some(name), Some(gap)) = (span["name"].as_str(), span["longest_gap_ms"].as_f64()) {
            gaps.entry(name.to_owned()).or_default().add(Duration::from_secs_f64(gap / 1000.0));
        }
    }
    gaps
}

fn remove(zone: &RunningZone, node: &str) -> Result<()> {
    checked(&mut zone.command(&["member", "remove", node, "--yes", "--allow-no-tolerance"])).map(drop)
}

/// One run. From four members one goes, so that there are three again. Returns how long it took to replace a
/// dead one.
fn change_members(
    zone: &RunningZone,
    described: &str,
    mut begins: impl FnMut(&str) -> Result<()>,
) -> Result<Duration> {
    begins(NOTHING)?;
    sleep(QUIET);
    begins("add")?;
    let is_new = !zone.has("node4");
    let node4 = if is_new { vec!["--node", described] } else { vec!["node4"] };
    zone.change_with("node4", &[&["member", "add", "--learner"][..], &node4].concat())?;
    begins("promote")?;
    checked(&mut zone.command(&["member", "promote", "node4"]))?;

    begins("rest")?;
    sleep(QUIET);
    let leader = zone.leader()?;
    begins("remove the leader")?;
    remove(zone, &leader)?;
    begins("rest")?;
    zone.wait_until_healthy()?;
    zone.change_with(&leader, &["member", "add", &leader])?;
    zone.wait_until_healthy()?;
    let follower = if zone.leader()? == "node4" { "node3" } else { "node4" };
    begins("remove a follower")?;
    remove(zone, follower)?;
    if follower != "node4" {
        begins("rest")?;
        zone.change_with(follower, &["member", "add", follower])?;
        remove(zone, "node4")?;
    }
    begins("rest")?;
    sleep(QUIET);
    zone.wait_until_healthy()?;

    let leader = zone.leader()?;
    let dead = if leader == "node1" { "node2" } else { "node1" };
    begins("kill")?;
    zone.kill(dead);
    sleep(QUIET);
    begins("replace a dead one")?;
    let begun = Instant::now();
    zone.change_with(dead, &["member", "replace", dead, "--yes", "--no-snapshot"])?;
    let took = begun.elapsed();
    begins("rest")?;
    zone.wait_until_healthy()?;
    Ok(took)
}

/// It writes until it is told to finish, and is told what begins.
struct Writer {
    process: Child,
    input: RefCell<Option<ChildStdin>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

impl Writer {
    fn start(zone: &RunningZone) -> Result<Self> {
        if !Path::new(WRITER).is_file() {
            return Err("there is no etcd-writer: run scripts/clients".into());
        }
        let status = zone.status()?;
        let members = status["members"].as_array().ok_or("no members")?.iter();
        let endpoints: Vec<&str> = members.filter_map(|member| member["client_urls"][0].as_str()).collect();
        let mut command = Command::new(WRITER);
        command.args(["-try", "100ms", "-endpoints", &endpoints.join(",")]);
        command.arg("-certificates").arg(zone.admin());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = RefCell::new(process.stdin.take());
        Ok(Self { process, input })
    }

    fn begins(&self, what: &str) -> Result<()> {
        Ok(self.input.borrow_mut().as_mut().map_or(Ok(()), |input| writeln!(input, "{what}"))?)
    }

    fn finish(mut self) -> Result<Value> {
        drop(self.input.take());
        let mut line = String::new();
        if let Some(stdout) = self.process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        Ok(serde_json::from_str(&line)?)
    }
}
