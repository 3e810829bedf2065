//! All members serve the restored data, and the same: seen, before any client is told so.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Restoration;
use crate::restart::member_of;
use live::{AlarmKind, Comparison, LiveZone, PlaneMemory};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::EtcdId;
use model::report;

/// How often an operator who waits is told for what.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// For how long members that all take requests may be busy otherwise than with a comparison.
const COMPARED_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// What was seen of the restored zone.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The revision that all have.
    pub revision: Option<i64>,
    /// Whether the data of all was compared: not if they were written to all the while.
    pub is_compared: bool,
    /// Members whose alarm came along with the data: no writes before it ends.
    pub no_space: bool,
}

impl Restoration<'_, '_> {
    /// Waits until every member reads through the quorum, and compares what they hold.
    ///
    /// # Errors
    /// One was not started in time (exit 75), or they do not hold the same (exit 65).
    #[tracing::instrument(skip_all, name = "verify restored zone")]
    pub(super) fn verify(&mut self) -> Result<Seen> {
        let (begun, mut told, mut memory) = (Instant::now(), None, PlaneMemory::default());
        let mut complete = None;
        loop {
            self.still_ours()?;
            let mut live = self.operation.observer.observe_again(&mut memory)?;
            let Some(missing) = self.missing(&live)? else {
                self.operation.observer.compare_all_data(&mut live)?;
                if let Some(seen) = self.judge(&live)? {
                    return Ok(seen);
                }
                if complete.get_or_insert_with(Instant::now).elapsed() > COMPARED_WITHIN {
                    report::warning(&live.data.to_string());
                    return Ok(seen_of(&live, false));
                }
                sleep(PAUSE);
                continue;
            };
            if begun.elapsed() > self.operation.limit {
                return Err(Failure::new(Exit::TryAgain, "the restored zone is not complete")
                    .because(missing)
                    .next(format!("see why, and run the command again: {}", self.again)));
            }
            if told.is_none_or(|told: Instant| told.elapsed() >= TOLD_EVERY) {
                told = Some(Instant::now());
                report::message(&missing);
            }
            sleep(PAUSE);
        }
    }

    /// The first member that does not take requests yet, and what to do about it.
    fn missing(&self, live: &LiveZone) -> Result<Option<String>> {
        let cluster = EtcdId::parse(&self.epoch.cluster_id);
        let zone = self.operation.site().config();
        for node in zone.members().filter(|node| self.epoch.member(node.name.full()).is_some()) {
            let (name, start) = (node.name.short(), self.start_of(node));
            let status = match member_of(live, node).map(|member| &member.status) {
                Some(Ok(status)) => status,
                Some(Err(why)) => {
                    return Ok(Some(format!("{name} has to be started, there: {start} ({why})")));
                }
                None => return Ok(Some(format!("{name} has to be started, there: {start}"))),
            };
            if Some(status.cluster_id) != cluster {
                return Ok(Some(format!("{name} runs the cluster of before, {}", status.cluster_id)));
            }
            if let Some(Err(why)) = &status.quorum_read {
                return Ok(Some(format!("{name} does not reach the quorum: {why}")));
            }
            if status.revision < self.epoch.first_revision() {
                return Err(different(self.operation.site().proposed("status")).because(format!(
                    "{name} is at revision {}, and the restored data begins with {}",
                    status.revision,
                    self.epoch.first_revision()
                )));
            }
        }
        Ok(None)
    }

    fn judge(&self, live: &LiveZone) -> Result<Option<Seen>> {
        match &live.data {
            Comparison::Same(_) | Comparison::OneVoter => Ok(Some(seen_of(live, true))),
            Comparison::NotCompared(_) => Ok(None),
            Comparison::Different(_) => {
                Err(different(self.operation.site().proposed("status")).because(live.data.to_string()))
            }
        }
    }

    /// How the member of a node is started.
    pub(super) fn start_of(&self, node: &Node) -> String {
        self.operation.site().proposed_on("run", node.name.short())
    }
}

fn seen_of(live: &LiveZone, is_compared: bool) -> Seen {
    let no_space = live.alarms.iter().any(|alarm| alarm.kind == AlarmKind::NoSpace);
    Seen { revision: live.revision, is_compared, no_space }
}

fn different(look: String) -> Failure {
    Failure::bad_input("the members do not hold the same data after the restore: let no client use them")
        .next(format!("see which to keep: {look}"))
}

/// Whether the cluster that answers is the one of this restore.
pub(super) fn is_of(live: &LiveZone, epoch: &RestoredEpoch) -> bool {
    live.cluster_id.is_some() && live.cluster_id == EtcdId::parse(&epoch.cluster_id)
}
