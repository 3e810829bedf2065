//! A zone as metrics, in the text format of Prometheus' exposition (version 0.0.4).

use super::Answer;
use super::metrics::Page;
use live::{AlarmKind, Comparison, Health, LiveMember, LiveZone, MemberStatus};
use model::plan::Plane;

pub(super) fn render(answer: &Answer<'_>) -> String {
    let live = &answer.live;
    let zone = answer.site.config().name.as_str();
    let mut page = Page::of(zone);
    page.family("build_info", "The version of zone-etcd that has written this; always 1.");
    page.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    of_zone(&mut page, live);
    of_members(&mut page, live);
    of_answering(&mut page, live);
    of_certificates(&mut page, answer);
    of_revocation_lists(&mut page, answer);
    of_snapshots(&mut page, answer);
    page.text()
}

const HEALTH: &str = "The health of the zone: 0 no quorum, 1 degraded, 2 healthy, 3 nothing is wrong \
    but the data was not compared.";

fn of_zone(page: &mut Page<'_>, live: &LiveZone) {
    let health = match live.judgement.health {
        Health::LostQuorum => 0.0,
        Health::Degraded => 1.0,
        Health::Healthy => 2.0,
        Health::NotCompared => 3.0,
    };
    let count = |number: usize| number as f64;
    let listed = live.listed.as_ref().map_or(live.members.len(), Vec::len);
    let last_run = live.at.unix_timestamp() as f64;
    page.single("health", HEALTH, health);
    page.single("members", "Members that the cluster has, learners included.", count(listed));
    page.single("voters", "Members that vote.", count(live.judgement.voters));
    let healthy = count(live.judgement.healthy_voters);
    page.single("healthy_voters", "Voters that answer reads through the quorum.", healthy);
    let differences = count(live.differences.len());
    let help = "Differences between zone.toml and the live member list.";
    page.single("member_list_differences", help, differences);
    let is_compared = !matches!(live.data, Comparison::NotCompared(_));
    page.single("data_compared", "Whether the data of the voters was compared.", flag(is_compared));
    let differs = matches!(live.data, Comparison::Different(_));
    page.single("data_differs", "Whether voters hold different data.", flag(differs));
    page.single("last_run_timestamp_seconds", "When the zone was looked at.", last_run);
}

fn of_members(page: &mut Page<'_>, live: &LiveZone) {
    let is_leader = |member: &LiveMember| member.id().is_some() && member.id() == live.leader;
    page.family("member_up", "Whether the member answers.");
    for member in &live.members {
        page.sample("member_up", &[("node", &member.name)], flag(member.status.is_ok()));
    }
    page.family("member_is_leader", "Whether the member is the leader.");
    for member in &live.members {
        page.sample("member_is_leader", &[("node", &member.name)], flag(is_leader(member)));
    }
    page.family("member_is_learner", "Whether the member is a learner, which does not vote.");
    for member in &live.members {
        page.sample("member_is_learner", &[("node", &member.name)], flag(member.is_learner()));
    }
    page.family("member_data_hash", "The hash of the member's data; hashes of one run are comparable.");
    for group in live.data.groups() {
        for name in &group.members {
            page.sample("member_data_hash", &[("node", name)], f64::from(group.hash));
        }
    }
    page.family("member_alarm", "Whether the member has raised the alarm.");
    for member in &live.members {
        for kind in [AlarmKind::Corrupt, AlarmKind::NoSpace] {
            let is_raised =
                live.alarms.iter().any(|alarm| Some(alarm.member) == member.id() && alarm.kind == kind);
            page.sample("member_alarm", &[("node", &member.name), ("alarm", kind.name())], flag(is_raised));
        }
    }
}

/// What a family says of a member that answers; none if there is nothing to say.
type Value = fn(&MemberStatus) -> Option<f64>;

const OF_STATUS: [(&str, &str, Value); 6] = [
    ("member_has_leader", "Whether the member sees a leader.", |status| Some(flag(status.leader.is_some()))),
    ("member_db_size_bytes", "The size of the database file.", |status| Some(status.db_size as f64)),
    ("member_db_in_use_bytes", "The part of the database file that is in use.", |status| {
        Some(status.db_size_in_use as f64)
    }),
    ("member_db_quota_bytes", "What the database may grow to; since etcd 3.6.", |status| {
        status.db_quota.map(|quota| quota as f64)
    }),
    (
        "member_raft_lag_entries",
        "Log entries that the member has still to apply until it is where the furthest member is.",
        |status| Some(status.raft_lag as f64),
    ),
    ("member_quorum_read_duration_seconds", "The time of a read through the quorum.", |status| {
        status.quorum_read.as_ref()?.as_ref().ok().map(std::time::Duration::as_secs_f64)
    }),
];

fn of_answering(page: &mut Page<'_>, live: &LiveZone) {
    let answering = || live.members.iter().filter_map(|member| Some((member, member.status.as_ref().ok()?)));
    for (family, help, value) in OF_STATUS {
        page.family(family, help);
        for (member, status) in answering() {
            if let Some(value) = value(status) {
                page.sample(family, &[("node", &member.name)], value);
            }
        }
    }
    page.family("member_info", "The version of the member and its id; always 1.");
    for (member, status) in answering() {
        let id = status.id.to_string();
        page.sample("member_info", &[("node", &member.name), ("version", &status.version), ("id", &id)], 1.0);
    }
}

fn of_certificates(page: &mut Page<'_>, answer: &Answer<'_>) {
    let family = "certificate_not_after_timestamp_seconds";
    page.family(family, "When the certificate that a member serves expires, read from its handshake.");
    for member in &answer.live.members {
        for view in member.planes() {
            let Some(leaf) = view.leaf() else { continue };
            let role = view.plane.serves_with().name;
            let labels = [("node", member.name.as_str()), ("plane", view.plane.name()), ("role", role)];
            page.sample(family, &labels, leaf.not_after().unix_timestamp() as f64);
        }
    }
    let family = "ca_not_after_timestamp_seconds";
    page.family(family, "When a CA of the zone expires, and with it all that it issued.");
    for (authority, certificate) in answer.authorities.all() {
        page.sample(family, &[("ca", authority)], certificate.not_after().unix_timestamp() as f64);
    }
}

fn of_revocation_lists(page: &mut Page<'_>, answer: &Answer<'_>) {
    let lists = || Plane::ALL.map(|plane| (plane.name(), answer.authorities.revocations(plane)));
    let family = "revoked_certificates";
    page.family(family, "Certificates on the revocation list that is used here.");
    for (plane, list) in lists() {
        page.sample(family, &[("plane", plane)], list.len() as f64);
    }
    let family = "revocation_list_number";
    page.family(
        family,
        "The number of the revocation list that is used here; each new list has a higher one.",
    );
    for (plane, list) in lists() {
        if let Some(number) = list.number() {
            page.sample(family, &[("plane", plane)], number as f64);
        }
    }
    let family = "revocation_list_next_update_timestamp_seconds";
    page.family(family, "When a newer revocation list is due, by what the list says.");
    for (plane, list) in lists() {
        if let Some(at) = list.next_update() {
            page.sample(family, &[("plane", plane)], at.unix_timestamp() as f64);
        }
    }
}

fn of_snapshots(page: &mut Page<'_>, answer: &Answer<'_>) {
    let latest = answer.snapshots.unwrap_or_default();
    let family = "snapshot_missing";
    page.family(family, "Whether snapshots are taken here, and there is no good one.");
    if answer.snapshots.is_some() {
        page.sample(family, &[], flag(latest.good.is_none()));
    }
    for (family, help, at) in [
        ("snapshot_last_good_timestamp_seconds", "When the newest good snapshot was taken.", latest.good),
        ("snapshot_last_drill_timestamp_seconds", "When a drill of a snapshot last passed.", latest.drilled),
    ] {
        page.family(family, help);
        if let Some(at) = at {
            page.sample(family, &[], at.unix_timestamp() as f64);
        }
    }
}

fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}
