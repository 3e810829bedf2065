//! A member leaves: leadership first, then the list, then its process and its data.

use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::change::change_list;
use crate::event::Event;
use crate::operation::Operation;
use crate::restart::{move_leadership_from, process_of};
use crate::runbook::{ListedStep, StepKind};
use crate::transport::NodeTransport;
use etcd::client::ListedMember;
use host::NodeLock;
use launch::set_data_aside;
use live::{Indispensable, ListChange, LiveMember, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{EtcdId, PeerUrl};
use model::report;
use store::site::Site;

/// For how long a process may take to see that its member was removed, and to end.
const END_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// Between the move of leadership and the removal of the member that led.
const SETTLED_AFTER: Duration = Duration::from_millis(250);

/// What an operator has said to a removal.
#[derive(Clone, Copy, Debug)]
pub struct RemovalWords {
    /// What is left may not be able to lose one more.
    pub allow_no_tolerance: bool,
}

/// A member of the list, by whatever it is called.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// How people call it.
    pub name: String,
    pub id: EtcdId,
    /// The node that it is the member of, by its full name.
    pub node: Option<String>,
    /// It is removed only as long as it does not answer.
    has_to_be_dead: bool,
    votes: bool,
    leads: bool,
}

impl Leaving {
    /// Finds a member by its node, by its id, or by the name that it has published. A node that zone.toml
    /// gives no member is found by its peer URL.
    ///
    /// # Errors
    /// Several are called that: exit 64.
    pub fn find(site: &Site, live: &LiveZone, called: &str) -> Result<Option<Self>> {
        let described = site.config().node(called);
        let is_at = |member: &LiveMember, node: &Node| {
            let listed = member.listed.as_ref().map(|listed| listed.peer_urls.as_slice()).unwrap_or_default();
            member.node.as_ref() == Some(&node.name) || listed == [PeerUrl::of(node).as_str()]
        };
        let is_it = |member: &&LiveMember| match described {
            Some(node) => is_at(member, node),
            None => member.name == called || member.id().is_some_and(|id| id.to_string() == called),
        };
        let found: Vec<&LiveMember> =
            live.members.iter().filter(|member| member.listed.is_some()).filter(is_it).collect();
        let member = match found.as_slice() {
            [] => return Ok(None),
            [member] => *member,
            _ => {
                return Err(Failure::new(Exit::Usage, format!("several members are called {called}"))
                    .next(format!("name it by its id: {}", site.proposed("member list"))));
            }
        };
        let node = site.config().nodes.iter().find(|node| is_at(member, node));
        Ok(member.id().map(|id| Self {
            name: node.map_or_else(|| member.name.clone(), |node| node.name.short().to_owned()),
            id,
            node: node.map(|node| node.name.full().to_owned()),
            has_to_be_dead: false,
            votes: member.is_voter(),
            leads: leads(live, member),
        }))
    }

    /// The same, removed only as long as it does not answer.
    pub fn only_if_dead(self, has_to_be_dead: bool) -> Self {
        Self { has_to_be_dead, ..self }
    }

    /// What the others are without it.
    ///
    /// # Errors
    /// They would be no quorum, or could lose none of them (exit 78).
    pub fn refuse(&self, live: &LiveZone, words: RemovalWords, again: &str) -> Result<()> {
        let answers = live.member(self.id).is_some_and(|member| member.status.is_ok());
        if self.has_to_be_dead && answers {
            return Err(Failure::new(
                Exit::TryAgain,
                format!("{} is not removed: it answers again", self.name),
            )
            .next(format!("if it is to be replaced all the same, stop it first; then: {again}")));
        }
        if !self.votes {
            return Ok(());
        }
        let what = format!("{} is not removed", self.name);
        match live.tolerance_without(self.id) {
            Err(why) => {
                let next = match why {
                    Indispensable::OnlyVoter => "stop it instead, if the zone is to end",
                    Indispensable::Quorum { .. } => {
                        "remove one of those that do not, or bring them back first"
                    }
                };
                Err(Failure::new(Exit::Configuration, what).because(&why).next(next))
            }
            Ok(0) if !words.allow_no_tolerance => Err(Failure::new(Exit::Configuration, what)
                .because("what is left could not lose one more: then it would take no requests")
                .next(format!(
                    "add another member first; or, if that is what you want: {again} --allow-no-tolerance"
                ))),
            Ok(_) => Ok(()),
        }
    }
}

impl Leaving {
    /// How many more members may fail without it, as text for the operator.
    pub(super) fn what_is_left(&self, live: &LiveZone) -> String {
        match live.tolerance_without(self.id) {
            _ if !self.votes => "it does not vote".to_owned(),
            Ok(0) => "they could lose none of them".to_owned(),
            Ok(more) => format!("they could lose {more} of them"),
            Err(_) => String::new(),
        }
    }

    pub(super) fn list(&self, live: &LiveZone) -> Vec<ListedStep> {
        let row = |what: &str| ListedStep {
            node: Some(self.name.clone()),
            member_id: Some(self.id.to_string()),
            ..ListedStep::new(StepKind::Cluster, what)
        };
        let has_others = live.members.iter().any(|member| member.is_voter() && member.id() != Some(self.id));
        let leadership =
            (self.leads && has_others).then(|| row("it leads: leadership is moved to another voter"));
        leadership.into_iter().chain([row("removed from the member list")]).collect()
    }
}

impl Operation<'_> {
    /// Takes a member off the list, and sees it gone.
    ///
    /// # Errors
    /// No voter takes over from it (exit 69), or etcd does not agree (exit 78, 75).
    #[tracing::instrument(skip_all, name = "remove member", fields(member = leaving.name))]
    pub(crate) fn remove(
        &mut self,
        leaving: &Leaving,
        words: RemovalWords,
        again: &str,
    ) -> Result<Option<String>> {
        let live = self.observer.observe()?;
        leaving.refuse(&live, words, again)?;
        let what = format!("{} is not removed", leaving.name);
        // A leader that goes leaves the others without one for an election: two seconds of writes.
        let moved_to = match live.member(leaving.id).filter(|member| leads(&live, member)) {
            Some(leader) => move_leadership_from(self, &live, leader, &what)?,
            None => None,
        };
        if let Some(to) = moved_to.clone() {
            self.tell(Event::LeaderMoved { from: leaving.name.clone(), to });
            sleep(SETTLED_AFTER);
        }
        let is_gone = |live: &LiveZone| {
            live.listed.as_ref().is_some_and(|listed| listed.iter().all(|member| member.id() != leaving.id))
        };
        let may = |live: &LiveZone| leaving.refuse(live, words, again);
        change_list(self, &ListChange::Remove(leaving.id), &what, may, is_gone)?;
        report::message(&format!("{} ({}) is no member any more", leaving.name, leaving.id));
        Ok(moved_to)
    }

    /// Waits until the process of a member that was removed has ended, and puts its data aside, where its
    /// directory is. Returns whether that is so.
    ///
    /// # Errors
    /// It runs on (exit 75), or the data cannot be put aside.
    pub(super) fn clear(&self, node: &Node) -> Result<bool> {
        if !self.clears(node) {
            return Ok(false);
        }
        self.refuse_listed(node)?;
        let (name, paths) = (node.name.short(), self.site().node_paths(&node.name));
        let deadline = Instant::now() + END_LIMIT;
        // One that ends has its lock for a moment longer than its command line.
        while NodeLock::is_held(&paths.lock()) {
            if Instant::now() > deadline {
                let failure =
                    Failure::new(Exit::TryAgain, format!("{name} was removed, and its process runs on"));
                return Err(match process_of(&paths) {
                    Some(process) => {
                        failure.next(format!("end it, then run the command again: kill {}", process.pid))
                    }
                    None => failure.next("wait until it has ended, then run the command again"),
                });
            }
            sleep(PAUSE);
        }
        if !paths.data().join("member").exists() {
            return Ok(true);
        }
        // Another member may have come to this node while the old one took its time to end.
        let check = || self.still_held().and_then(|()| self.refuse_listed(node));
        set_data_aside(self.site(), node, OffsetDateTime::now_utc(), check).map(|()| true)
    }

    /// Refuses where the cluster has a member at the place of this node: what is done to one that has left is
    /// not done to the one that has come since.
    pub(super) fn refuse_listed(&self, node: &Node) -> Result<()> {
        let (live, url) = (self.observer.observe()?, PeerUrl::of(node));
        super::state::refuse_unconfirmed(self.site(), &live)?;
        let is_there = |listed: &ListedMember| listed.peer_urls.iter().any(|own| own == url.as_str());
        if !live.listed.iter().flatten().any(is_there) {
            return Ok(());
        }
        Err(Failure::new(Exit::TryAgain, format!("{} is a member of the cluster again", node.name.short()))
            .because("its data and zone.toml stay as they are")
            .next(format!("see who the members are: {}", self.site().proposed("member list"))))
    }

    /// Whether its directory can be cleared from here.
    pub(super) fn clears(&self, node: &Node) -> bool {
        matches!(self.transport(node), NodeTransport::InPlace)
    }
}

/// Whether it leads, and can hand over: one that is dead is taken for the leader until another is elected.
fn leads(live: &LiveZone, member: &LiveMember) -> bool {
    member.id().is_some() && member.id() == live.leader && member.status.is_ok()
}
