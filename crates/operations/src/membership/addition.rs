//! A node becomes a learner: it takes the log and has no vote, so whatever becomes of it costs no quorum.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::change::change_list;
use super::gates::{even_number, not_done, wait_until_others_are_well};
use super::other_nodes::carried;
use super::state::MemberState;
use crate::operation::{Change, Operation};
use crate::restart::{LAG_LIMIT, Others, member_of};
use crate::transport::NodeTransport;
use etcd::tls::KeyPair;
use live::{ANSWER_LIMIT, ListChange, LiveZone, MemberStatus, Reception, try_on_members};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{EtcdId, PeerUrl, Plane};
use model::report;
use store::zone_directory::{Assessment, Authorities, Holder, Issuer};

/// How often an operator who waits is told for what.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

impl Operation<'_> {
    /// Makes sure that a node may be added, once `leaving` has gone, and that every member will accept it:
    /// the gates, its certificates, a trial of them on every member; then it gets what it needs to start,
    /// where it is reached.
    ///
    /// # Errors
    /// A gate is closed (exit 69), the versions do not fit (exit 78), or a member refuses the certificate
    /// (exit 65).
    #[tracing::instrument(skip_all, name = "prepare node", fields(node = node.name.short()))]
    pub(super) fn prepare(&mut self, node: &Node, leaving: Option<EtcdId>, others: Others) -> Result<()> {
        let what = format!("{} is not added", node.name.short());
        let live = wait_until_others_are_well(&self.observer, node, leaving, others, &what)?;
        self.refuse_versions(&live, node)?;
        self.change(|change| issue(change, node))?;
        self.refuse_certificate(node, &what)?;
        match self.transport(node) {
            _ if self.delivers_by_etcd(node) => self.deliver(node).map(drop),
            NodeTransport::Command(_) => self.deliver(node).map(drop),
            NodeTransport::InPlace | NodeTransport::Offline => Ok(()),
        }
    }

    /// Puts a node on the member list, as a learner.
    ///
    /// # Errors
    /// A gate is closed (exit 69), or etcd does not agree (exit 78, 75).
    #[tracing::instrument(skip_all, name = "add learner", fields(node = node.name.short()))]
    pub(super) fn add_learner(&mut self, node: &Node, others: Others) -> Result<()> {
        let (name, what) = (node.name.short(), format!("{} is not added", node.name.short()));
        let live = wait_until_others_are_well(&self.observer, node, None, others, &what)?;
        let voters = live.members.iter().filter(|member| member.is_voter()).count();
        even_number(voters + 1).iter().for_each(|warning| report::warning(warning));
        let change = ListChange::AddLearner { peer_url: PeerUrl::of(node).to_string() };
        let is_listed = |live: &LiveZone| member_of(live, node).is_some_and(|member| member.listed.is_some());
        change_list(self, &change, &what, |_| Ok(()), is_listed)?;
        report::message(&format!("{name} is a learner: the cluster waits for its first start"));
        Ok(())
    }

    /// Waits until a learner has been started, by its operator, and has all that the others have. `again` is
    /// the command that goes on where this one ends.
    ///
    /// # Errors
    /// Time is over, or files have to be carried to the node first: exit 75.
    pub(super) fn wait_for_start(&self, node: &Node, has_old_data: bool, again: &str) -> Result<EtcdId> {
        let (name, zone) = (node.name.short(), self.site().zone_directory()?);
        let state = MemberState::of(self.site(), &self.observer.observe()?, node)?;
        let gets_files = matches!(self.transport(node), NodeTransport::Offline)
            && zone.config.members().any(|member| zone.has_bundled(member.name.short()));
        if gets_files && matches!(state, MemberState::Unstarted(_)) {
            return Err(Failure::new(
                Exit::TryAgain,
                format!("{name} is a learner, and was not started yet"),
            )
            .because("its directory is on its own machine, which needs a bundle")
            .next(format!("{} && zone-etcd run; then here: {again}", carried(zone, &[name]))));
        }
        self.wait_until_caught_up(node, self.start_of(node, has_old_data))
    }

    /// Data on another machine is put aside there, by the start.
    pub(super) fn start_of(&self, node: &Node, has_old_data: bool) -> &'static str {
        match self.transport(node) {
            NodeTransport::Command(_) | NodeTransport::Offline if has_old_data => "run --move-data-aside",
            _ => "run",
        }
    }

    /// A certificate that one of them refuses would keep the new member out, or cut it off later.
    fn refuse_certificate(&self, node: &Node, what: &str) -> Result<()> {
        let zone = self.site().zone_directory()?;
        let role = Plane::Peer.dials_with(node);
        let generation = zone.node_paths(&node.name).current("");
        // A node that makes its own keys has it there alone.
        let Ok(pair) = KeyPair::load(&generation, role.stem) else { return Ok(()) };
        let authorities = Authorities::load(&zone.paths, time::OffsetDateTime::now_utc())?;
        let others: Vec<&Node> = zone.config.members().filter(|other| other.name != node.name).collect();
        let tried = try_on_members(&others, Plane::Peer, &authorities, &pair, ANSWER_LIMIT)
            .map_err(|error| Failure::bad_input(what).because(&error))?;
        let refusing: Vec<&str> = tried
            .iter()
            .filter(|tried| tried.reception == Reception::Refused)
            .map(|tried| tried.member.as_str())
            .collect();
        if refusing.is_empty() {
            return Ok(());
        }
        let name = node.name.short();
        Err(Failure::bad_input(what)
            .because(format!("{} refuses its certificate", report::enumerated(&refusing)))
            .next(format!(
                "see what is wrong with it: {}",
                self.site().proposed(&format!("pki check {name}"))
            )))
    }

    /// Refuses a node whose etcd would be of another minor version than the cluster's: what it may read and
    /// write follows from the version that all have.
    ///
    /// # Errors
    /// Exit 78.
    pub(super) fn refuse_versions(&self, live: &LiveZone, node: &Node) -> Result<()> {
        let version = self.site().config().etcd.described_version();
        let minor_of = |text: &str| text.split('.').nth(1).and_then(|minor| minor.parse::<u64>().ok());
        let runs_other = |status: &&MemberStatus| minor_of(&status.version) != Some(version.minor);
        let voters = live.members.iter().filter(|member| member.is_voter());
        let other = voters.filter_map(|member| {
            let status = member.status.as_ref().ok().filter(runs_other)?;
            Some((member.name.as_str(), status.version.as_str()))
        });
        let Some((member, runs)) = other.min() else { return Ok(()) };
        let what = format!("{} would run etcd {version}, and {member} runs {runs}", node.name.short());
        Err(Failure::new(Exit::Configuration, what)
            .because("a new member has to have the version of its cluster")
            .next(format!("bring all to one version: {}", self.site().proposed("upgrade"))))
    }

    /// Waits until a learner has been started, by the command `start`, and has all that the others have.
    /// Returns its id.
    ///
    /// # Errors
    /// Time is over: exit 75.
    #[tracing::instrument(skip_all, name = "wait for learner", fields(node = node.name.short()))]
    fn wait_until_caught_up(&self, node: &Node, start: &str) -> Result<EtcdId> {
        let (name, begun) = (node.name.short(), Instant::now());
        let mut told = None;
        loop {
            let live = self.observer.observe()?;
            let waits_for = match MemberState::of(self.site(), &live, node)? {
                MemberState::NotListed => {
                    return Err(Failure::new(
                        Exit::TryAgain,
                        format!("{name} was taken out of the cluster meanwhile"),
                    )
                    .next(format!("add it again: {}", self.site().proposed(&format!("member add {name}")))));
                }
                MemberState::Voter(id) => return Ok(id),
                MemberState::Unstarted(_) => {
                    format!("{name} has to be started, there: {}", self.site().proposed_on(start, name))
                }
                MemberState::Learner(id) => match behind(&live, node, id) {
                    None => return Ok(id),
                    Some(behind) => behind,
                },
            };
            if begun.elapsed() > self.limit {
                let site = self.site();
                return Err(not_done(&format!("{name} is a learner, and has not caught up"))(waits_for)
                    .exit(Exit::TryAgain)
                    .next(format!(
                        "run the command again once that is so; or remove it, which costs nothing: {}",
                        site.proposed(&format!("member remove {name}"))
                    )));
            }
            if told.is_none_or(|told: Instant| told.elapsed() >= TOLD_EVERY) {
                told = Some(Instant::now());
                report::message(&waits_for);
            }
            sleep(PAUSE);
        }
    }
}

/// What a learner lacks; nothing if it may be promoted.
pub(super) fn behind(live: &LiveZone, node: &Node, id: EtcdId) -> Option<String> {
    let name = node.name.short();
    let member = member_of(live, node)?;
    match &member.status {
        Err(why) => Some(format!("{name} does not answer: {why}")),
        Ok(status) if status.id != id => Some(format!("member {} answers there, not {id}", status.id)),
        Ok(status) if status.raft_lag > LAG_LIMIT => Some(format!(
            "{name} lacks {} of {} entries",
            status.raft_lag,
            status.raft_applied_index + status.raft_lag
        )),
        // A member that votes before its cluster knows its addresses could be wiped and expected again.
        Ok(_) if member.listed.as_ref().is_none_or(|listed| listed.client_urls.is_empty()) => {
            Some(format!("{name} has not published its addresses"))
        }
        Ok(_) => None,
    }
}

/// Issues what the node lacks.
fn issue(change: &Change<'_>, node: &Node) -> Result<()> {
    let Change { zone, authorities, now } = *change;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now)?;
    assessment.refuse_revoked(zone)?;
    assessment.refuse_keys_elsewhere(zone.proposed_requests(&assessment.holder.name(), "", ""))?;
    Issuer::new(zone, authorities)?.bring_up_to_date(&[assessment], now).map(drop)
}
