//! The way out of the alarm NOSPACE, beside the defragmentation: history dropped before it, the quota judged
//! and the alarm taken back after it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::iec;
use super::member::no_right;
use crate::observer::run;
use crate::operation::Operation;
use etcd::client::{Answer, CallError, MemberClient};
use live::{AlarmKind, LiveMember, LiveZone, MemberStatus};
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;
use model::report;

/// Above this many hundredths of the quota, the alarm would be raised again soon.
const FULL: u64 = 90;
/// For how long it is waited that the alarm is gone.
const SEEN_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The members that have raised the alarm.
pub(super) fn raised(live: &LiveZone) -> Vec<EtcdId> {
    let raised = live.alarms.iter().filter(|alarm| alarm.kind == AlarmKind::NoSpace);
    raised.map(|alarm| alarm.member).collect()
}

/// The revision before which history is dropped.
pub(super) fn target(live: &LiveZone, keep: i64) -> Option<i64> {
    live.revision.map(|revision| revision - keep).filter(|target| *target > 0)
}

impl Operation<'_> {
    /// Drops the history but for so many revisions, on all members, and waits until each has freed the pages.
    /// Returns the revision.
    ///
    /// # Errors
    /// A member refuses or does not answer.
    pub(super) fn compact(&self, keep: i64) -> Result<Option<i64>> {
        let live = self.observer.observe()?;
        let target = target(&live, keep);
        if let Some(target) = target {
            report::progress(&format!("dropping the history before revision {target}"));
            let failed = |error: CallError| match error {
                CallError::Denied(_) | CallError::NoUser(_) => {
                    no_right("the history is not dropped".to_owned(), &error)
                }
                error => self.failed("the history is not dropped", error),
            };
            let voters: Vec<&LiveMember> = live.members.iter().filter(|member| member.is_voter()).collect();
            // Each waits for its own pages alone, and a second request for the same revision for none.
            let revisions = target - i64::try_from(voters.len()).unwrap_or_default() + 1..=target;
            for (revision, member) in revisions.zip(&voters).filter(|(at, _)| *at > 0) {
                self.still_held()?;
                self.ask(member, async |client| client.compact(revision).await)?.map_err(failed)?;
            }
            report::message(&format!("the history before revision {target} is dropped"));
        }
        Ok(target)
    }

    /// Takes back the alarm of each member that has raised it. Returns their names.
    ///
    /// # Errors
    /// The files fill the quota (exit 78), etcd refuses, or the alarm is raised again.
    pub(super) fn disarm(&self) -> Result<Vec<String>> {
        let what = "the alarm NOSPACE is not taken back";
        let live = self.observer.observe()?;
        self.refuse_full(&live)?;
        let takes_requests = |member: &&LiveMember| {
            member.status.as_ref().is_ok_and(|status| matches!(status.quorum_read, Some(Ok(_))))
        };
        let asked = live.members.iter().find(takes_requests);
        let asked = asked.ok_or_else(|| self.failed(what, CallError::Late))?;
        let mut names = Vec::new();
        for id in raised(&live) {
            let disarmed = self.ask(asked, async |client| client.disarm_no_space(id.0).await)?;
            disarmed.map_err(|error| self.failed(what, error))?;
            names.push(live.member(id).map_or_else(|| id.to_string(), |member| member.name.clone()));
        }
        let deadline = Instant::now() + SEEN_LIMIT;
        while self.observer.observe()?.has_alarm(AlarmKind::NoSpace) {
            if Instant::now() > deadline {
                return Err(self.failed(what, CallError::Failed("it is raised again".to_owned())));
            }
            sleep(PAUSE);
        }
        if !names.is_empty() {
            report::message(&format!("the alarm NOSPACE of {} is taken back", names.join(", ")));
        }
        Ok(names)
    }

    fn ask<T>(
        &self,
        member: &LiveMember,
        ask: impl AsyncFnOnce(MemberClient) -> Answer<T>,
    ) -> Result<Answer<T>> {
        let credentials = self.observer.credentials()?;
        let url = member.client.as_ref().map(|view| view.url.clone()).unwrap_or_default();
        run(async { ask(credentials.connect(&url, self.limit).map_err(CallError::Failed)?).await })
    }

    fn failed(&self, what: &str, error: CallError) -> Failure {
        Failure::new(Exit::Unavailable, what)
            .because(format!("etcd says: {error}"))
            .next(format!("see how the members are, and run the command again: {}", self.proposed_status()))
    }

    /// Refuses where the data itself fills the quota: no file gets smaller than that. What members say is in
    /// use is too much right after a compaction, so this is judged by the files as they are by now.
    fn refuse_full(&self, live: &LiveZone) -> Result<()> {
        let quota = |status: &MemberStatus| status.db_quota.unwrap_or(self.site().config().etcd.quota);
        let is_full = |status: &&MemberStatus| status.db_size > quota(status) / 100 * FULL;
        let full: Vec<_> = live
            .members
            .iter()
            .filter_map(|member| Some((member, member.status.as_ref().ok().filter(is_full)?)))
            .collect();
        let Some(largest) = full.iter().map(|(_, status)| status.db_size).max() else { return Ok(()) };
        let what = "the alarm NOSPACE stays: the data itself fills the quota";
        let failure =
            full.iter().fold(Failure::new(Exit::Configuration, what), |failure, (member, status)| {
                let (size, quota) = (iec(status.db_size), iec(quota(status)));
                failure.because(format!("{}: {size} without free pages, of a quota of {quota}", member.name))
            });
        Err(failure
            .because("deletes are taken: delete what is not needed, and run the command again; or")
            .next(self.proposed_quota(largest)))
    }

    /// How a quota comes into effect that is large enough for what is in use.
    fn proposed_quota(&self, used: u64) -> String {
        let site = self.site();
        let commands =
            format!("{} && {}", site.proposed("restart --rolling"), site.proposed("defrag --nospace"));
        if site.config().etcd.quota / 100 * FULL > used {
            return format!("the members do not have the quota of zone.toml yet, so: {commands}");
        }
        let mebibytes = (used.saturating_mul(2) >> 20).next_power_of_two();
        let quota =
            if mebibytes >= 1024 { format!("{}GiB", mebibytes >> 10) } else { format!("{mebibytes}MiB") };
        format!("set quota = \"{quota}\" in [etcd] of zone.toml, then: {commands}")
    }
}
