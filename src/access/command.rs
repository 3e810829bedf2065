//! `zone-etcd`, run on a node by the command of `[access]`.

use std::time::Duration;

use zone_pki::KeyAlgorithm;

use super::answer::ActivationAnswer;
use super::process::{self, Finished};
use super::remote_failure::{Called, lines};
use crate::activation::{ActiveBundle, Change, Fingerprint, ListsInUse, Missing, Refusal};
use crate::config::{AccessSettings, Node};
use crate::error::{Exit, Failure, Result};
use crate::others;
use crate::report;
use crate::requests::RequestFile;
use crate::rolling::RestartedMember;

/// A member that is started anew may have to catch up before it is back.
const RESTART_TAKES_AT_MOST: Duration = Duration::from_secs(300);

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
    /// Fills in the command for a node.
    pub fn new(settings: &AccessSettings, node: &Node) -> Self {
        let words = settings.command(node);
        let quoted: Vec<String> = words.iter().map(|word| report::shell_quoted(word)).collect();
        Self {
            reach: quoted.join(" "),
            words,
            directory: settings.node_directory(node),
            limit: settings.limit,
            node: node.clone(),
        }
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

    /// Has the node go back to what it had before it activated the bundle of this answer, and returns whether that was anything.
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

    /// Has the member of the node started anew, and returns what the node tells of it.
    pub fn restart(&self) -> Result<RestartedMember> {
        let config = format!("{}/node.json", self.directory);
        let limit = self.limit + RESTART_TAKES_AT_MOST;
        let output = self.run(&["restart", "--format", "json"], "--config", &config, &[], limit)?;
        others::json(&output).map_err(|error| {
            self.called("restart").no_answer(&format!("it is not the JSON of a restart: {error}"), &output)
        })
    }

    /// Refuses a member that would not start again, as the node itself says. One with an older zone-etcd does not know the question.
    pub fn refuse_restart(&self) -> Result<()> {
        let config = format!("{}/node.json", self.directory);
        let asked =
            self.run(&["restart", "--format", "json", "--dry-run"], "--config", &config, &[], self.limit);
        match asked {
            Err(failure) if failure.exit == Exit::Usage => {
                report::message(&format!(
                    "{0} runs an older zone-etcd, which does not say before a restart whether the member of {0} would start again",
                    self.name()
                ));
                Ok(())
            }
            answer => answer.map(drop),
        }
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

    /// What it writes to standard output, if it ends well. What it says beside that is told with the node's name.
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
        process::run(&words, input, limit).map_err(|error| called.not_run(&error))
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
