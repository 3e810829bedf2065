//! The result of a run.

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;

use super::figures::{Stage, lost, stages};
use super::goal::AgainstGoal;
use super::history::History;
use super::report;
use etcd::EtcdVersion;
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};

/// What was under load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The short names of the nodes with a member.
    pub members: Vec<String>,
    pub key: String,
    pub etcd: String,
}

#[derive(Clone, Debug)]
pub struct Measurement {
    /// What was under load.
    pub subject: Subject,
    pub began_at: OffsetDateTime,
    pub history: History,
    pub stages: Vec<Stage>,
    /// The numbers of the writes that each writer lost.
    pub lost: Vec<BTreeSet<u64>>,
}

impl Subject {
    pub fn of(config: &ZoneConfig) -> Self {
        Self {
            members: config.members().map(|node| node.name.short().to_owned()).collect(),
            key: config.pki.key.to_string(),
            etcd: config.etcd.version.unwrap_or(EtcdVersion::DEFAULT).to_string(),
        }
    }
}

impl Measurement {
    /// From what was noted, and the numbers that were read back of each writer.
    pub fn new(
        subject: Subject,
        began_at: OffsetDateTime,
        history: History,
        found: &[BTreeSet<u64>],
    ) -> Self {
        let nothing = BTreeSet::new();
        let lost: Vec<BTreeSet<u64>> = history
            .writers
            .iter()
            .enumerate()
            .map(|(index, track)| lost(&track.answered, found.get(index).unwrap_or(&nothing)))
            .collect();
        let stages = stages(&history, &lost);
        Self { subject, began_at, history, stages, lost }
    }

    /// How many acknowledged writes are not there.
    pub fn lost_writes(&self) -> usize {
        self.lost.iter().map(BTreeSet::len).sum()
    }

    pub fn writes(&self) -> usize {
        self.history.writers.iter().map(|track| track.answered.len()).sum()
    }

    /// How many writes failed for good.
    pub fn failed_writes(&self) -> usize {
        self.history.writers.iter().map(|track| track.given_up.len()).sum()
    }

    /// From the first stage to the end.
    pub fn duration(&self) -> Duration {
        self.history.ended.saturating_sub(self.history.steady)
    }

    /// What it cost the client that uses all endpoints, against the goal. None if there was no stage.
    pub fn against_goal(&self) -> Option<AgainstGoal> {
        AgainstGoal::of(&self.stages)
    }

    /// A table and a verdict, for a terminal.
    pub fn text(&self) -> String {
        report::text(self)
    }

    /// For programs. Fields are added, never renamed; times are RFC 3339, durations seconds.
    pub fn json(&self) -> impl serde::Serialize {
        report::json(self)
    }

    /// A page for a browser, in one file that needs no other.
    pub fn html(&self) -> String {
        report::html(self)
    }

    /// Refuses what no rotation may cost: a write that was acknowledged and is gone, one that failed for
    /// good, or a read of the past.
    pub fn judge(&self) -> Result<()> {
        let mut faults = Vec::new();
        for (count, what) in [
            (self.lost_writes(), "acknowledged and are not there"),
            (self.failed_writes(), "tried until their time was over"),
        ] {
            if count > 0 {
                faults
                    .push(format!("{count} of {} writes were {what}", self.writes() + self.failed_writes()));
            }
        }
        if !self.history.stale_reads.is_empty() {
            faults.push(format!(
                "{} of {} reads were behind what had been acknowledged",
                self.history.stale_reads.len(),
                self.history.reader.answered.len()
            ));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::new(Exit::Unavailable, "the clients were harmed");
        failure.causes = faults;
        Err(failure.next("do not do this to a zone that is in use; the report says in which stage it was"))
    }
}
