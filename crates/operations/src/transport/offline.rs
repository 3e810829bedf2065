//! Nodes to which people carry files: their bundles are written to a directory, and what the nodes answer is
//! read from there.

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{ShowPath, regular_file};

use super::answer::ActivationAnswer;
use super::delivery::Delivery;
use super::names_etcd;
use crate::restarted::RestartedMember;
use launch::activation::Fingerprint;
use model::config::{Node, NodeName};
use model::error::{Exit, Failure, Result};
use model::foreign_text;
use model::formats::LearnedFrom;
use model::plan::directory_there;
use model::report::shell_quoted;
use store::bundle::{BundleDirectory, BundleHistory, BundleRecord, Sealing, proposed_activate};
use store::zone_directory::{HeldAuthorities, ZoneDirectory, document_signer_certificate};

/// Answers are far smaller.
const ANSWER_AT_MOST: u64 = 1 << 20;

/// The bundle of a node in the directory, and how far it has come.
#[derive(Debug)]
pub struct CarriedBundle {
    /// The node.
    pub node: NodeName,
    /// Its bundle.
    pub file: PathBuf,
    /// Where its answer is to be.
    pub answer: PathBuf,
    /// The number of the bundle.
    pub sequence: u64,
    /// How far it has come.
    pub state: AnswerState,
    /// What a person types on the node, where both files are in the working directory.
    pub line: String,
}

/// How far a bundle has come that is carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum AnswerState {
    /// There is no answer.
    Open,
    /// The node has it in use.
    Done {
        /// Why its member has to be restarted; empty if it need not.
        restart_reasons: Vec<String>,
    },
    /// There is an answer of something else.
    Wrong {
        /// What it is.
        why: String,
    },
}

/// Writes the bundles of these nodes, sealed as `seal` says, each with what the zone has for it now. Those
/// that were revoked get none.
pub(crate) fn write_bundles<'s>(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    nodes: &[&Node],
    out: &Path,
    seal: impl Fn(&Node) -> Result<Sealing<'s>>,
    now: OffsetDateTime,
) -> Result<Vec<CarriedBundle>> {
    let mut delivery = Delivery::new(zone, authorities, now)?;
    let directory = BundleDirectory::open(out)?;
    let root = Fingerprint::of(document_signer_certificate(zone, authorities)?);
    let written = nodes.iter().filter_map(|node| {
        let record = seal(node).and_then(|seal| delivery.write(node, &directory, &seal)).transpose()?;
        Some(record.map(|record| CarriedBundle::new(zone, node, &directory, &record, root)))
    });
    written.collect()
}

/// Looks at what the nodes have answered whose bundles are in the directory, by the latest bundle of each.
pub fn read_answers(
    zone: &ZoneDirectory,
    nodes: &[&Node],
    out: &Path,
    now: OffsetDateTime,
) -> Result<Vec<CarriedBundle>> {
    if !out.is_dir() {
        return Err(Failure::new(Exit::MissingInput, format!("there is no directory {}", out.shown()))
            .next("name the one that the bundles were written to, or leave --continue out to write them"));
    }
    let held = zone.lock()?;
    let authorities = held.authorities(now)?;
    let history = BundleHistory::load(&zone.paths, &held)?;
    let root = Fingerprint::of(document_signer_certificate(zone, &authorities)?);
    let directory = BundleDirectory::open(out)?;
    let mut bundles = Vec::new();
    for node in nodes {
        let latest = history.node(node.name.full()).filter(|_| directory.file(&node.name).exists());
        let Some(record) = latest.map(|history| &history.latest) else { continue };
        let mut bundle = CarriedBundle::new(zone, node, &directory, record, root);
        bundle.state = match state_of(&bundle.answer, node, record)? {
            (state, Some(answer)) => {
                answer.record_recipient(zone, &held, node, LearnedFrom::File);
                state
            }
            (state, None) => state,
        };
        bundles.push(bundle);
    }
    if !bundles.is_empty() {
        return Ok(bundles);
    }
    Err(Failure::new(Exit::MissingInput, format!("{} has no bundle of these nodes", out.shown()))
        .next("leave --continue out, and they are written there"))
}

impl CarriedBundle {
    fn new(
        zone: &ZoneDirectory,
        node: &Node,
        directory: &BundleDirectory,
        record: &BundleRecord,
        root: Fingerprint,
    ) -> Self {
        let answer = directory.path().join(format!("{}.answer", node.name.short()));
        Self {
            node: node.name.clone(),
            file: directory.file(&node.name),
            sequence: record.sequence,
            state: AnswerState::Open,
            line: line(node, record, root, &directory_there(&zone.config, node)),
            answer,
        }
    }

    /// What is to be told if there is another answer than one to this bundle.
    pub fn refusal(&self) -> Option<Failure> {
        let AnswerState::Wrong { why } = &self.state else { return None };
        let failure = Failure::bad_input(format!("{} is no answer to its bundle", self.answer.shown()));
        let name = self.node.short();
        Some(
            failure
                .because(why.clone())
                .next(format!("on {name}, see what this says, and carry its output back: {}", self.line)),
        )
    }

    /// Whether the node has its bundle in use.
    pub fn is_done(&self) -> bool {
        matches!(self.state, AnswerState::Done { .. })
    }
}

fn line(node: &Node, record: &BundleRecord, root: Fingerprint, place: &Path) -> String {
    // Afterwards a node knows the signer from what it has.
    let first = if record.sequence == 1 { format!(" --root-fingerprint {root}") } else { String::new() };
    let [bundle, answer] =
        ["bundle", "answer"].map(|end| shell_quoted(&format!("{}.{end}", node.name.short())));
    format!("{}{first} --format json > {answer}", proposed_activate(&bundle, record.seal, place))
}

/// How far a bundle is, and its node's answer if that is one.
fn state_of(
    answer: &Path,
    node: &Node,
    record: &BundleRecord,
) -> Result<(AnswerState, Option<ActivationAnswer>)> {
    let bytes = match regular_file::read_at_most(answer, ANSWER_AT_MOST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((AnswerState::Open, None)),
        Err(error) => return Err(Failure::read(answer, &error)),
    };
    let parsed = ActivationAnswer::parse(&bytes).and_then(|answer| answer.check_node(node).map(|()| answer));
    Ok(match parsed {
        // What it answered to the bundle before.
        Ok(answer) if answer.sequence < record.sequence => (AnswerState::Open, Some(answer)),
        Ok(answer) => match answer.check(node, record) {
            Ok(()) => (AnswerState::Done { restart_reasons: answer.restart_reasons.clone() }, Some(answer)),
            Err(why) => (AnswerState::Wrong { why }, None),
        },
        Err(why) => (AnswerState::Wrong { why }, None),
    })
}

/// What a node told of the restart of its member, if that was carried back: the JSON of `restart --format
/// json` in `NODE.restarted`. The inner error says why it is not valid.
pub fn read_restart(node: &Node, out: &Path) -> Result<Option<std::result::Result<RestartedMember, String>>> {
    let path = out.join(format!("{}.restarted", node.name.short()));
    let bytes = match regular_file::read_at_most(&path, ANSWER_AT_MOST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let parsed = foreign_text::json::<RestartedMember>(&bytes)
        .map_err(|error| format!("it is not the JSON of a restart: {error}"));
    Ok(Some(parsed.and_then(|restarted| match restarted.node == node.name.short() {
        true => Ok(restarted),
        false => Err("it is of another node".to_owned()),
    })))
}

/// A node cannot be reached from here.
pub(crate) fn no_command(zone: &ZoneDirectory, node: &Node) -> Failure {
    let name = node.name.short();
    if names_etcd(zone, node) {
        return Failure::new(Exit::Usage, format!("nothing runs a command on {name} from here"))
            .because("the zone's etcd has its bundles, and runs nothing there")
            .next(format!(
                "do it on {name}; or add a command to [access] in zone.toml: method = [\"etcd\", \"command\"]"
            ));
    }
    Failure::new(Exit::Usage, format!("nothing says how {name} is reached"))
        .because(format!("{} has no [access]", zone.paths.config().shown()))
        .next("add [access] with command = \"ssh root@{address} zone-etcd\"")
}
