//! The table for a terminal.

use super::short;
use crate::rehearsal::{Figures, GOAL, Measured, Stage};
use crate::report::Table;

/// A row for each stage, and what it comes to.
pub(in crate::rehearsal) fn text(measured: &Measured) -> String {
    let subject = &measured.subject;
    let mut headings = vec!["stage", "took", "writes"];
    let gaps: Vec<String> =
        measured.recording.writers.iter().map(|track| format!("gap {}", track.client)).collect();
    headings.extend(gaps.iter().map(String::as_str));
    headings.extend(["gap reads", "tries failed", "failed", "lost"]);
    let mut table = Table::new(&headings);
    for stage in &measured.stages {
        table.cells(row(stage));
    }
    format!(
        "{} members, {} keys, etcd {}: {} writes in {}\n\n{}\n{}\n{}\n",
        subject.members.len(),
        subject.key,
        subject.etcd,
        measured.writes(),
        short(measured.duration()),
        table.render(),
        verdict(measured),
        against_goal(measured),
    )
}

fn row(stage: &Stage) -> Vec<String> {
    let mut cells = vec![
        stage.name.to_owned(),
        short(stage.ended.saturating_sub(stage.began)),
        stage.writes().to_string(),
    ];
    cells.extend(stage.writers.iter().chain([&stage.reader]).map(|figures| short(figures.longest_gap)));
    let everybody = |figure: fn(&Figures) -> usize| stage.sum(figure) + figure(&stage.reader);
    cells.push(everybody(|figures| figures.failed_tries).to_string());
    cells.push(everybody(|figures| figures.failed).to_string());
    cells.push(stage.sum(|figures| figures.lost).to_string());
    cells
}

/// What it comes to, in one line or more.
pub(in crate::rehearsal) fn verdict(measured: &Measured) -> String {
    match measured.judge() {
        Ok(()) => format!(
            "no acknowledged write is lost, none failed for good; {} were tried more than once",
            measured.stages.iter().map(|stage| stage.sum(|figures| figures.retried)).sum::<usize>()
        ),
        Err(failure) => failure.to_string(),
    }
}

/// The longest gap of the client that uses all endpoints, and whether it is as short as it should be. Empty if nothing was done.
pub(super) fn against_goal(measured: &Measured) -> String {
    let Some(rated) = measured.against_goal() else { return String::new() };
    let met = if rated.is_met() { "met" } else { "missed" };
    format!(
        "longest gap, {}: {} in {}; goal, at most {}: {met}; while nothing was done: {}",
        rated.client,
        short(rated.longest),
        rated.stage,
        short(GOAL),
        short(rated.before),
    )
}
