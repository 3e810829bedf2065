//! The verdict on a start: `run` acts on it, `plan` and `check` report it, and no member is stopped before it
//! is known. All of them end with the same exit code, because all of them call what is here, in this order.

use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};
use time::OffsetDateTime;
use zone_pki::private_file;

use super::{FoundBinary, Launch, LaunchOptions, OwnPresence, Start, refuse_without_member};
use diagnosis::{Finding, Verdict, before_start, by_harm};
use etcd::BinaryRequest;
use host::PortFault;
use host::beside;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{DataDirectory, NodePaths};
use store::site::{Certificates, DEFAULT_CONFIG, Site};
use store::zone_directory::private_failure;

/// Who asks for a verdict without starting anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// `plan`, which may be typed on another machine than the node's: an address that is not here is a
    /// warning.
    Plan,
    Check,
    /// Whatever stops a member that runs. Its supervisor starts it again, without an operator to type a
    /// passphrase.
    Stop,
}

/// A start that `run` would not refuse.
#[derive(Debug)]
pub struct Foreseen<'z> {
    pub launch: Launch<'z>,
    pub start: Start,
}

/// What `run` would do for `node` now. Reads, and writes nothing; before a member is stopped, an etcd that is
/// packed into our own executable is unpacked. The lock of the node directory is not
/// needed, and what its holder listens on is free once it has ended: of a member that runs this is the
/// verdict on its next start.
///
/// # Errors
/// The refusal of `run`.
pub fn foresee<'z>(
    site: &'z Site,
    node: &'z Node,
    options: &LaunchOptions,
    foresight: Foresight,
    now: OffsetDateTime,
) -> Result<Foreseen<'z>> {
    refuse_without_member(node)?;
    let paths = site.node_paths(&node.name);
    if paths.root().exists() {
        refuse_open_directory(&paths)?;
    } else {
        refuse_unmakeable(paths.root())?;
    }
    // No member is stopped for an etcd that could not be unpacked afterwards.
    let binary = BinaryRequest { looks_only: foresight != Foresight::Stop, ..options.binary.clone() };
    let options = &LaunchOptions { binary, ..options.clone() };
    let found = FoundBinary::look_for(site, node, options)?;
    let certificates = site.certificates(node, now)?;
    let launch = Launch::prepare_with(found, site, node, certificates, options, now)?;
    let faults = launch.port_faults_after(foresight);
    let elsewhere = faults.iter().find(|fault| matches!(fault, PortFault::NotHere(_)));
    let elsewhere = elsewhere.filter(|_| foresight == Foresight::Plan).map(ToString::to_string);
    if elsewhere.is_none() {
        launch.refuse_ports(&faults)?;
    }
    launch.refuse_by_node_directory()?;
    let mut start = if launch.would_issue() {
        launch.refuse_unless_issuable(foresight, now)?;
        // Without certificates the others cannot be asked.
        launch.decide_now(false)?
    } else {
        launch.judge(node, now)?
    };
    if let Some(fault) = elsewhere {
        start
            .warnings
            .push(format!("{fault}: `run` is refused here, this is the plan for {}", launch.member.node));
    }
    Ok(Foreseen { launch, start })
}

impl Launch<'_> {
    /// Refuses what keeps the member from starting here whatever is issued for it. `run` holds the lock of
    /// the node directory.
    #[tracing::instrument(skip_all, level = "debug", name = "try ports and directories")]
    pub fn refuse_by_machine(&self) -> Result<()> {
        self.refuse_ports(&self.port_faults(None))?;
        self.refuse_by_node_directory()
    }

    /// Shows the other members that this one is about to start. Of certificates that do not allow that, it is
    /// said what is wrong.
    #[tracing::instrument(skip_all, name = "announce")]
    pub fn announce_judged(&self, node: &Node, now: OffsetDateTime) -> Result<OwnPresence> {
        self.announce().or_else(|failure| {
            refuse_what_cannot_work(&self.findings(node, now), node)?;
            Err(failure)
        })
    }

    /// Judges the certificates as they are on disk and asks the other members once, at the same time.
    fn judge(&self, node: &Node, now: OffsetDateTime) -> Result<Start> {
        let (findings, start) = std::thread::scope(|scope| {
            // Neither needs the other, and both take a millisecond or more.
            let findings = beside(scope, || self.findings(node, now));
            let start = self.decide_now(true);
            (findings.join(), start)
        });
        refuse_what_cannot_work(&findings, node)?;
        Ok(with_warnings(start?, &findings))
    }

    /// The same for a start that goes on: takes one step after the other until the member is to become etcd.
    /// Nothing is written before the certificates are judged.
    pub fn judge_and_proceed(
        &self,
        node: &Node,
        announced: &OwnPresence,
        now: OffsetDateTime,
    ) -> Result<Start> {
        if !self.has_others() {
            // There is nothing to do meanwhile.
            let findings = self.findings(node, now);
            refuse_what_cannot_work(&findings, node)?;
            return Ok(with_warnings(self.proceed_alone(now)?, &findings));
        }
        std::thread::scope(|scope| {
            let mut judging = Some(beside(scope, || self.findings(node, now)));
            let mut findings = Vec::new();
            let mut before_writing = || {
                if let Some(judging) = judging.take() {
                    findings = judging.join();
                }
                refuse_what_cannot_work(&findings, node)
            };
            let start = self.proceed(announced, &mut before_writing, now);
            before_writing()?;
            Ok(with_warnings(start?, &findings))
        })
    }

    #[tracing::instrument(skip_all, name = "judge certificates")]
    fn findings(&self, node: &Node, now: OffsetDateTime) -> Vec<Finding> {
        match self.certificates {
            Certificates::Issued { .. } => {
                before_start(self.site, node, &self.member, self.certificates.read(), now)
            }
            // What was made elsewhere has been judged as it was read.
            Certificates::Existing(_) | Certificates::Unverified => Vec::new(),
        }
    }

    fn refuse_by_node_directory(&self) -> Result<()> {
        if let Some(assessment) = self.certificates.issued() {
            let name = self.member.node.short();
            assessment.refuse_keys_elsewhere(format!(
                "start its member on {name}: zone-etcd run --config {DEFAULT_CONFIG}"
            ))?;
        }
        let generations = self.member.paths.generations();
        if self.would_issue() && generations.exists() {
            private_file::check_directory(&generations)
                .map_err(|error| private_failure(&generations, &error))?;
        }
        self.refuse_data_directory()
    }

    /// Refuses a data directory that others can look into, or in which this user cannot write.
    fn refuse_data_directory(&self) -> Result<()> {
        let data = self.member.paths.data();
        let is_put_aside = self.observed.said.set_aside && self.observed.disk.data != DataDirectory::Empty;
        if is_put_aside || !data.exists() {
            return Ok(());
        }
        private_file::check_directory(&data).map_err(|error| private_failure(&data, &error))?;
        refuse_unwritable(&data).map_err(|error| Failure::write(&data, &error))
    }
}

/// Refuses a node directory that is not private.
pub(super) fn refuse_open_directory(paths: &NodePaths) -> Result<()> {
    private_file::check_directory(paths.root()).map_err(|error| private_failure(paths.root(), &error))
}

/// Refuses a node directory that `run` could not make.
fn refuse_unmakeable(root: &Path) -> Result<()> {
    let Some(above) = root.ancestors().skip(1).find(|path| path.exists()) else { return Ok(()) };
    refuse_unwritable(above).map_err(|error| Failure::write(root, &error))
}

/// Whether this user can write there. A restart by root acts as the owner of the directory, which access(2)
/// would not see.
fn refuse_unwritable(directory: &Path) -> std::io::Result<()> {
    Ok(faccessat(AT_FDCWD, directory, AccessFlags::W_OK, AtFlags::AT_EACCESS)?)
}

fn with_warnings(mut start: Start, findings: &[Finding]) -> Start {
    let warnings = findings.iter().filter(|finding| finding.verdict == Verdict::Warning);
    let warnings = warnings.map(|finding| format!("{}: {}", finding.subject, finding.found));
    start.warnings = warnings.chain(std::mem::take(&mut start.warnings)).collect();
    start
}

/// Refuses a start that cannot work, with everything that was found as its cause.
fn refuse_what_cannot_work(findings: &[Finding], node: &Node) -> Result<()> {
    let name = node.name.short();
    let failed: Vec<&Finding> =
        by_harm(findings).into_iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    let mut failure = Failure::new(Exit::BadInput, format!("{name} could not work with its certificates"));
    failure.causes = failed.iter().map(|finding| format!("{}: {}", finding.subject, finding.found)).collect();
    Err(match &first.remedy {
        Some(remedy) => failure.next(remedy.clone()),
        None => failure.next(format!("see zone-etcd check --node {name}")),
    })
}
