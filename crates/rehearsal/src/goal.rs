//! What the stages may cost a client that uses all endpoints. Missing it does no harm, so it is reported and
//! not refused.

use std::time::Duration;

use super::figures::{BEFORE, Figures, Stage};

/// No gap between two acknowledged writes should be longer.
pub const GOAL: Duration = Duration::from_millis(150);

/// The longest gap of the client that uses all endpoints, against the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgainstGoal {
    pub client: &'static str,
    /// The stage of the longest gap; the first of them if it lies on a border.
    pub stage: &'static str,
    /// The longest gap of any stage.
    pub longest: Duration,
    /// The longest gap while nothing was done: what the machine costs.
    pub before: Duration,
}

impl AgainstGoal {
    /// By the first writer, which is the one that uses all endpoints. None if there was no stage.
    pub fn of(stages: &[Stage]) -> Option<Self> {
        let first = |stage: &Stage| stage.writers.first().map(|figures| (stage.name, figures.clone()));
        let figures: Vec<(&'static str, Figures)> = stages.iter().filter_map(first).collect();
        let before = figures.iter().find(|(stage, _)| *stage == BEFORE);
        let rated = figures.iter().filter(|(stage, _)| *stage != BEFORE);
        // Of equal ones the last would be taken.
        let (stage, longest) = rated.rev().max_by_key(|(_, figures)| figures.longest_gap)?;
        Some(Self {
            client: longest.client,
            stage,
            longest: longest.longest_gap,
            before: before.map(|(_, figures)| figures.longest_gap).unwrap_or_default(),
        })
    }

    pub fn is_met(&self) -> bool {
        self.longest <= GOAL
    }
}
