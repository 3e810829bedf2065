//! `zone-etcd`, run on a node by the command of `[access]`.

use std::io::Read;
use std::time::Duration;

use zone_pki::KeyAlgorithm;

use super::answer::ActivationAnswer;
use super::process::{self, Finished, Input};
use super::remote_failure::{Called, lines};
use crate::recovery_report::{LogReport, SalvageReport};
use crate::restarted::RestartedMember;
use crate::restored_node::{RestoreRoom, RestoredNode};
use launch::activation::{ActiveBundle, Change, Fingerprint, ListsInUse, Missing, Refusal};
use model::config::{AccessSettings, Node};
use model::error::{Exit, Failure, Result};
use model::foreign_text;
use model::report;
use store::requests::RequestFile;

/// A member that is restarted may have to catch up before it is back.
const RESTART_TAKES_AT_MOST: Duration = Duration::from_secs(300);

/// Whether a member could be restarted may depend on one that has just come back: its gates are waited for.
const GATES_TAKE_AT_MOST: Duration = Duration::from_secs(30);

/// etcdutl writes some ten gigabytes in that time on a slow disk.
const RESTORE_TAKES_AT_MOST: Duration = Duration::from_secs(1800);

/// The line that precedes a snapshot is far shorter.
const REPORT_AT_MOST: usize = 1 << 20;

/// The way to one node.
#[derive(Clone, Debug)]
pub struct NodeCommand {
    node: Node,
    words: Vec<String>,
    /// The words as a person can type them.
    reach: String,
    directory: String,
    limit: Duration,
}

/// What a node says to a bundle.
#[derive(Debug)]
pub enum Offered {
    /// It has it in use.
    Taken(ActivationAnswer),
    /// Its etcd must not run on the data there: what is missing, and what to say of it.
    Refused(Missing, Failure),
    /// It has another bundle, with a number that is not below: which, and what to say of it.
    Older(ActiveBundle, Failure),
    /// It has newer revocation lists: which, and what to say of it.
    OlderLists(ListsInUse, Failure),
}

impl NodeCommand {
    /// Fills in the command for a node; nothing if none leads to it.
    pub fn new(settings: &AccessSettings, node: &Node) -> Option<Self> {
        let words = settings.command(node)?;
        let quoted: Vec<String> = words.iter().map(|word| report::shell_quoted(word)).collect();
        Some(Self {
            reach: quoted.join(" "),
            words,
            directory: settings.node_directory(node),
            limit: settings.limit,
            node: node.clone(),
        })
    }

    /// Has the node activate a bundle that is not sealed. `root` is whom it believes, if it is its first.
    pub fn activate(&self, bundle: &[u8], root: Fingerprint) -> Result<Offered> {
        let root = root.to_string();
        let arguments = ["activate", "-", "--format", "json", "--root-fingerprint", &root];
        let finished = self.call(&arguments, "--node-dir", &self.directory, bundle, self.limit)?;
        let refused = || self.called("activate").failed(&finished);
        match Refusal::parse(&finished.stdout).filter(|_| finished.code != Some(0)) {
            Some(Refusal::VersionRefused { missing }) => Ok(Offered::Refused(missing, refused())),
            Some(Refusal::Older(active)) => Ok(Offered::Older(active, refused())),
            Some(Refusal::OlderLists(in_use)) => Ok(Offered::OlderLists(in_use, refused())),
            None => self.answer(&self.ended_well(&arguments, finished)?).map(Offered::Taken),
        }
    }

    /// Has the node go back to what it had before it activated the bundle of this answer, and returns whether
    /// that was anything.
    pub fn rollback(&self, activated: &ActivationAnswer) -> Result<bool> {
        let Some(previous) = activated.previous.filter(|_| activated.result != Change::Unchanged) else {
            return Ok(false);
        };
        let answer = self.activation(&["activate", "--rollback", "--format", "json"], &[])?;
        if answer.generation == previous {
            return Ok(true);
        }
        Err(Failure::bad_input(format!("{} has gone back to another generation", self.name()))
            .because(format!("generation {} is in use there, and {previous} was before", answer.generation))
            .next(format!("look at pki/ in {} on {}", self.directory, self.name())))
    }

    /// Has the node make new keys, and returns its requests for their certificates.
    pub fn request_with_new_keys(&self, key: KeyAlgorithm) -> Result<RequestFile> {
        let node = self.node.name.full();
        let arguments = ["pki", "csr", "--new-keys", "--key", key.as_str(), "--node", node];
        let output = self.run(&arguments, "--node-dir", &self.directory, &[], self.limit)?;
        let file = RequestFile::read(output.as_slice())
            .map_err(|error| self.called("pki csr").no_answer(&error.to_string(), &output))?;
        if file.node == self.node.name.full() {
            return Ok(file);
        }
        Err(self.called("pki csr").no_answer("its requests are those of another node", &output))
    }

    /// Has the member of the node restarted, and returns what the node tells of it.
    pub fn restart(&self) -> Result<RestartedMember> {
        let config = format!("{}/node.json", self.directory);
        let limit = self.limit + RESTART_TAKES_AT_MOST;
        let output = self.run(&["restart", "--format", "json"], "--config", &config, &[], limit)?;
        foreign_text::json(&output).map_err(|error| {
            self.called("restart").no_answer(&format!("it is not the JSON of a restart: {error}"), &output)
        })
    }

    /// Refuses a member that would not start again, or that the others cannot do without, as the node itself
    /// says. One with an older zone-etcd does
    /// not know the question.
    pub fn refuse_restart(&self) -> Result<()> {
        let config = format!("{}/node.json", self.directory);
        let limit = self.limit + GATES_TAKE_AT_MOST;
        let asked = self.run(&["restart", "--format", "json", "--dry-run"], "--config", &config, &[], limit);
        match asked {
            Err(failure) if failure.exit == Exit::Usage => {
                report::message(&format!(
                    "{0} runs an older zone-etcd, which does not say before a restart whether the member of \
                     {0} would start again",
                    self.name()
                ));
                Ok(())
            }
            answer => answer.map(drop),
        }
    }

    /// Asks the node whether there is room for the restored data of a database of this size, in bytes.
    pub fn room_for_restored(&self, database: u64) -> Result<RestoreRoom> {
        let (size, config) = (database.to_string(), format!("{}/node.json", self.directory));
        let arguments = ["snapshot", "restore", "--room-for", &size, "--format", "json"];
        let output = self.run(&arguments, "--config", &config, &[], self.limit)?;
        foreign_text::json(&output).map_err(|error| {
            self.called("snapshot restore")
                .no_answer(&format!("it is not the JSON of a room: {error}"), &output)
        })
    }

    /// Has the node make the data of a snapshot beside its own, of the database that is handed on to it.
    pub fn stage_restored(&self, database: &mut dyn Read) -> Result<RestoredNode> {
        let input = Input::Stream { from: database, after: self.limit + RESTORE_TAKES_AT_MOST };
        self.restored("--stage", input, self.limit)
    }

    /// Has the node use it.
    pub fn put_restored_in_place(&self) -> Result<RestoredNode> {
        self.restored("--staged", Input::Bytes(&[]), self.limit + RESTART_TAKES_AT_MOST)
    }

    #[tracing::instrument(skip_all, name = "call node", fields(node = self.name()))]
    fn restored(&self, what: &str, input: Input<'_>, limit: Duration) -> Result<RestoredNode> {
        let config = format!("{}/node.json", self.directory);
        let arguments = ["snapshot", "restore", "-", what, "--format", "json", "--config", &config];
        let mut words = self.words.clone();
        words.extend(arguments.map(str::to_owned));
        let called = self.called("snapshot restore");
        let finished = process::run(&words, input, limit).map_err(|error| called.not_run(&error))?;
        let output = self.ended_well(&["snapshot restore"], finished)?;
        let answer: RestoredNode = foreign_text::json(&output).map_err(|error| {
            called.no_answer(&format!("it is not the JSON of a restore: {error}"), &output)
        })?;
        match answer.node == self.name() {
            true => Ok(answer),
            false => Err(called.no_answer("it is the answer of another node", &output)),
        }
    }

    /// How far the log of its member has come.
    pub fn recover_log(&self) -> Result<LogReport> {
        let config = format!("{}/node.json", self.directory);
        let arguments = ["recover", "log", "--format", "json"];
        let output = self.run(&arguments, "--config", &config, &[], self.limit)?;
        let report: LogReport = foreign_text::json(&output)
            .map_err(|error| self.called("recover log").no_answer(&error.to_string(), &output))?;
        match report.node == self.node.name.full() {
            true => Ok(report),
            false => Err(self.called("recover log").no_answer("it is the log of another node", &output)),
        }
    }

    /// Has all that the log of its member holds sent, which `write` gets. Its member is stopped for it.
    pub fn recover_salvage(
        &self,
        limit: Duration,
        write: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<SalvageReport> {
        let (timeout, called) = (seconds(limit), self.called("recover salvage"));
        let words = self.words_of(&["recover", "salvage", "--out", "-", "--timeout", &timeout]);
        let mut report = Vec::new();
        let mut is_told = false;
        let mut failure = None;
        let mut take = |bytes: &[u8]| {
            let mut rest = bytes;
            if !is_told {
                let line = rest.iter().position(|byte| *byte == b'\n');
                let (first, others) = rest.split_at(line.map_or(rest.len(), |end| end + 1));
                report.extend_from_slice(first);
                (is_told, rest) = (line.is_some(), others);
            }
            let is_taken = report.len() <= REPORT_AT_MOST;
            is_taken && write(rest).map_err(|error| failure = Some(error)).is_ok()
        };
        let finished = process::stream(&words, limit + self.limit, &mut take);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let finished = finished.map_err(|error| called.not_run(&error))?;
        self.ended_well(&["recover salvage"], finished)?;
        foreign_text::json(&report).map_err(|error| called.no_answer(&error.to_string(), &report))
    }

    /// The same for a try: nothing is stopped there, and nothing left.
    pub fn rehearse_salvage(&self, limit: Duration) -> Result<SalvageReport> {
        let (timeout, config) = (seconds(limit), format!("{}/node.json", self.directory));
        let arguments = ["recover", "salvage", "--rehearse", "--format", "json", "--timeout", &timeout];
        let output = self.run(&arguments, "--config", &config, &[], limit + self.limit)?;
        foreign_text::json(&output)
            .map_err(|error| self.called("recover salvage").no_answer(&error.to_string(), &output))
    }

    fn words_of(&self, arguments: &[&str]) -> Vec<String> {
        let config = format!("{}/node.json", self.directory);
        let ours = arguments.iter().copied().chain(["--config", &config]).map(str::to_owned);
        self.words.iter().cloned().chain(ours).collect()
    }

    fn activation(&self, arguments: &[&str], input: &[u8]) -> Result<ActivationAnswer> {
        let output = self.run(arguments, "--node-dir", &self.directory, input, self.limit)?;
        self.answer(&output)
    }

    fn answer(&self, output: &[u8]) -> Result<ActivationAnswer> {
        let answer = ActivationAnswer::parse(output).and_then(|answer| {
            answer.check_node(&self.node)?;
            Ok(answer)
        });
        answer.map_err(|why| self.called("activate").no_answer(&why, output))
    }

    /// What it writes to standard output, if it ends well. What it says beside that is told with the node's
    /// name.
    fn run(
        &self,
        arguments: &[&str],
        place_option: &str,
        place: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<Vec<u8>> {
        let finished = self.call(arguments, place_option, place, input, limit)?;
        self.ended_well(arguments, finished)
    }

    #[tracing::instrument(skip_all, name = "call node", fields(node = self.name()))]
    fn call(
        &self,
        arguments: &[&str],
        place_option: &str,
        place: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<Finished> {
        let mut words = self.words.clone();
        words.extend(arguments.iter().chain(&[place_option, place]).map(|word| (*word).to_owned()));
        let called = self.called(arguments.first().copied().unwrap_or_default());
        process::run(&words, Input::Bytes(input), limit).map_err(|error| called.not_run(&error))
    }

    fn ended_well(&self, arguments: &[&str], finished: Finished) -> Result<Vec<u8>> {
        if finished.code != Some(0) {
            return Err(self.called(arguments.first().copied().unwrap_or_default()).failed(&finished));
        }
        for line in lines(&finished.stderr) {
            report::message(&format!("{}: {line}", self.name()));
        }
        Ok(finished.stdout)
    }

    fn called<'c>(&'c self, command: &'c str) -> Called<'c> {
        Called { node: self.name(), reach: &self.reach, command }
    }

    fn name(&self) -> &str {
        self.node.name.short()
    }
}

/// As an option takes it.
fn seconds(limit: Duration) -> String {
    format!("{}s", limit.as_secs().max(1))
}
