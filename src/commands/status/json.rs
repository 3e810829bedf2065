//! A zone for a program. Fields are added, never renamed. Times are RFC 3339, durations seconds, sizes bytes;
//! what is not known is null.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zone_pki::Certificate;

use super::Answer;
use super::next_step::next_step;
use etcd::client::ListedMember;
use live::{Comparison, DataGroup, LiveMember, LiveZone, MemberStatus, PlaneView};
use model::plan::days_left;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    zone: String,
    at: String,
    took_seconds: f64,
    health: &'static str,
    reasons: Vec<String>,
    next: Option<String>,
    voters: usize,
    healthy_voters: usize,
    cluster_id: Option<String>,
    leader: Option<String>,
    leader_id: Option<String>,
    revision: Option<i64>,
    member_list_confirmed: bool,
    data: DataReport<'a>,
    members: Vec<MemberReport>,
    alarms: Vec<AlarmReport>,
    differences: Vec<DifferenceReport>,
    older_revocation_lists: Vec<OlderListReport<'a>>,
    authorities: Vec<AuthorityReport>,
    snapshots: SnapshotsReport,
}

/// When the newest good snapshot was taken, and when the last drill passed, as far as they are here.
#[derive(Serialize)]
struct SnapshotsReport {
    last_good: Option<String>,
    last_drill: Option<String>,
}

/// Whether the voters hold the same data: `same`, `different`, `one_voter` or `not_compared`.
#[derive(Serialize)]
struct DataReport<'a> {
    state: &'static str,
    groups: &'a [DataGroup],
    not_compared: &'a [String],
}

#[derive(Serialize)]
struct MemberReport {
    name: String,
    node: Option<String>,
    id: Option<String>,
    state: &'static str,
    down: Option<String>,
    in_zone: bool,
    in_cluster: Option<bool>,
    started: Option<bool>,
    voter: bool,
    learner: bool,
    leader: bool,
    listed_name: Option<String>,
    peer_urls: Vec<String>,
    client_urls: Vec<String>,
    planes: Vec<PlaneReport>,
    #[serde(flatten)]
    status: StatusReport,
}

/// All null for a member that does not answer, so that the fields are always there.
#[derive(Default, Serialize)]
struct StatusReport {
    cluster_id: Option<String>,
    version: Option<String>,
    storage_version: Option<String>,
    downgrade_target: Option<String>,
    sees_leader: Option<String>,
    raft_term: Option<u64>,
    raft_index: Option<u64>,
    raft_applied_index: Option<u64>,
    raft_lag: Option<u64>,
    revision: Option<i64>,
    db_size_bytes: Option<u64>,
    db_in_use_bytes: Option<u64>,
    db_quota_bytes: Option<u64>,
    errors: Vec<String>,
    quorum_read: Option<bool>,
    quorum_read_error: Option<String>,
    latency_seconds: Option<f64>,
    own_list_agrees: Option<bool>,
}

#[derive(Serialize)]
struct PlaneReport {
    plane: &'static str,
    url: String,
    failure: Option<String>,
    round_trip_seconds: Option<f64>,
    certificate: Option<CertificateReport>,
    leads_to_zone: Option<bool>,
    untrusted: Option<String>,
    accepts: Option<Vec<AcceptedReport>>,
}

#[derive(Serialize)]
struct CertificateReport {
    subject: String,
    names: Vec<String>,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    seconds_left: i64,
    days_left: i64,
    sha256: String,
}

#[derive(Serialize)]
struct AcceptedReport {
    subject: String,
    is_zones: bool,
}

#[derive(Serialize)]
struct AlarmReport {
    alarm: &'static str,
    member: Option<String>,
    id: String,
}

#[derive(Serialize)]
struct DifferenceReport {
    kind: &'static str,
    member: String,
    text: String,
}

/// A member that takes what was revoked since its list was made.
#[derive(Serialize)]
struct OlderListReport<'a> {
    member: &'a str,
    plane: &'static str,
}

#[derive(Serialize)]
struct AuthorityReport {
    authority: &'static str,
    #[serde(flatten)]
    certificate: CertificateReport,
}

impl<'a> Report<'a> {
    pub(super) fn new(answer: &'a Answer<'_>) -> Self {
        let live = &answer.live;
        let name = |id| live.member(id).map(|member| member.name.clone());
        Self {
            zone: answer.site.config().name.to_string(),
            at: rfc3339(live.at),
            took_seconds: live.took.as_secs_f64(),
            health: live.judgement.health.word(),
            reasons: live.judgement.reasons.clone(),
            next: next_step(answer),
            voters: live.judgement.voters,
            healthy_voters: live.judgement.healthy_voters,
            cluster_id: live.cluster_id.map(|id| id.to_string()),
            leader: live.leader.and_then(name),
            leader_id: live.leader.map(|id| id.to_string()),
            revision: live.revision,
            member_list_confirmed: live.list_is_confirmed,
            data: data_report(&live.data),
            members: live.members.iter().map(|member| member_report(live, member)).collect(),
            alarms: live
                .alarms
                .iter()
                .map(|alarm| AlarmReport {
                    alarm: alarm.kind.name(),
                    member: name(alarm.member),
                    id: alarm.member.to_string(),
                })
                .collect(),
            differences: live
                .differences
                .iter()
                .map(|difference| DifferenceReport {
                    kind: difference.word(),
                    member: difference.member().to_owned(),
                    text: difference.to_string(),
                })
                .collect(),
            older_revocation_lists: live
                .older_lists
                .iter()
                .map(|older| OlderListReport { member: &older.member, plane: older.plane.name() })
                .collect(),
            snapshots: SnapshotsReport {
                last_good: answer.snapshots.and_then(|latest| latest.good).map(rfc3339),
                last_drill: answer.snapshots.and_then(|latest| latest.drilled).map(rfc3339),
            },
            authorities: answer
                .authorities
                .all()
                .into_iter()
                .map(|(authority, certificate)| AuthorityReport {
                    authority,
                    certificate: certificate_report(certificate, live.at),
                })
                .collect(),
        }
    }
}

fn data_report(data: &Comparison) -> DataReport<'_> {
    let not_compared = match data {
        Comparison::NotCompared(why) => why.as_slice(),
        _ => &[],
    };
    DataReport { state: data.word(), groups: data.groups(), not_compared }
}

fn member_report(live: &LiveZone, member: &LiveMember) -> MemberReport {
    let listed = member.listed.as_ref();
    MemberReport {
        name: member.name.clone(),
        node: member.node.as_ref().map(|name| name.full().to_owned()),
        id: member.id().map(|id| id.to_string()),
        state: live.state_of(member),
        down: member.status.as_ref().err().cloned(),
        in_zone: member.node.is_some(),
        in_cluster: live.listed.as_ref().map(|_| listed.is_some()),
        started: listed.map(ListedMember::is_started),
        voter: member.is_voter(),
        learner: member.is_learner(),
        leader: member.id().is_some() && member.id() == live.leader,
        listed_name: listed.map(|listed| listed.name.clone()),
        peer_urls: listed.map(|listed| listed.peer_urls.clone()).unwrap_or_default(),
        client_urls: listed.map(|listed| listed.client_urls.clone()).unwrap_or_default(),
        planes: member.planes().map(|view| plane_report(view, live.at)).collect(),
        status: member.status.as_ref().map(|status| status_report(live, status)).unwrap_or_default(),
    }
}

fn status_report(live: &LiveZone, status: &MemberStatus) -> StatusReport {
    let read = status.quorum_read.as_ref();
    StatusReport {
        cluster_id: Some(status.cluster_id.to_string()),
        version: Some(status.version.clone()),
        storage_version: status.storage_version.clone(),
        downgrade_target: status.downgrade_target.clone(),
        sees_leader: status.leader.map(|id| id.to_string()),
        raft_term: Some(status.raft_term),
        raft_index: Some(status.raft_index),
        raft_applied_index: Some(status.raft_applied_index),
        raft_lag: Some(status.raft_lag),
        revision: Some(status.revision),
        db_size_bytes: Some(status.db_size),
        db_in_use_bytes: Some(status.db_size_in_use),
        db_quota_bytes: status.db_quota,
        errors: status.errors.clone(),
        quorum_read: read.map(Result::is_ok),
        quorum_read_error: read.and_then(|read| read.as_ref().err().cloned()),
        latency_seconds: read.and_then(|read| read.as_ref().ok()).map(std::time::Duration::as_secs_f64),
        own_list_agrees: match (&status.own_list, live.list_is_confirmed) {
            (Some(_), true) => Some(status.own_list == live.listed),
            _ => None,
        },
    }
}

fn plane_report(view: &PlaneView, now: OffsetDateTime) -> PlaneReport {
    let leaf = view.leaf();
    PlaneReport {
        plane: view.plane.name(),
        url: view.url.clone(),
        failure: view.fault().map(ToString::to_string),
        round_trip_seconds: view.round_trip.map(|time| time.as_secs_f64()),
        certificate: leaf.map(|leaf| certificate_report(leaf, now)),
        leads_to_zone: leaf.map(|_| view.untrusted.is_none()),
        untrusted: view.untrusted.clone(),
        accepts: view.accepts.as_ref().map(|accepts| {
            let report = |subject: &String| AcceptedReport {
                subject: subject.clone(),
                is_zones: !view.trust.iter().any(|trust| trust.surplus.contains(subject)),
            };
            accepts.iter().map(report).collect()
        }),
    }
}

fn certificate_report(certificate: &Certificate, now: OffsetDateTime) -> CertificateReport {
    CertificateReport {
        subject: certificate.subject().to_owned(),
        names: certificate.names().iter().map(ToString::to_string).collect(),
        issuer: certificate.issuer().to_owned(),
        serial: certificate.serial_hex(),
        not_before: rfc3339(certificate.not_before()),
        not_after: rfc3339(certificate.not_after()),
        seconds_left: (certificate.not_after() - now).whole_seconds(),
        days_left: days_left(certificate, now),
        sha256: zone_pki::hex::encode(&certificate.fingerprint_sha256()),
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
