//! One member that moves. Each step is taken only if it is not done yet, as the cluster, the certificates and
//! the member itself tell, so that the command can be run again.

use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::change::serves_as_described;
use live::{ANSWER_LIMIT, LiveZone, on_runtime};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::PeerUrl;
use model::report as output;
use operations::membership::{OtherNodes, carried};
use operations::operation::{Change, Operation};
use operations::renewal::shows;
use operations::restarted::RestartedMember;
use operations::runbook::{ListedStep, Runbook, StepKind};
use operations::transport::NodeTransport;
use store::zone_directory::{Assessment, Authorities, Holder, Issuer, Verdict, ZoneDirectory};

/// Why a node to which files are carried does not know of the change.
const LEARNS_FROM_A_BUNDLE: &str =
    "its directory is on its own machine, which learns of the change from a bundle";

/// A member on its way to another place.
pub(super) struct Move<'r, 'o> {
    pub(super) operation: &'r mut Operation<'o>,
    pub(super) zone: &'o ZoneDirectory,
    pub(super) node: &'o Node,
    /// Where the cluster looks for it.
    pub(super) before: Vec<String>,
    /// Whether others move after it: the other nodes are told of all of them with the last.
    pub(super) others_follow: bool,
    pub(super) now: OffsetDateTime,
    pub(super) done: Done,
}

#[derive(Default)]
pub(super) struct Done {
    pub(super) told: bool,
    pub(super) issued: Vec<&'static str>,
    pub(super) restarted: Option<RestartedMember>,
    pub(super) others: OtherNodes,
}

/// Each is taken only if it is not done yet.
#[derive(Clone, Copy)]
pub(super) enum Step {
    TellTheCluster,
    Issue,
    Restart,
    Check,
    TellOthers,
}

impl Runbook for Move<'_, '_> {
    type Step = Step;

    const DOING: &'static str = "moving";

    fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = vec![Step::TellTheCluster, Step::Issue, Step::Restart, Step::Check];
        steps.extend((!self.others_follow).then_some(Step::TellOthers));
        Ok(steps)
    }

    fn list(&self, step: &Step, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let Self { operation, zone, node, before, now, .. } = self;
        let on_node = |step: StepKind, what: String| ListedStep::new(step, what).on(node, live);
        let url = PeerUrl::of(node);
        Ok(match step {
            Step::TellTheCluster if *before == [url.as_str()] => Vec::new(),
            Step::TellTheCluster => {
                let what = format!("members look for it at {url}, no more at {}", before.join(", "));
                vec![on_node(StepKind::Cluster, what)]
            }
            Step::Issue => {
                let authorities = Authorities::load(&zone.paths, *now)?;
                let assessment =
                    Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, *now)?;
                let due = due(&assessment);
                let issued = (!due.is_empty()).then(|| format!("certificates: {}", due.join(", ")));
                issued.map(|what| on_node(StepKind::Change, what)).into_iter().collect()
            }
            Step::Restart => {
                let delivered = match operation.transport(node) {
                    _ if operation.delivers_by_etcd(node) => {
                        Some("what the zone has for it, by the zone's etcd")
                    }
                    NodeTransport::InPlace => None,
                    NodeTransport::Command(_) => Some("what the zone has for it, by the command of [access]"),
                    NodeTransport::Offline => Some("a bundle that is carried there"),
                };
                let mut steps: Vec<_> =
                    delivered.map(|what| on_node(StepKind::Deliver, what.to_owned())).into_iter().collect();
                if !serves_as_described(live, node) {
                    steps.extend(operation.list_restart(node, live));
                }
                steps
            }
            Step::Check => vec![on_node(StepKind::Verify, "it serves as zone.toml says".to_owned())],
            Step::TellOthers => OtherNodes::list(operation, zone, node, live),
        })
    }

    fn carry_out(&mut self, step: Step) -> Result<ControlFlow<()>> {
        let Self { operation, zone, node, before, now, done, .. } = self;
        match step {
            Step::TellTheCluster => done.told = tell_the_cluster(operation, node, before)?,
            Step::Issue => done.issued = operation.change(|change| issue(change, node))?,
            Step::Restart => done.restarted = restart(operation, zone, node)?,
            Step::Check => check(operation, zone, node, *now)?,
            Step::TellOthers => done.others = OtherNodes::tell(operation, zone, node)?,
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Tells the cluster where members reach the member, if that is elsewhere now. It comes first: a member that
/// moved unannounced would be looked for in its old place.
fn tell_the_cluster(operation: &mut Operation<'_>, node: &Node, before: &[String]) -> Result<bool> {
    let url = PeerUrl::of(node);
    if before == [url.as_str()] {
        return Ok(false);
    }
    let name = node.name.short();
    // From here on the others look for it in its new place, so they have to do without it.
    let ready = operation.make_ready(node)?;
    let credentials = operation.observer.credentials()?;
    operation.still_held()?;
    on_runtime(ready.live.update_peer_url(ready.id, url.as_str(), &credentials, ANSWER_LIMIT))
        .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?
        .map_err(|why| {
            Failure::new(Exit::Unavailable, format!("the cluster was not told where {name} is now"))
                .because(format!("etcd says: {why}"))
                .next(format!("see how the members are: {}", operation.site().proposed("status")))
        })?;
    output::message(&format!("the cluster looks for {name} at {url} from now on"));
    Ok(true)
}

/// Issues the certificates of the node that do not fit any more, and leaves all others alone.
fn issue(change: &Change<'_>, node: &Node) -> Result<Vec<&'static str>> {
    let Change { zone, authorities, now } = *change;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now)?;
    assessment.refuse_revoked(zone)?;
    assessment.refuse_keys_elsewhere(zone.proposed_requests(&assessment.holder.name(), "", ""))?;
    let due = due(&assessment);
    Issuer::new(zone, authorities)?.bring_up_to_date(&[assessment], now)?;
    Ok(due)
}

/// The roles of the certificates that do not fit any more.
fn due(assessment: &Assessment<'_>) -> Vec<&'static str> {
    let due = assessment.entries.iter().filter_map(|entry| match entry.verdict() {
        Verdict::Withheld(_) | Verdict::Keep { .. } => None,
        Verdict::Issue(_) => Some(entry.role.name),
    });
    let mut due: Vec<&'static str> = due.collect();
    due.dedup();
    due
}

/// Restarts the member, unless it serves where it should: etcd reads its certificates at each handshake.
fn restart(
    operation: &mut Operation<'_>,
    zone: &ZoneDirectory,
    node: &Node,
) -> Result<Option<RestartedMember>> {
    if operation.delivers_by_etcd(node) {
        // Its node restarts it, for which it takes the lock.
        operation.deliver_and_await(node, |live| serves_as_described(live, node))?;
    }
    let transport = operation.transport(node);
    if matches!(transport, NodeTransport::Command(_)) {
        operation.deliver(node)?;
    }
    if serves_as_described(&operation.observer.observe()?, node) {
        return Ok(None);
    }
    let name = node.name.short();
    if matches!(transport, NodeTransport::Offline) {
        return Err(Failure::new(Exit::TryAgain, format!("{name} does not serve where zone.toml says yet"))
            .because(LEARNS_FROM_A_BUNDLE)
            .next(format!(
                "{} && zone-etcd restart; then here: {}",
                carried(zone, &[name]),
                again(zone, name)
            )));
    }
    operation.restart(node).map(Some)
}

/// Whether all of it is in use.
fn check(operation: &Operation<'_>, zone: &ZoneDirectory, node: &Node, now: OffsetDateTime) -> Result<()> {
    let (live, site) = (operation.observer.observe()?, operation.site());
    let authorities = Authorities::load(&zone.paths, now)?;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?;
    let generation = assessment.current.ok_or_else(|| Failure::internal("nothing was issued"))?;
    let name = node.name.short();
    let failed = |why: String| {
        let what = format!("{name} does not serve as zone.toml says");
        match NodeTransport::of(zone, node) {
            NodeTransport::Offline => Failure::new(Exit::TryAgain, what)
                .because(why)
                .because(LEARNS_FROM_A_BUNDLE)
                .next(format!("{}; then here: {}", carried(zone, &[name]), again(zone, name))),
            NodeTransport::InPlace | NodeTransport::Command(_) => Failure::new(Exit::Unavailable, what)
                .because(why)
                .next(format!("on {name}: {}", site.proposed_on("check", name))),
        }
    };
    shows(&live, node, &generation).map_err(failed)?;
    if serves_as_described(&live, node) {
        return Ok(());
    }
    Err(failed("it answers somewhere else".to_owned()))
}

pub(super) fn again(zone: &ZoneDirectory, name: &str) -> String {
    zone.proposed(&format!("member update {name}"))
}
