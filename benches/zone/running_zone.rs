//! A zone of three members on loopback, each started by `zone-etcd run`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::members::Timing;
use crate::zone_files::{describe_local, issue_all};
use crate::{Result, zone_etcd};

/// Its nodes.
pub const NODES: [&str; 3] = ["node1", "node2", "node3"];
/// A zone that is not healthy by then never will be.
const HEALTHY_LIMIT: Duration = Duration::from_secs(30);

/// Its members end with it.
pub struct RunningZone {
    directory: PathBuf,
    members: RefCell<BTreeMap<String, Child>>,
}

impl Drop for RunningZone {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Kills a process and waits for its end.
pub fn end(process: &mut Child) {
    // Both fail only if it has ended, which is what is wanted.
    let _ = process.kill();
    let _ = process.wait();
}

impl RunningZone {
    /// Three members, with heartbeat and election as given, or etcd's own.
    pub fn start(directory: PathBuf, timing: Option<Timing>) -> Result<Self> {
        describe_local(&directory, NODES.len(), timing)?;
        issue_all(&directory)?;
        let zone = Self { directory, members: RefCell::default() };
        for node in NODES {
            zone.run(node)?;
        }
        zone.wait_until_healthy()?;
        Ok(zone)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The generation of the administrator's certificate that is in use.
    pub fn admin(&self) -> PathBuf {
        self.directory.join("clients").join("admin").join("current")
    }

    /// Whether a member was started on this node.
    pub fn has(&self, node: &str) -> bool {
        self.members.borrow().contains_key(node)
    }

    /// Kills a member.
    pub fn kill(&self, node: &str) {
        if let Some(process) = self.members.borrow_mut().get_mut(node) {
            end(process);
        }
    }

    /// Kills all members at the same instant.
    pub fn kill_all(&self) {
        let mut members = self.members.borrow_mut();
        for process in members.values_mut() {
            // It fails only if it has ended, which is what is wanted.
            let _ = process.kill();
        }
        members.values_mut().for_each(end);
    }

    /// A command on it, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(zone_etcd());
        command.args(arguments).arg("--zone").arg(&self.directory).stdin(Stdio::null());
        command
    }

    /// Starts the member of a node; one that was started before is killed.
    pub fn run(&self, node: &str) -> Result<()> {
        let mut command = self.command(&["run", "--node", node]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut before) = self.members.borrow_mut().insert(node.to_owned(), process) {
            end(&mut before);
        }
        Ok(())
    }

    /// What `status` tells.
    pub fn status(&self) -> Result<Value> {
        let told = self.command(&["status", "--format", "json"]).output()?;
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    /// Waits until `status` finds nothing wrong.
    pub fn wait_until_healthy(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.command(&["status"]).output()?.status.success() {
            if begun.elapsed() > HEALTHY_LIMIT {
                return Err("the zone does not become healthy".into());
            }
        }
        Ok(())
    }

    /// The node of the leader.
    pub fn leader(&self) -> Result<String> {
        Ok(self.status()?["leader"].as_str().ok_or("the zone has no leader")?.to_owned())
    }

    /// A command that waits for a node to be started, which then is.
    pub fn change_with(&self, node: &str, arguments: &[&str]) -> Result<()> {
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
}
