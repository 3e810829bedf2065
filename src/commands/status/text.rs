//! A zone for a person: what matters first, three nodes on one screen of 80 columns.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use time::OffsetDateTime;

use super::Answer;
use super::next_step::next_step;
use diagnosis::rules::snapshots::shown;
use live::{Comparison, Difference, Health, LiveMember, LiveZone, MemberStatus, PlaneView};
use model::plan::{Plane, days_left};
use model::report::{Table, fitted, wrapped};
use store::snapshot::LatestSnapshots;

/// Stands where there is nothing to tell.
const NOTHING: &str = "-";

pub(super) fn render(answer: &Answer<'_>) -> String {
    let live = &answer.live;
    let mut reasons = live.judgement.reasons.as_slice();
    let mut out = String::new();
    // One line whatever its length, so that the first line always has all of it.
    if let (Comparison::Different(_), [diverged, others @ ..]) = (&live.data, reasons) {
        let _ = writeln!(out, "{diverged}");
        reasons = others;
    }
    out.push_str(&fitted("", headline(answer).iter().map(String::as_str), "  "));
    for reason in reasons {
        out.push_str(&wrapped("  ", reason));
    }
    out.push_str("\nmembers\n");
    out.push_str(&members(live));
    out.push_str("\ncertificates, days left\n");
    out.push_str(&certificates(answer));
    section(&mut out, "snapshots", snapshots(answer));
    section(&mut out, "alarms", alarms(live));
    section(&mut out, "differences from zone.toml", differences(live));
    if let Some(next) = next_step(answer) {
        // Not broken: a command is there to be copied.
        let _ = write!(out, "\nnext: {next}\n");
    }
    out
}

fn headline(answer: &Answer<'_>) -> Vec<String> {
    let live = &answer.live;
    let verdict = match live.judgement.health {
        Health::Healthy => "healthy",
        Health::NotCompared => "data not compared",
        Health::Degraded => "degraded",
        Health::LostQuorum => "no quorum",
    };
    let mut parts = vec![answer.site.config().name.to_string(), verdict.to_owned()];
    let versions: BTreeSet<&str> = statuses(live).map(|(_, status)| status.version.as_str()).collect();
    if !versions.is_empty() {
        parts.push(format!("etcd {}", Vec::from_iter(versions).join(", ")));
    }
    parts.push(match live.leader {
        Some(id) => {
            format!("leader {}", live.member(id).map_or_else(|| id.to_string(), |member| member.name.clone()))
        }
        None => "no leader".to_owned(),
    });
    parts.extend(live.revision.map(|revision| format!("revision {revision}")));
    parts
}

fn members(live: &LiveZone) -> String {
    let mut table = Table::new(&["name", "state", "version", "role", "in use", "db", "lag", "latency"]);
    for member in &live.members {
        let role = live.role_of(member).to_owned();
        let name = member.name.clone();
        table.row(match &member.status {
            Ok(status) => [
                name,
                live.state_of(member).to_owned(),
                status.version.clone(),
                role,
                bytes(status.db_size_in_use),
                bytes(status.db_size),
                status.raft_lag.to_string(),
                latency(status),
            ],
            Err(_) => {
                let [version, in_use, size, lag, latency] = [NOTHING; 5].map(str::to_owned);
                [name, live.state_of(member).to_owned(), version, role, in_use, size, lag, latency]
            }
        });
    }
    table.render_indented()
}

fn bytes(size: u64) -> String {
    ByteSize::b(size).display().iec().to_string()
}

fn latency(status: &MemberStatus) -> String {
    match &status.quorum_read {
        Some(Ok(time)) => human(*time),
        _ => NOTHING.to_owned(),
    }
}

fn human(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    match milliseconds {
        _ if milliseconds < 10.0 => format!("{milliseconds:.1} ms"),
        _ if milliseconds < 1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

fn certificates(answer: &Answer<'_>) -> String {
    let live = &answer.live;
    let mut table = Table::new(&["node", "client plane", "peer plane"]);
    let served = |view: Option<&PlaneView>| match view.and_then(PlaneView::leaf) {
        Some(leaf) => days(days_left(leaf, live.at)),
        None => "not seen".to_owned(),
    };
    for member in &live.members {
        table.row([member.name.clone(), served(member.client.as_deref()), served(member.peer.as_deref())]);
    }
    let authority = |plane| days(days_left(answer.authorities.plane(plane), live.at));
    table.row(["plane CA".to_owned(), authority(Plane::Client), authority(Plane::Peer)]);
    let root = days(days_left(&answer.authorities.root, live.at));
    table.row(["root CA".to_owned(), root.clone(), root]);
    table.render_indented()
}

fn snapshots(answer: &Answer<'_>) -> Vec<String> {
    let Some(LatestSnapshots { good: Some(good), drilled }) = answer.snapshots else { return Vec::new() };
    let ago = |at: OffsetDateTime| format!("{} ago", shown(answer.live.at - at));
    let drilled = drilled.map_or_else(|| "never".to_owned(), ago);
    vec![format!("last good {}, last drill that passed {drilled}", ago(good))]
}

fn days(days: i64) -> String {
    if days < 0 { "expired".to_owned() } else { days.to_string() }
}

fn alarms(live: &LiveZone) -> Vec<String> {
    let name = |id| live.member(id).map_or_else(|| format!("{id}"), |member| member.name.clone());
    live.alarms.iter().map(|alarm| format!("{} raised by {}", alarm.kind, name(alarm.member))).collect()
}

/// Those that are not among the reasons already.
fn differences(live: &LiveZone) -> Vec<String> {
    let is_told = |difference: &&Difference| {
        matches!(
            difference,
            Difference::NotAMember { .. } | Difference::Unstarted { .. } | Difference::OtherCluster { .. }
        )
    };
    live.differences.iter().filter(|difference| !is_told(difference)).map(ToString::to_string).collect()
}

fn section(out: &mut String, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let _ = write!(out, "\n{title}\n");
        lines.iter().for_each(|line| out.push_str(&wrapped("  ", line)));
    }
}

fn statuses(live: &LiveZone) -> impl Iterator<Item = (&LiveMember, &MemberStatus)> {
    live.members.iter().filter_map(|member| Some((member, member.status.as_ref().ok()?)))
}
