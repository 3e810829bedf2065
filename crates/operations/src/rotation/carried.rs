//! A stage carried to the nodes in files, and their answers carried back.
//!
//! A node has come that far when it answers that its bundle is in use, and, where the process has to read its
//! CAs again, that it trusts those of the zone since its restart.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::Certificate;

use super::stage::Stage;
use crate::operation::Operation;
use crate::transport::offline::{AnswerState, CarriedBundle, read_answers, read_restart};
use live::TrustDifference;
use model::config::Node;
use model::error::{Failure, Result};
use model::plan::Plane;
use store::bundle::Sealing;
use store::zone_directory::{Authorities, ZoneDirectory};

/// The directory of the bundles and of the answers to them.
pub struct Carried<'c> {
    /// Where it is.
    pub directory: &'c Path,
    /// How the bundle of a node is sealed.
    pub seal: &'c dyn Fn(&Node) -> Result<Sealing<'c>>,
    /// Whether the answers of the first stage are taken into account.
    pub with_answers: bool,
    /// Is told how far each node is.
    pub tell: &'c mut dyn FnMut(&[Answered]) -> Result<()>,
}

/// How far a node is.
pub struct Answered {
    /// Its short name.
    pub node: String,
    /// The number of its bundle.
    pub sequence: u64,
    /// For people.
    pub state: String,
}

/// A bundle that is not in effect on its node.
pub struct PendingBundle {
    /// The bundle.
    pub bundle: CarriedBundle,
    /// Whether the member has to be restarted after it.
    pub restart: bool,
}

impl Carried<'_> {
    /// Writes the bundles of a stage that differ from those that are there. Returns those that are not known
    /// to be in effect on their nodes; none only if every node has answered that.
    pub(super) fn pending(
        &mut self,
        operation: &Operation<'_>,
        zone: &ZoneDirectory,
        stage: Stage,
    ) -> Result<Option<Vec<PendingBundle>>> {
        let nodes: Vec<&Node> = zone.config.nodes.iter().collect();
        // Also before answers are read: what was interrupted between a step and its bundles has answers to
        // those of the step before.
        let mut bundles = operation.write_bundles(&nodes, self.directory, self.seal)?;
        if bundles.is_empty() {
            let first = nodes.first().map_or("NODE", |node| node.name.short());
            let reinstate = zone.proposed(&format!("pki issue {first} --reinstate"));
            return Err(Failure::bad_input("no node gets a bundle: each of them was revoked")
                .next(format!("give each that is trusted another certificate first: {reinstate}")));
        }
        if std::mem::take(&mut self.with_answers) {
            bundles = self.unanswered(zone, stage, &nodes, OffsetDateTime::now_utc())?;
            if bundles.is_empty() {
                return Ok(None);
            }
        }
        let pending = |bundle: CarriedBundle| {
            let node = zone.config.node(bundle.node.short());
            let restart = needs_restart(stage) && node.is_some_and(|node| node.member);
            PendingBundle { bundle, restart }
        };
        Ok(Some(bundles.into_iter().map(pending).collect()))
    }

    fn unanswered(
        &mut self,
        zone: &ZoneDirectory,
        stage: Stage,
        nodes: &[&Node],
        now: OffsetDateTime,
    ) -> Result<Vec<CarriedBundle>> {
        let authorities = Authorities::load(&zone.paths, now)?;
        let (mut rows, mut open) = (Vec::new(), Vec::new());
        for bundle in read_answers(zone, nodes, self.directory, now)? {
            let node = zone.node(bundle.node.full())?;
            let state = match &bundle.state {
                AnswerState::Open => Err("open".to_owned()),
                AnswerState::Wrong { why } => Err(format!("wrong: {why}")),
                AnswerState::Done { .. } if node.member && needs_restart(stage) => {
                    restarted(node, &authorities, self.directory)?
                }
                AnswerState::Done { .. } => Ok("done".to_owned()),
            };
            let (Ok(text) | Err(text)) = &state;
            rows.push(Answered {
                node: node.name.short().to_owned(),
                sequence: bundle.sequence,
                state: text.clone(),
            });
            if state.is_err() {
                open.push(bundle);
            }
        }
        (self.tell)(&rows)?;
        match open.iter().find_map(CarriedBundle::refusal) {
            Some(failure) => Err(failure),
            None => Ok(open),
        }
    }
}

/// A process trusts what it read at its start.
fn needs_restart(stage: Stage) -> bool {
    stage != Stage::NewLeaves
}

/// Whether the process trusts what the zone does, by what the node told of its restart.
fn restarted(
    node: &Node,
    authorities: &Authorities,
    directory: &Path,
) -> Result<std::result::Result<String, String>> {
    let restarted = match read_restart(node, directory)? {
        None => return Ok(Err("in use; not restarted yet".to_owned())),
        Some(Err(why)) => return Ok(Err(format!("wrong: {why}"))),
        Some(Ok(restarted)) => restarted,
    };
    let trusts = |named: &Option<Vec<String>>, plane| {
        let (named, trusted) = (named.as_deref().unwrap_or_default(), authorities.trusted(plane));
        let is_of = |name: &String, ca: &Certificate| name == ca.subject();
        TrustDifference::between(named, &trusted, is_of, String::clone).is_none()
    };
    let after = &restarted.trusted_after;
    let is_done = trusts(&after.peer, Plane::Peer) && trusts(&after.client, Plane::Client);
    Ok(match is_done {
        true => Ok("done".to_owned()),
        false => Err("in use; restarted before that, and not since".to_owned()),
    })
}
