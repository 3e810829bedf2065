//! The data of all members, replaced by that of a snapshot: a new cluster with the data of an old one.
//!
//! How far it is, `ca/restored.json` and the disks of the nodes tell. The same command goes on.
//!
//! | module | what it holds |
//! |---|---|
//! | `epoch` | what the zone becomes: its token, its ids, by how much revisions are raised |
//! | `gates` | what has to be so before |
//! | [`node`] | one node, where its directory is |
//! | `spread` | the nodes, by whatever way they are reached |
//! | `verification` | all members serve the same |

mod epoch;
mod gates;
pub mod node;
mod spread;
mod verification;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::ShowPath;

pub use gates::RestoreWords;
pub use node::{put_in_place_here, room_here, stage_here};
pub use spread::Carried;
pub use verification::Seen;

pub use crate::restored_node::{NodeRestoreState, RestoreRoom, RestoredNode};

use crate::operation::Operation;
use crate::runbook::{ListedStep, Runbook, StepKind};
use crate::transport::NodeTransport;
use live::LiveZone;
use model::config::{Edit, Node};
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::report;
use store::bundle::Identity;
use store::site::Site;
use store::snapshot::{Checked, SnapshotFault};
use store::zone_directory::{ZoneDirectory, describe, described, read_restored, record_restored};

/// What is restored, and how.
#[derive(Clone, Copy)]
pub struct RestoreRequest<'r> {
    /// The snapshot, read to its end.
    pub snapshot: &'r Checked,
    /// What opens it, if it is sealed.
    pub identity: Option<&'r Identity>,
    /// How `zone.toml` is changed for it: what [`leave_out`] has returned.
    pub edit: Option<&'r Edit>,
    /// Where bundles go for nodes that are not reached.
    pub carried: Option<&'r Carried<'r>>,
    /// An etcd for nodes whose directory is here, instead of the bundled one.
    pub etcd: Option<&'r PathBuf>,
    /// The command that goes on where this one ends.
    pub again: &'r str,
    /// What the operator has said.
    pub words: RestoreWords,
}

/// A restore that is under way.
///
/// ```text
/// let live = Observer::new(&site).observe()?;            also those that are left out: they must not run
/// let edit = leave_out(&mut site, &names)?;              zone.toml as it will be
/// let mut operation = Operation::with(None, &site, …);   no quorum, so no lock
/// let mut restoration = Restoration::new(&mut operation, zone, request, &live, now)?;
/// restoration.pass_gates(&mut gates, &live)?;
/// restoration.run()?;
/// ```
pub struct Restoration<'r, 'o> {
    operation: &'r mut Operation<'o>,
    zone: &'o ZoneDirectory,
    snapshot: &'r Checked,
    identity: Option<&'r Identity>,
    edit: Option<&'r Edit>,
    carried: Option<&'r Carried<'r>>,
    etcd: Option<&'r PathBuf>,
    again: &'r str,
    words: RestoreWords,
    /// What the zone directory has recorded of it, or of the one before it.
    recorded: Option<RestoredEpoch>,
    /// What the zone becomes.
    pub epoch: RestoredEpoch,
    /// Whether it was not under way before.
    pub is_new: bool,
    /// What became of the nodes that were reached, by short name.
    pub nodes: BTreeMap<String, RestoredNode>,
    /// What was seen in the end.
    pub seen: Option<Seen>,
}

/// One of the steps. What one finds done, it leaves as it is.
#[derive(Clone, Debug)]
pub enum Step<'n> {
    /// `zone.toml` says who is left out.
    Describe(&'n Edit),
    /// The zone is another cluster from here on: its token, and no right to bootstrap it.
    Begin,
    /// A node makes the restored data beside what it has.
    Stage(Node),
    /// All that are reached have it.
    AllStaged,
    /// Its member is stopped, and the restored data takes the place of what it has.
    PutInPlace(Node),
    /// Files are carried to these.
    Carry(Vec<Node>),
    /// All serve the same.
    Verify,
}

/// Takes nodes out of the description of a zone, as `site` has it in memory, and returns what is to be
/// written.
///
/// # Errors
/// There is no such member, none would be left, or `zone.toml` has no place for it.
pub fn leave_out(site: &mut Site, names: &[String]) -> Result<Option<Edit>> {
    let Site::Zone(zone) = site else { return Ok(None) };
    let mut edits = Vec::new();
    for name in names {
        let node = zone.node(name)?;
        if node.member {
            edits.push(Edit::Member { node: node.name.full().to_owned(), is_member: false });
        }
    }
    let full = |edit: &Edit| matches!(edit, Edit::Member { .. });
    if edits.iter().filter(|edit| full(edit)).count() == zone.config.members().count() {
        return Err(Failure::new(Exit::Usage, "no member would be left to restore")
            .next("leave out those alone whose machines are gone"));
    }
    let edit = (!edits.is_empty()).then_some(Edit::All(edits));
    if let Some(edit) = &edit {
        zone.config = described(zone, edit)?;
    }
    Ok(edit)
}

impl<'r, 'o> Restoration<'r, 'o> {
    /// Plans a restore, or goes on with the one that is under way. Nothing is changed.
    ///
    /// # Errors
    /// The snapshot is not as it should be (exit 65), or what is here cannot be read.
    pub fn new(
        operation: &'r mut Operation<'o>,
        zone: &'o ZoneDirectory,
        request: RestoreRequest<'r>,
        live: &LiveZone,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let RestoreRequest { snapshot, identity, edit, carried, etcd, again, words } = request;
        let is_fault = |fault: &&SnapshotFault| !matches!(fault, SnapshotFault::NoManifest(_));
        if let Some(fault) = snapshot.faults.iter().find(is_fault) {
            let what = format!("{} is not restored", snapshot.paths.file.shown());
            return Err(Failure::bad_input(what)
                .because(fault)
                .next("use another snapshot, or another copy"));
        }
        let planned = epoch::plan(zone, snapshot, live, now)?;
        Ok(Self {
            operation,
            zone,
            snapshot,
            identity,
            edit,
            carried,
            etcd,
            again,
            words,
            recorded: planned.before,
            epoch: planned.epoch,
            is_new: planned.is_new,
            nodes: BTreeMap::new(),
            seen: None,
        })
    }

    /// The nodes that get the data.
    fn nodes(&self) -> impl Iterator<Item = &'o Node> {
        let epoch = self.epoch.clone();
        self.zone.config.members().filter(move |node| epoch.member(node.name.full()).is_some())
    }

    fn begin(&mut self) -> Result<()> {
        if self.is_new {
            self.record()?;
            self.is_new = false;
            let RestoredEpoch { cluster_id, snapshot, .. } = &self.epoch;
            report::message(&format!(
                "{} is cluster {cluster_id} from now on, with the data of {}",
                self.zone.config.name, snapshot.name
            ));
        }
        // A reader of the file is to find the token that is used.
        if self.zone.config.etcd.token.as_ref().is_some_and(|token| *token != self.epoch.token) {
            describe(self.zone, &Edit::Token(self.epoch.token.clone()))?;
        }
        Ok(())
    }

    /// From here on data is replaced. What has come back meanwhile may have been written to.
    fn all_staged(&mut self) -> Result<()> {
        let live = self.operation.observer.observe()?;
        self.refuse_quorum(&live)?;
        self.refuse_others(&live)?;
        if self.epoch.staged_at.is_none() {
            self.epoch.staged_at = Some(zone_pki::whole_seconds(OffsetDateTime::now_utc()));
            self.record()?;
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        self.seen = Some(self.verify()?);
        self.epoch.completed_at = Some(zone_pki::whole_seconds(OffsetDateTime::now_utc()));
        self.record()
    }

    /// Records it, unless another command has recorded anything since this one has looked.
    fn record(&mut self) -> Result<()> {
        let held = self.zone.lock()?;
        if read_restored(&self.zone.paths)? != self.recorded {
            return Err(other_restore());
        }
        record_restored(self.zone, &held, &self.epoch)?;
        self.recorded = Some(self.epoch.clone());
        Ok(())
    }

    /// Refuses to go on where another restore has begun since.
    fn still_ours(&self) -> Result<()> {
        let found = read_restored(&self.zone.paths)?;
        match found.is_some_and(|found| found.token == self.epoch.token) {
            true => Ok(()),
            false => Err(other_restore()),
        }
    }
}

fn other_restore() -> Failure {
    Failure::new(Exit::TryAgain, "another command restores the zone, or has restored it")
        .because("what it has made of the zone would be undone")
        .next("let it finish; then see how the zone is: zone-etcd status")
}

impl<'r> Runbook for Restoration<'r, '_> {
    type Step = Step<'r>;

    const DOING: &'static str = "restoring";

    fn steps(&self) -> Result<Vec<Step<'r>>> {
        let mut steps: Vec<Step<'r>> = self.edit.map(Step::Describe).into_iter().collect();
        steps.push(Step::Begin);
        let is_carried = |node: &&Node| matches!(self.way_to(node), NodeTransport::Offline);
        let (by_hand, reached): (Vec<&Node>, Vec<&Node>) = self.nodes().partition(is_carried);
        steps.extend(reached.iter().map(|node| Step::Stage((*node).clone())));
        steps.push(Step::AllStaged);
        steps.extend(reached.iter().map(|node| Step::PutInPlace((*node).clone())));
        if !by_hand.is_empty() {
            steps.push(Step::Carry(by_hand.into_iter().cloned().collect()));
        }
        steps.push(Step::Verify);
        Ok(steps)
    }

    fn list(&self, step: &Step<'r>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let RestoredEpoch { epoch, cluster_id, snapshot, bump_revision, .. } = &self.epoch;
        Ok(match step {
            Step::Describe(edit) => vec![ListedStep::new(StepKind::Change, format!("zone.toml: {edit}"))],
            Step::Begin => {
                let what = match self.is_new {
                    // Its ids follow from a token that is drawn when it begins.
                    true => format!(
                        "restore {epoch} of the zone begins: another token, another cluster; revisions go on \
                         at {}",
                        self.epoch.first_revision()
                    ),
                    false => format!("restore {epoch} of the zone, cluster {cluster_id}, is gone on with"),
                };
                vec![ListedStep::new(StepKind::Change, what)]
            }
            Step::Stage(node) => {
                let what = format!("{} restored beside its data, revisions + {bump_revision}", snapshot.name);
                vec![ListedStep::new(StepKind::Deliver, what).on(node, live)]
            }
            Step::AllStaged => Vec::new(),
            Step::PutInPlace(node) => {
                let what = "its member is stopped, its data set aside, the restored data put in its place";
                vec![ListedStep::new(StepKind::Restart, what).on(node, live)]
            }
            Step::Carry(nodes) => {
                let what = "a bundle is written, to be carried there with the snapshot";
                nodes.iter().map(|node| ListedStep::new(StepKind::Deliver, what).on(node, live)).collect()
            }
            Step::Verify => {
                let what = "every member is started, reads through the quorum, and holds the same data";
                vec![ListedStep::new(StepKind::Verify, what)]
            }
        })
    }

    fn carry_out(&mut self, step: Step<'r>) -> Result<ControlFlow<()>> {
        match step {
            Step::Describe(edit) => {
                describe(self.zone, edit)?;
                report::message(&format!("zone.toml: {edit}; as it was: zone.toml.old-N"));
            }
            Step::Begin => self.begin()?,
            Step::Stage(node) => self.stage(&node)?,
            Step::AllStaged => self.all_staged()?,
            Step::PutInPlace(node) => self.put_in_place(&node)?,
            Step::Carry(nodes) => self.carry(&nodes)?,
            Step::Verify => self.complete()?,
        }
        Ok(ControlFlow::Continue(()))
    }
}
