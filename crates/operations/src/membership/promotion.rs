//! A learner gets its vote, behind the gates that etcd does not have: it promotes one that is dead, and one
//! that lacks a tenth of the log.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::addition::behind;
use super::change::change_list;
use super::gates::{not_done, wait_until_others_are_well};
use super::state::MemberState;
use crate::operation::Operation;
use crate::restart::{Others, member_of};
use live::{Comparison, ListChange, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;
use model::report;

/// For how long a new voter may have to take requests.
const SEEN_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

impl Operation<'_> {
    /// Gives a learner its vote, unless it has it, and waits until it takes requests through the quorum and
    /// holds the data that the others hold.
    ///
    /// # Errors
    /// It is no learner (exit 78), a gate is closed (exit 69), etcd does not agree in time (exit 75), or the
    /// data differs (exit 65).
    #[tracing::instrument(skip_all, name = "promote", fields(node = node.name.short()))]
    pub(super) fn promote(&mut self, node: &Node, others: Others) -> Result<EtcdId> {
        let name = node.name.short();
        let what = format!("{name} is not promoted");
        // Seen a moment before it is asked for: without it, one voter alone would lose its quorum.
        let live = wait_until_others_are_well(&self.observer, node, None, others, &what)?;
        let id = match MemberState::of(self.site(), &live, node)? {
            MemberState::Voter(id) => return self.wait_until_seen(node, id),
            MemberState::Learner(id) => id,
            MemberState::NotListed | MemberState::Unstarted(_) => {
                return Err(Failure::new(Exit::Configuration, what)
                    .because("the cluster has no such learner, or it was never started")
                    .next(format!("add it: {}", self.site().proposed(&format!("member add {name}")))));
            }
        };
        let silent = |live: &LiveZone| {
            if others == Others::SomeDead && live.can_take_one_more(&[id]) {
                return None;
            }
            let mut voters = live.members.iter().filter(|member| member.is_voter());
            let silent = voters.find(|member| !live.is_living_voter(member))?;
            Some(format!("{} takes no requests", silent.name))
        };
        // With one voter more the quorum may be larger: enough have to be there without it.
        let answers = |live: &LiveZone| match behind(live, node, id).or_else(|| silent(live)) {
            None => Ok(()),
            Some(behind) => Err(not_done(&what)(behind).exit(Exit::TryAgain).next(format!(
                "wait until it has caught up: {}",
                self.site().proposed(&format!("member add {name}"))
            ))),
        };
        let votes = |live: &LiveZone| live.member(id).is_some_and(live::LiveMember::is_voter);
        change_list(self, &ListChange::Promote(id), &what, answers, votes)?;
        self.wait_until_seen(node, id)
    }

    /// What shows that it is one of them now.
    fn wait_until_seen(&self, node: &Node, id: EtcdId) -> Result<EtcdId> {
        let (name, begun) = (node.name.short(), Instant::now());
        loop {
            let mut live = self.observer.observe()?;
            let why = match member_of(&live, node).map(|member| &member.status) {
                Some(Ok(status)) if status.id != id => format!("member {} answers there", status.id),
                Some(Ok(status)) => match &status.quorum_read {
                    Some(Ok(_)) => {
                        self.observer.compare_data(&mut live)?;
                        match &live.data {
                            Comparison::Different(_) => {
                                return Err(Failure::bad_input(format!(
                                    "{name} votes, and holds other data"
                                ))
                                .because(live.data.to_string())
                                .next(self.site().proposed("status")));
                            }
                            Comparison::NotCompared(_) => report::warning(&live.data.to_string()),
                            Comparison::OneVoter | Comparison::Same(_) => {}
                        }
                        return Ok(id);
                    }
                    Some(Err(why)) => format!("it does not reach the quorum: {why}"),
                    None => "it says that it does not vote yet".to_owned(),
                },
                Some(Err(why)) => why.clone(),
                None => "it is not on the list".to_owned(),
            };
            if begun.elapsed() > SEEN_LIMIT {
                return Err(not_done(&format!("{name} votes, and takes no requests"))(why)
                    .next(self.site().proposed_look_at(name)));
            }
            sleep(PAUSE);
        }
    }
}
