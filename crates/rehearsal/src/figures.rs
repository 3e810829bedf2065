//! What a history says: gaps, failures and losses, stage by stage. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::history::{Answered, History, Track};
use operations::event::Event;

/// What is measured before the first stage begins: what the machine itself costs.
pub const BEFORE: &str = "before";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub name: &'static str,
    /// What was done, for people.
    pub what: String,
    pub began: Duration,
    /// When the next began, or the run ended.
    pub ended: Duration,
    /// The writers, in the order of the history.
    pub writers: Vec<Figures>,
    /// The reader. What it loses are answers that were behind what had been acknowledged.
    pub reader: Figures,
}

/// What one client had to bear in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    pub client: &'static str,
    pub answered: usize,
    /// The longest time from one answer to the next.
    pub longest_gap: Duration,
    pub gap_began: Duration,
    /// Requests that took more than one try.
    pub retried: usize,
    pub failed_tries: usize,
    /// Requests that failed for good.
    pub failed: usize,
    /// Acknowledged writes of this stage that are not there afterwards.
    pub lost: usize,
}

impl Stage {
    /// Everything that the writers wrote.
    pub fn writes(&self) -> usize {
        self.sum(|figures| figures.answered)
    }

    pub fn sum(&self, figure: impl Fn(&Figures) -> usize) -> usize {
        self.writers.iter().map(figure).sum()
    }
}

/// The numbers of the acknowledged writes that are not among those that were found.
pub fn lost(acknowledged: &[Answered], found: &BTreeSet<u64>) -> BTreeSet<u64> {
    acknowledged.iter().map(|write| write.number).filter(|number| !found.contains(number)).collect()
}

/// The stages of a run. `lost` are the numbers that each writer lost.
pub fn stages(history: &History, lost: &[BTreeSet<u64>]) -> Vec<Stage> {
    let starts = starts(history);
    let ends = starts.iter().skip(1).map(|(_, _, began)| *began).chain([history.ended]);
    let nothing = BTreeSet::new();
    starts
        .iter()
        .zip(ends)
        .map(|((name, what, began), ended)| {
            let span = Span { began: *began, ended, is_last: ended == history.ended };
            let writers = history.writers.iter().enumerate().map(|(index, track)| {
                span.figures(track, history.ended, lost.get(index).unwrap_or(&nothing))
            });
            let mut reader = span.figures(&history.reader, history.ended, &nothing);
            reader.lost = history.stale_reads.iter().filter(|at| span.holds(**at)).count();
            Stage { name, what: what.clone(), began: *began, ended, writers: writers.collect(), reader }
        })
        .collect()
}

/// Each stage with the time at which it begins.
fn starts(history: &History) -> Vec<(&'static str, String, Duration)> {
    let mut starts = vec![(BEFORE, "nothing is done yet".to_owned(), history.steady)];
    for noted in &history.events {
        if let Event::Stage { name, what } = &noted.event {
            starts.push((name, what.clone(), noted.at.max(history.steady)));
        }
    }
    starts
}

struct Span {
    began: Duration,
    ended: Duration,
    is_last: bool,
}

impl Span {
    fn holds(&self, at: Duration) -> bool {
        self.began <= at && (at < self.ended || self.is_last)
    }

    fn figures(&self, track: &Track, run_ended: Duration, lost: &BTreeSet<u64>) -> Figures {
        let own = || track.answered.iter().filter(|answer| self.holds(answer.at));
        let (gap_began, longest_gap) = self.longest_gap(track, run_ended);
        Figures {
            client: track.client,
            answered: own().count(),
            longest_gap,
            gap_began,
            retried: own().filter(|answer| answer.tries > 1).count(),
            failed_tries: track.failed_tries.iter().filter(|failed| self.holds(failed.at)).count(),
            failed: track.given_up.iter().filter(|given_up| self.holds(given_up.at)).count(),
            lost: own().filter(|answer| lost.contains(&answer.number)).count(),
        }
    }

    /// The longest gap that lies in this span, even in part: which of two stages caused it cannot be told, so
    /// one over their border counts for both. A client that is not answered any more has a gap until the end
    /// of the run.
    fn longest_gap(&self, track: &Track, run_ended: Duration) -> (Duration, Duration) {
        let answers = || track.answered.iter().map(|answer| answer.at);
        let begins = [Duration::ZERO].into_iter().chain(answers());
        begins
            .zip(answers().chain([run_ended]))
            .filter(|(began, ended)| *ended > self.began && *began < self.ended)
            .map(|(began, ended)| (began, ended.saturating_sub(began)))
            // The first answers came before the run was steady.
            .filter(|(began, _)| *began > Duration::ZERO || track.answered.is_empty())
            .max_by_key(|(_, gap)| *gap)
            .unwrap_or((self.began, Duration::ZERO))
    }
}
