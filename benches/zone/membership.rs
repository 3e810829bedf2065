//! Members come and go while clients write: the longest gap between two acknowledged writes in each step,
//! beside that of the same writer in the same run while nothing happens. The writer is etcd's own client over
//! all endpoints, which `scripts/clients` builds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::arguments::Arguments;
use crate::report::{Section, in_milliseconds};
use crate::scratch::Scratch;
use crate::statistics::Samples;
use crate::zone_files::{checked, describe_local, issue_all};
use crate::{Result, zone_etcd};

const WRITER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/etcd-writer");
/// Heartbeat and election, as small as etcd takes them.
const TIMING: (&str, &str) = ("10ms", "100ms");
/// What is measured while nothing happens.
const NOTHING: &str = "nothing";
/// How long that is, and how long a zone is left alone after a change that is not measured.
const QUIET: Duration = Duration::from_secs(2);
/// A zone that is not healthy by then never will be.
const HEALTHY_LIMIT: Duration = Duration::from_secs(30);
/// What a step may add to the noise in the median, in milliseconds.
const MEDIAN: f64 = 40.0;
/// The longest gap of a step in any run.
const LONGEST: f64 = 150.0;
const STEPS: [&str; 5] = ["add", "promote", "remove a follower", "remove the leader", "replace a dead one"];

/// Every step in turn, in each run.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let runs = arguments.runs(1, 10);
    let zone = Zone::start(scratch.directory("members")?)?;
    let writer = Writer::start(&zone)?;
    for _ in 0..runs {
        zone.change_members(|what| writer.begins(what))?;
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

/// Three members, and a fourth that comes and goes.
struct Zone {
    directory: PathBuf,
    /// Of the fourth, as `member add` takes it.
    described: String,
    members: RefCell<BTreeMap<String, Child>>,
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.members.borrow_mut().values_mut().for_each(end);
    }
}

fn end(process: &mut Child) {
    // Both fail only if it has ended, which is what is wanted.
    let _ = process.kill();
    let _ = process.wait();
}

impl Zone {
    fn start(directory: PathBuf) -> Result<Self> {
        describe_local(&directory, 3, Some(TIMING))?;
        issue_all(&directory)?;
        let mut zone = Self { directory, described: String::new(), members: RefCell::default() };
        for node in ["node1", "node2", "node3"] {
            zone.run(node)?;
        }
        zone.wait_until_healthy()?;
        // Only now are the ports of the others taken.
        let ports = host::free_ports(2)?;
        zone.described = format!("node4=127.0.0.1:{}:{}", ports[0], ports[1]);
        Ok(zone)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(zone_etcd());
        command.args(arguments).arg("--zone").arg(&self.directory).stdin(Stdio::null());
        command
    }

    fn run(&self, node: &str) -> Result<()> {
        let mut command = self.command(&["run", "--node", node]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut before) = self.members.borrow_mut().insert(node.to_owned(), process) {
            end(&mut before);
        }
        Ok(())
    }

    fn status(&self) -> Result<Value> {
        let told = self.command(&["status", "--format", "json"]).output()?;
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    fn wait_until_healthy(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.command(&["status"]).output()?.status.success() {
            if begun.elapsed() > HEALTHY_LIMIT {
                return Err("the zone does not become healthy".into());
            }
        }
        Ok(())
    }

    fn leader(&self) -> Result<String> {
        Ok(self.status()?["leader"].as_str().ok_or("the zone has no leader")?.to_owned())
    }

    /// A command that waits for a node to be started, which then is.
    fn change_with(&self, node: &str, arguments: &[&str]) -> Result<()> {
        let mut command = self.command(arguments);
        let mut changing = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = BufReader::new(changing.stderr.take().ok_or("no standard error")?);
        let (mut said, mut started) = (String::new(), false);
        for line in stderr.lines() {
            let line = line?;
            if !started && line.contains("has to be started") {
                self.run(node)?;
                started = true;
            }
            said += &format!("{line}\n");
        }
        match changing.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("{arguments:?} ended with {status}:\n{said}").into()),
        }
    }

    fn remove(&self, node: &str) -> Result<()> {
        checked(&mut self.command(&["member", "remove", node, "--yes", "--allow-no-tolerance"])).map(drop)
    }

    /// One run. From four members one goes, so that there are three again.
    fn change_members(&self, mut begins: impl FnMut(&str) -> Result<()>) -> Result<()> {
        begins(NOTHING)?;
        sleep(QUIET);
        begins("add")?;
        let is_new = !self.members.borrow().contains_key("node4");
        let node4 = if is_new { vec!["--node", &self.described] } else { vec!["node4"] };
        self.change_with("node4", &[&["member", "add", "--learner"][..], &node4].concat())?;
        begins("promote")?;
        checked(&mut self.command(&["member", "promote", "node4"]))?;

        begins("rest")?;
        sleep(QUIET);
        let leader = self.leader()?;
        begins("remove the leader")?;
        self.remove(&leader)?;
        begins("rest")?;
        self.wait_until_healthy()?;
        self.change_with(&leader, &["member", "add", &leader])?;
        self.wait_until_healthy()?;
        let follower = if self.leader()? == "node4" { "node3" } else { "node4" };
        begins("remove a follower")?;
        self.remove(follower)?;
        if follower != "node4" {
            begins("rest")?;
            self.change_with(follower, &["member", "add", follower])?;
            self.remove("node4")?;
        }
        begins("rest")?;
        sleep(QUIET);
        self.wait_until_healthy()?;

        let leader = self.leader()?;
        let dead = if leader == "node1" { "node2" } else { "node1" };
        begins("kill")?;
        if let Some(process) = self.members.borrow_mut().get_mut(dead) {
            end(process);
        }
        sleep(QUIET);
        begins("replace a dead one")?;
        self.change_with(dead, &["member", "replace", dead, "--yes", "--no-snapshot"])?;
        begins("rest")?;
        self.wait_until_healthy()
    }
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
    fn start(zone: &Zone) -> Result<Self> {
        if !Path::new(WRITER).is_file() {
            return Err("there is no etcd-writer: run scripts/clients".into());
        }
        let status = zone.status()?;
        let members = status["members"].as_array().ok_or("no members")?.iter();
        let endpoints: Vec<&str> = members.filter_map(|member| member["client_urls"][0].as_str()).collect();
        let mut command = Command::new(WRITER);
        command.args(["-try", "100ms", "-endpoints", &endpoints.join(",")]);
        command.arg("-certificates").arg(zone.directory.join("clients/admin/current"));
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
