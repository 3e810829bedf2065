//! The table for a terminal.

use super::short;
use crate::{Figures, GOAL, Measurement, Stage};
use model::report::Table;

/// A row for each stage, and what it comes to.
pub(crate) fn text(measured: &Measurement) -> String {
    let subject = &measured.subject;
    let mut headings = vec!["stage", "took", "writes"];
    let gaps: Vec<String> =
        measured.history.writers.iter().map(|track| format!("gap {}", track.client)).collect();
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
    let all_clients = |figure: fn(&Figures) -> usize| stage.sum(figure) + figure(&stage.reader);
    cells.push(all_clients(|figures| figures.failed_tries).to_string());
    cells.push(all_clients(|figures| figures.failed).to_string());
    cells.push(stage.sum(|figures| figures.lost).to_string());
    cells
}

/// What it comes to, in one line or more.
pub(crate) fn verdict(measured: &Measurement) -> String {
    match measured.judge() {
        Ok(()) => format!(
            "no acknowledged write is lost, none failed for good; {} were tried more than once",
            measured.stages.iter().map(|stage| stage.sum(|figures| figures.retried)).sum::<usize>()
        ),
        Err(failure) => failure.to_string(),
    }
}

/// The longest gap of the client that uses all endpoints, and whether it is as short as it should be. Empty
/// if nothing was done.
pub(super) fn against_goal(measured: &Measurement) -> String {
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
