//! What a restart would take and do, for `--dry-run`.

use super::one_by_one::{RestartStep, leads, order_of_restarts};
use super::process::RunningMember;
use super::readiness::{refuse_diverged, wait_until_all_open};
use crate::operation::Operation;
use crate::runbook::{Gates, ListedStep, StepKind};
use crate::transport::NodeTransport;
use launch::Start;
use live::LiveZone;
use model::config::Node;
use model::error::Result;
use store::site::Site;

impl Operation<'_> {
    /// Passes what a dry run tells of restarts: what each member finds in its turn. Returns how they would
    /// start, as far as they run here.
    ///
    /// # Errors
    /// The members cannot be asked.
    pub fn pass_gates_of_restart(&self, gates: &mut Gates, restart: &RestartStep<'_>) -> Result<Vec<Start>> {
        let mut starts = Vec::new();
        for node in restart.nodes() {
            let (name, transport) = (node.name.short(), restart.transport(self, node));
            let start = self.next_start(node, &transport).map(|start| {
                let decision = start.as_ref().map(|start| start.decision.word().to_owned());
                starts.extend(start);
                decision
            });
            gates.pass_of("would start again", name, start)?;
            if matches!(transport, NodeTransport::InPlace) {
                let process = RunningMember::find(self.site(), node);
                gates.pass_of("process", name, process.map(|member| Some(member.to_string())))?;
            }
        }
        self.pass_gates_of_cluster(gates, restart.nodes())?;
        Ok(starts)
    }

    /// Passes what a dry run tells of the cluster without each of these members.
    ///
    /// # Errors
    /// The members cannot be asked.
    pub fn pass_gates_of_cluster(&self, gates: &mut Gates, nodes: &[&Node]) -> Result<()> {
        let (mut live, open) = wait_until_all_open(self, nodes)?;
        let are_open = open.iter().all(Result::is_ok);
        for (node, open) in nodes.iter().zip(open) {
            let meanwhile = open
                .map(|meanwhile| self.meanwhile(&live, meanwhile).map(|what| format!("{what} meanwhile")));
            gates.pass_of("the others are healthy", node.name.short(), meanwhile)?;
        }
        // On a node that would be done as often as it is asked: a member applies no write meanwhile.
        if let (true, Site::Zone(_), Some(first)) = (are_open, self.site(), nodes.first()) {
            gates.pass("voters hold the same data", refuse_diverged(self, first, &mut live))?;
        }
        Ok(())
    }

    /// What restarting these members does, in the order in which it would be done now.
    pub fn list_restarts(&self, nodes: &[&Node], live: &LiveZone) -> Vec<ListedStep> {
        order_of_restarts(nodes, live).into_iter().flat_map(|node| self.list_restart(node, live)).collect()
    }

    /// What restarting a member does.
    pub fn list_restart(&self, node: &Node, live: &LiveZone) -> Vec<ListedStep> {
        self.list_restart_by(node, &self.transport(node), live)
    }

    pub(super) fn list_restart_by(
        &self,
        node: &Node,
        transport: &NodeTransport,
        live: &LiveZone,
    ) -> Vec<ListedStep> {
        let has_others = live.members.iter().filter(|member| member.is_voter()).count() > 1;
        let leadership = (leads(live, node) && has_others)
            .then(|| ListedStep::new(StepKind::Cluster, "it leads: leadership is moved to another voter"));
        let what = match transport {
            NodeTransport::InPlace => match RunningMember::look(self.site(), node) {
                Some(member) => format!("{member} is restarted"),
                None => "its process is restarted".to_owned(),
            },
            NodeTransport::Command(_) => "restarted by the command of [access]".to_owned(),
            NodeTransport::Offline => "restarted on its node, by hand".to_owned(),
        };
        let steps = leadership.into_iter().chain([ListedStep::new(StepKind::Restart, what)]);
        steps.map(|step| step.on(node, live)).collect()
    }
}
