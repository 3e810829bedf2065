//! The report for programs. Fields are added, never renamed.

use std::time::Duration;

use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::{Figures, GOAL, Measurement, Stage, Subject, TimedEvent, Track};
use operations::event::Event;

#[derive(Serialize)]
struct Report {
    at: String,
    took_seconds: f64,
    zone: Zone,
    writes: usize,
    lost_writes: usize,
    failed_writes: usize,
    stale_reads: usize,
    passed: bool,
    goal: Option<GoalReport>,
    stages: Vec<StageReport>,
    events: Vec<EventReport>,
    failed_tries: Vec<FailedTryReport>,
}

#[derive(Serialize)]
struct GoalReport {
    client: &'static str,
    at_most_seconds: f64,
    longest_gap_seconds: f64,
    stage: &'static str,
    before_seconds: f64,
    met: bool,
}

#[derive(Serialize)]
struct Zone {
    members: Vec<String>,
    key: String,
    etcd: String,
}

#[derive(Serialize)]
struct StageReport {
    name: &'static str,
    what: String,
    began_seconds: f64,
    took_seconds: f64,
    writers: Vec<ClientReport>,
    reader: ClientReport,
}

#[derive(Serialize)]
struct ClientReport {
    client: &'static str,
    answered: usize,
    longest_gap_seconds: f64,
    longest_gap_began_seconds: f64,
    retried: usize,
    failed_tries: usize,
    failed: usize,
    lost: usize,
}

#[derive(Serialize, Default)]
struct EventReport {
    at_seconds: f64,
    event: &'static str,
    node: Option<String>,
    from: Option<String>,
    to: Option<String>,
    took_seconds: Option<f64>,
}

#[derive(Serialize)]
struct FailedTryReport {
    at_seconds: f64,
    client: &'static str,
    node: String,
    why: String,
}

/// Everything but the single writes. Times count from the start of the first stage.
pub(crate) fn json(measured: &Measurement) -> impl Serialize + use<> {
    let Subject { members, key, etcd } = measured.subject.clone();
    let history = &measured.history;
    let since = |at: Duration| at.as_secs_f64() - history.steady.as_secs_f64();
    Report {
        at: measured.began_at.format(&Rfc3339).unwrap_or_default(),
        took_seconds: measured.duration().as_secs_f64(),
        zone: Zone { members, key, etcd },
        writes: measured.writes(),
        lost_writes: measured.lost_writes(),
        failed_writes: measured.failed_writes(),
        stale_reads: history.stale_reads.len(),
        passed: measured.judge().is_ok(),
        goal: measured.against_goal().map(|rated| GoalReport {
            client: rated.client,
            at_most_seconds: GOAL.as_secs_f64(),
            longest_gap_seconds: rated.longest.as_secs_f64(),
            stage: rated.stage,
            before_seconds: rated.before.as_secs_f64(),
            met: rated.is_met(),
        }),
        stages: measured.stages.iter().map(|stage| stage_report(stage, &since)).collect(),
        events: history.events.iter().filter_map(|noted| event_report(noted, &since)).collect(),
        failed_tries: history
            .writers
            .iter()
            .chain([&history.reader])
            .flat_map(|track| failed_tries(track, &since))
            .collect(),
    }
}

fn stage_report(stage: &Stage, since: &impl Fn(Duration) -> f64) -> StageReport {
    let client = |figures: &Figures| ClientReport {
        client: figures.client,
        answered: figures.answered,
        longest_gap_seconds: figures.longest_gap.as_secs_f64(),
        longest_gap_began_seconds: since(figures.gap_began),
        retried: figures.retried,
        failed_tries: figures.failed_tries,
        failed: figures.failed,
        lost: figures.lost,
    };
    StageReport {
        name: stage.name,
        what: stage.what.clone(),
        began_seconds: since(stage.began),
        took_seconds: stage.ended.saturating_sub(stage.began).as_secs_f64(),
        writers: stage.writers.iter().map(client).collect(),
        reader: client(&stage.reader),
    }
}

fn event_report(noted: &TimedEvent, since: &impl Fn(Duration) -> f64) -> Option<EventReport> {
    let at_seconds = since(noted.at);
    let report = match noted.event.clone() {
        // The stages have a list of their own.
        Event::Stage { .. } => return None,
        Event::Issued { holder } => {
            EventReport { event: "issued", node: Some(holder), ..EventReport::default() }
        }
        Event::LeaderMoved { from, to } => {
            EventReport { event: "leader_moved", from: Some(from), to: Some(to), ..EventReport::default() }
        }
        Event::Restarting { node } => {
            EventReport { event: "restarting", node: Some(node), ..EventReport::default() }
        }
        Event::Restarted { node, took } => EventReport {
            event: "restarted",
            node: Some(node),
            took_seconds: Some(took.as_secs_f64()),
            ..EventReport::default()
        },
    };
    Some(EventReport { at_seconds, ..report })
}

fn failed_tries(track: &Track, since: &impl Fn(Duration) -> f64) -> Vec<FailedTryReport> {
    let report = |failed: &crate::FailedTry| FailedTryReport {
        at_seconds: since(failed.at),
        client: track.client,
        node: failed.node.clone(),
        why: failed.why.clone(),
    };
    track.failed_tries.iter().map(report).collect()
}
