//! One member restarted, where it runs.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::comeback;
use super::gates::Meanwhile;
use super::leadership::move_away;
use super::process::RunningMember;
use super::readiness::{member_of, refuse_diverged, wait_until_open};
use crate::event::Event;
use crate::operation::Operation;
use crate::restarted::{RestartedMember, TrustedAuthorities};
use crate::transport::offline::no_command;
use crate::transport::{NodeCommand, NodeTransport};
use launch::{Start, refuse_restart};
use live::{LiveMember, LiveZone};
use model::config::Node;
use model::error::Result;
use model::plan::EtcdId;
use model::report;

/// How long a member may take to come back.
pub const RESTART_LIMIT: Duration = Duration::from_secs(60);
/// Between the move of leadership and the stop of the member that led.
const SETTLED_AFTER: Duration = Duration::from_millis(250);

/// A member that the others can do without.
#[derive(Debug)]
pub struct Ready {
    /// The zone when the gates were seen open; leadership may have been moved since.
    pub live: LiveZone,
    /// The member's id.
    pub id: EtcdId,
    /// Whether the cluster takes no requests without it: it has one or two voters.
    pub interrupted: bool,
    /// The short name of the node to which leadership was moved, if it led.
    pub leadership_moved_to: Option<String>,
}

impl Operation<'_> {
    /// Refuses a member that would not start again. Nothing is touched.
    ///
    /// # Errors
    /// The refusal of `run`, with its exit code; or files are carried to its node.
    pub fn refuse_restart(&self, node: &Node) -> Result<()> {
        self.next_start(node, &self.transport(node)).map(drop)
    }

    /// How a member would start again, if it runs here.
    #[tracing::instrument(skip_all, name = "make ready", fields(node = node.name.short()))]
    pub(super) fn next_start(&self, node: &Node, transport: &NodeTransport) -> Result<Option<Start>> {
        match transport {
            NodeTransport::InPlace => {
                Ok(Some(refuse_restart(self.site(), node, OffsetDateTime::now_utc())?.start))
            }
            NodeTransport::Command(command) => command.refuse_restart().map(|()| None),
            NodeTransport::Offline => Err(no_command(self.site().zone_directory()?, node)),
        }
    }

    /// Waits until the others can do without the member of `node`, and moves leadership away from it.
    ///
    /// # Errors
    /// A gate stays closed, the members hold different data (exit 65), no voter takes over, or the lock of
    /// the operation is lost.
    pub fn make_ready(&mut self, node: &Node) -> Result<Ready> {
        let name = node.name.short();
        let mut open = wait_until_open(self, node)?;
        refuse_diverged(self, node, &mut open.live)?;
        let interrupted = open.meanwhile == Meanwhile::TakesNone;
        if let Some(what) = self.meanwhile(&open.live, open.meanwhile) {
            report::message(&format!("{what} while {name} is away"));
        }
        let leads = open.live.leader == Some(open.id);
        let is_other_voter = |other: &LiveMember| other.is_voter() && other.id() != Some(open.id);
        let mut leadership_moved_to = None;
        if leads && open.live.members.iter().any(is_other_voter) {
            leadership_moved_to = move_away(self, &open)?;
            if let Some(to) = leadership_moved_to.clone() {
                self.tell(Event::LeaderMoved { from: name.to_owned(), to });
                // What a follower has passed on in that instant is dropped and not answered: a client that
                // gives up on it soon tries again now, and is not to find the next thing in its way.
                std::thread::sleep(SETTLED_AFTER);
            } else {
                report::message(&format!(
                    "{name} is the leader, and the certificate here may not move leadership: etcd hands \
                     over by itself when it is stopped"
                ));
            }
        }
        Ok(Ready { live: open.live, id: open.id, interrupted, leadership_moved_to })
    }

    /// Restarts the member of `node` where it is: makes sure that it would start again, waits until it may be
    /// stopped, moves leadership away from it, stops it, and waits until what supervises it has started it
    /// again and it is well.
    ///
    /// # Errors
    /// It would not start again, a gate stays closed, leadership cannot be moved, it cannot be stopped: then
    /// nothing has happened to the member. Or it is not back.
    #[tracing::instrument(skip_all, name = "restart member", fields(node = node.name.short()))]
    pub fn restart(&mut self, node: &Node) -> Result<RestartedMember> {
        match self.transport(node) {
            NodeTransport::InPlace => self.restart_in_place(node),
            NodeTransport::Command(command) => self.restart_there(&command, node),
            NodeTransport::Offline => Err(no_command(self.site().zone_directory()?, node)),
        }
    }

    /// The same for a member that runs here, or is to.
    ///
    /// # Errors
    /// As above.
    #[tracing::instrument(skip_all, name = "restart in place", fields(node = node.name.short()))]
    pub fn restart_in_place(&mut self, node: &Node) -> Result<RestartedMember> {
        let name = node.name.short().to_owned();
        let member = RunningMember::find(self.site(), node)?;
        refuse_restart(self.site(), node, OffsetDateTime::now_utc())?;
        let ready = self.make_ready(node)?;
        self.still_held()?;
        self.tell(Event::Restarting { node: name.clone() });
        if let Some(shell) = member.shell() {
            let (limit, run) = (self.limit.as_secs(), self.site().proposed_on("run", &name));
            report::warning(&format!(
                "{shell} has started {name}, and may not start it again: then type within {limit} s, on \
                 {name}: {run}"
            ));
        }
        let begun = Instant::now();
        let stopping = member.stop(node)?;
        let back = comeback::wait(&self.observer, node, ready.id, &member, stopping, begun + self.limit)?;
        let took = back.at.saturating_duration_since(begun);
        self.tell(Event::Restarted { node: name.clone(), took });
        Ok(RestartedMember {
            node: name,
            pid_before: member.process.pid,
            pid_after: back.process.pid,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            leadership_moved_to: ready.leadership_moved_to,
            interrupted: ready.interrupted,
            service: member.service,
            trusted_before: trusted(&ready.live, node),
            trusted_after: trusted(&back.live, node),
        })
    }

    fn restart_there(&mut self, command: &NodeCommand, node: &Node) -> Result<RestartedMember> {
        let name = node.name.short().to_owned();
        // With authentication, `admin` may move leadership and compare data, and the node may not.
        let ready = self.make_ready(node)?;
        self.still_held()?;
        self.tell(Event::Restarting { node: name.clone() });
        let mut restarted = command.restart()?;
        if let Some(to) = &restarted.leadership_moved_to {
            self.tell(Event::LeaderMoved { from: name.clone(), to: to.clone() });
        }
        restarted.leadership_moved_to = ready.leadership_moved_to.or(restarted.leadership_moved_to);
        self.tell(Event::Restarted { node: name, took: restarted.took() });
        Ok(restarted)
    }
}

fn trusted(live: &LiveZone, node: &Node) -> TrustedAuthorities {
    member_of(live, node).map(TrustedAuthorities::of).unwrap_or_default()
}
