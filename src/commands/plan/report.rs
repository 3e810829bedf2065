//! A plan for a program.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificates::{Listed, Trusted};
use super::{certificates, members, puts_aside};
use launch::{Launch, Start};
use model::plan::{InitialMember, PeerState, days_left};

/// A plan for a program. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct PlanReport {
    node: String,
    decision: &'static str,
    member: MemberReport,
    cluster_id: String,
    token: String,
    initial_cluster: String,
    members: Vec<MemberReport>,
    etcd: EtcdReport,
    data_dir: String,
    listen_peer_urls: Vec<String>,
    listen_client_urls: Vec<String>,
    /// None where there is no port for it.
    listen_metrics_url: Option<String>,
    advertise_client_url: String,
    certificates: Vec<CertificateReport>,
    trust: Vec<TrustReport>,
    argv: Vec<String>,
    /// The other members of the zone description, as they were found.
    peers: Vec<PeerReport>,
    /// Whether the start puts the data directory aside.
    set_aside: bool,
}

#[derive(Serialize)]
struct MemberReport {
    name: String,
    peer_url: String,
    id: String,
}

#[derive(Serialize)]
struct PeerReport {
    name: String,
    url: String,
    /// `serves`, `waits`, `starts`, `absent`, `unusable` or `not_asked`.
    state: &'static str,
    detail: Option<String>,
}

#[derive(Serialize)]
struct EtcdReport {
    path: String,
    version: String,
    origin: String,
}

#[derive(Serialize)]
struct CertificateReport {
    role: &'static str,
    file: String,
    subject: String,
    usages: String,
    names: Vec<String>,
    days_left: Option<i64>,
    issue: Option<String>,
}

#[derive(Serialize)]
struct TrustReport {
    plane: &'static str,
    subject: String,
    sha256: String,
    days_left: i64,
}

impl PlanReport {
    pub(super) fn new(launch: &Launch<'_>, start: &Start, now: OffsetDateTime) -> Self {
        let member = &launch.member;
        let path = launch.binary.path.to_string_lossy().into_owned();
        Self {
            node: member.node.full().to_owned(),
            decision: start.decision.word(),
            member: MemberReport {
                name: member.member.name.clone(),
                peer_url: member.member.peer_url.to_string(),
                id: start.ids.member.to_string(),
            },
            cluster_id: start.ids.cluster.to_string(),
            token: member.cluster.token.to_string(),
            initial_cluster: start.initial_cluster().to_owned(),
            members: members::of(launch, start)
                .into_iter()
                .map(|listed| MemberReport { name: listed.name, peer_url: listed.peer_url, id: listed.id })
                .collect(),
            etcd: EtcdReport {
                path: path.clone(),
                version: launch.binary.version.to_string(),
                origin: launch.binary.origin.to_string(),
            },
            data_dir: member.paths.data().to_string_lossy().into_owned(),
            listen_peer_urls: member.listen_peer.clone(),
            listen_client_urls: member.listen_client.clone(),
            listen_metrics_url: member.listen_metrics.clone(),
            advertise_client_url: member.advertise_client.clone(),
            certificates: certificates::of(launch, now).into_iter().map(CertificateReport::from).collect(),
            trust: certificates::trusted(launch).iter().map(|trusted| trust_report(trusted, now)).collect(),
            argv: [path].into_iter().chain(start.arguments.iter().cloned()).collect(),
            peers: member
                .cluster
                .members
                .iter()
                .filter(|other| other.name != member.member.name)
                .map(|other| peer_report(other, start))
                .collect(),
            set_aside: puts_aside(launch),
        }
    }
}

fn peer_report(other: &InitialMember, start: &Start) -> PeerReport {
    let found = start.peers.iter().find(|peer| peer.name == other.name).map(|peer| &peer.state);
    let (state, detail) = match found {
        None | Some(PeerState::NotHeard) => ("not_asked", None),
        Some(PeerState::Serves { .. }) => ("serves", None),
        Some(PeerState::Launches | PeerState::Closes) => ("waits", None),
        Some(PeerState::Starts) => ("starts", None),
        Some(PeerState::Absent(why)) => ("absent", Some(why.clone())),
        Some(PeerState::Unusable(why)) => ("unusable", Some(why.clone())),
    };
    PeerReport { name: other.name.clone(), url: other.peer_url.to_string(), state, detail }
}

impl From<Listed> for CertificateReport {
    fn from(listed: Listed) -> Self {
        let Listed { role, file, subject, usages, names, days_left, issue } = listed;
        let names = names.iter().map(ToString::to_string).collect();
        Self { role, file, subject, usages: usages.to_string(), names, days_left, issue }
    }
}

fn trust_report(trusted: &Trusted<'_>, now: OffsetDateTime) -> TrustReport {
    TrustReport {
        plane: trusted.plane.name(),
        subject: trusted.authority.subject().to_owned(),
        sha256: zone_pki::hex::encode(&trusted.authority.fingerprint_sha256()),
        days_left: days_left(trusted.authority, now),
    }
}
