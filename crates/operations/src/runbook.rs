//! What an operation does, as a list of steps. `--dry-run` lists the very values that are carried out.

use std::ops::ControlFlow;

use serde::Serialize;

use live::LiveZone;
use model::config::Node;
use model::error::{Failure, Result};
use model::report::{Progress, Table, Unit};

/// An operation on a zone.
pub trait Runbook {
    /// What is carried out at once.
    type Step;

    /// What all of it does, as a participle.
    const DOING: &'static str;

    /// What its steps are counted in.
    const UNIT: Unit = Unit::Steps;

    /// How much of that a step is.
    fn extent(_step: &Self::Step) -> usize {
        1
    }

    /// What is to be done, in this order, as far as it can be told now.
    ///
    /// # Errors
    /// It cannot be told.
    fn steps(&self) -> Result<Vec<Self::Step>>;

    /// What a step does, for `--dry-run`: each line on one node or holder. Nothing is changed.
    ///
    /// # Errors
    /// It cannot be told.
    fn list(&self, step: &Self::Step, live: &LiveZone) -> Result<Vec<ListedStep>>;

    /// Does it. A break ends the operation there, and it is done as far as can be.
    ///
    /// # Errors
    /// The first thing that is in the way.
    fn carry_out(&mut self, step: Self::Step) -> Result<ControlFlow<()>>;

    /// Does all of it.
    ///
    /// # Errors
    /// Those of the steps; those after it are not taken.
    fn run(&mut self) -> Result<()> {
        let steps = self.steps()?;
        let all = steps.iter().map(Self::extent).sum::<usize>();
        // One that is all there is shows by itself how far it is.
        let progress = (all > 1).then(|| Progress::begin(Self::DOING, Self::UNIT, all as u64));
        for step in steps {
            let extent = Self::extent(&step);
            if self.carry_out(step)?.is_break() {
                break;
            }
            progress.iter().for_each(|progress| progress.add(extent as u64));
        }
        Ok(())
    }
}

/// What a step does on one node, for a program. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedStep {
    /// What kind of step it is.
    pub step: StepKind,
    /// The short name of the node, or `client/NAME`; none where it is the zone's.
    pub node: Option<String>,
    /// The id of the node's member, if the cluster has it.
    pub member_id: Option<String>,
    /// Whether the member is restarted.
    pub restarts: bool,
    /// What is done, as text for the operator.
    pub what: String,
}

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The zone directory is changed: CAs, certificates, lists.
    Change,
    /// The cluster is told something: a member leaves, or has moved.
    Cluster,
    /// A node gets what the zone has for it.
    Deliver,
    /// A member is restarted.
    Restart,
    /// A member rewrites its database file.
    Defragment,
    /// The members are asked whether it is in effect.
    Verify,
}

impl ListedStep {
    /// Of the zone.
    pub fn new(step: StepKind, what: impl Into<String>) -> Self {
        let restarts = step == StepKind::Restart;
        Self { step, node: None, member_id: None, restarts, what: what.into() }
    }

    /// Of a node.
    pub fn on(self, node: &Node, live: &LiveZone) -> Self {
        let is_meant = |name: &&_| *name == &node.name;
        let member = live.members.iter().find(|member| member.node.as_ref().filter(is_meant).is_some());
        let member_id = member.and_then(|member| member.id()).map(|id| id.to_string());
        Self { node: Some(node.name.short().to_owned()), member_id, ..self }
    }

    /// Of a client.
    pub fn of(self, holder: String) -> Self {
        Self { node: Some(holder), ..self }
    }

    fn kind(&self) -> &'static str {
        match self.step {
            StepKind::Change => "change",
            StepKind::Cluster => "cluster",
            StepKind::Deliver => "deliver",
            StepKind::Restart => "restart",
            StepKind::Defragment => "defragment",
            StepKind::Verify => "verify",
        }
    }
}

/// What has to be so before the first step. A real run ends at the first gate that is closed; a dry run goes
/// on and tells of all.
#[derive(Debug)]
pub struct Gates {
    is_dry_run: bool,
    gates: Vec<ListedGate>,
    refusal: Option<Failure>,
}

/// A gate, for a program. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedGate {
    /// What has to be so.
    pub gate: &'static str,
    /// The short name of the node that it concerns, if it is one.
    pub node: Option<String>,
    /// Whether it is.
    pub open: bool,
    /// Why not, or what was seen.
    pub what: Option<String>,
}

impl Gates {
    /// None were passed yet.
    pub fn new(is_dry_run: bool) -> Self {
        Self { is_dry_run, gates: Vec::new(), refusal: None }
    }

    /// Whether nothing is to be changed.
    pub fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// Passes a gate of the whole zone.
    ///
    /// # Errors
    /// It is closed; none in a dry run.
    pub fn pass(&mut self, gate: &'static str, judged: Result<()>) -> Result<()> {
        self.add(gate, None, judged.map(|()| None))
    }

    /// Passes a gate of one node or holder; what was seen is told.
    ///
    /// # Errors
    /// As [`pass`](Self::pass).
    pub fn pass_of(&mut self, gate: &'static str, node: &str, judged: Result<Option<String>>) -> Result<()> {
        self.add(gate, Some(node.to_owned()), judged)
    }

    /// The first gate that is closed, where a dry run has nothing to list.
    ///
    /// # Errors
    /// It is closed.
    pub fn ended(self) -> Result<()> {
        self.refusal.map_or(Ok(()), Err)
    }

    fn add(
        &mut self,
        gate: &'static str,
        node: Option<String>,
        judged: Result<Option<String>>,
    ) -> Result<()> {
        let (open, what) = match judged {
            Ok(what) => (true, what),
            Err(failure) if !self.is_dry_run => return Err(failure),
            Err(failure) => {
                let what = failure.to_string();
                self.refusal.get_or_insert(failure);
                (false, Some(what))
            }
        };
        self.gates.push(ListedGate { gate, node, open, what });
        Ok(())
    }
}

/// What an operation would do. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// As it is typed: `restart --rolling`.
    pub operation: String,
    /// What has to be so before.
    pub gates: Vec<ListedGate>,
    /// What would be done.
    pub steps: Vec<ListedStep>,
    /// The first gate that is closed.
    #[serde(skip)]
    pub refusal: Option<Failure>,
}

impl DryRun {
    /// Lists the steps of an operation.
    ///
    /// # Errors
    /// What is to be done cannot be told.
    pub fn of<R: Runbook>(operation: &str, gates: Gates, runbook: &R, live: &LiveZone) -> Result<Self> {
        let mut steps = Vec::new();
        for step in runbook.steps()? {
            steps.extend(runbook.list(&step, live)?);
        }
        Ok(Self::with(operation, gates, steps))
    }

    /// Of steps that were listed before.
    pub fn with(operation: &str, gates: Gates, steps: Vec<ListedStep>) -> Self {
        Self { operation: operation.to_owned(), gates: gates.gates, steps, refusal: gates.refusal }
    }

    /// For people.
    pub fn text(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut gates = Table::new(&["gate", "node", "", "what"]);
        for ListedGate { gate, node, open, what } in &self.gates {
            let verdict = if *open { "open" } else { "closed" };
            gates.row([(*gate).to_owned(), text(node), verdict.to_owned(), text(what)]);
        }
        let mut steps = Table::new(&["step", "node", "member", "what"]);
        for step in &self.steps {
            let cells = [step.kind().to_owned(), text(&step.node), text(&step.member_id), step.what.clone()];
            steps.row(cells);
        }
        let steps = if self.steps.is_empty() { "nothing to do\n".to_owned() } else { steps.render() };
        let gates = if self.gates.is_empty() { String::new() } else { gates.render() + "\n" };
        format!("{gates}{steps}\nnothing was changed\n")
    }
}
