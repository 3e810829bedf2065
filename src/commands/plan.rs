//! `plan`: the start as `run` would make it, printed. Nothing is touched.

use std::fmt::Write as _;

use serde::Serialize;
use time::OffsetDateTime;

use super::{binary_request, json, print};
use crate::cli::{LaunchArgs, PlanArgs, PlanFormat};
use crate::error::Result;
use crate::etcd::Origin;
use crate::launch::{Asking, Launch, LaunchOptions, Start};
use crate::plan::{Plane, StartDecision, days_left};
use crate::report::{self, Table, human_names, shell_quoted};
use crate::zone_directory::{Authorities, Entry, Verdict, ZoneDirectory};

pub(super) fn run(arguments: PlanArgs, now: OffsetDateTime) -> Result<()> {
    let LaunchArgs { zone, node, etcd, set_aside_data, flags } = arguments.launch;
    let zone = ZoneDirectory::open(&zone.zone)?;
    zone.report_warnings();
    let node = zone.node(&node)?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let options = LaunchOptions { binary: binary_request(etcd), flags, set_aside_data };
    let launch = Launch::prepare(&zone, node, &authorities, &options, now)?;
    // Without certificates nobody can be asked, and `plan` issues none.
    let asking = if launch.certificates.is_complete() { Asking::Once } else { Asking::No };
    let start = launch.decide(asking)?;
    start.warnings.iter().for_each(|warning| report::warning(warning));
    print(&match arguments.format {
        PlanFormat::Text => text(&launch, &start, &authorities, now),
        PlanFormat::Json => json(&PlanReport::new(&launch, &start, &authorities, now))?,
        PlanFormat::Argv => argv(&launch, &start),
        PlanFormat::Env => environment(&start),
    })
}

fn argv(launch: &Launch<'_>, start: &Start) -> String {
    let mut lines = format!("{}\n", launch.binary.path.display());
    for argument in &start.arguments {
        let _ = writeln!(lines, "{argument}");
    }
    lines
}

/// etcd reads every flag from a variable too: upper case, hyphens as underscores (`pkg/flags/flag.go`, `FlagToEnv`).
fn environment(start: &Start) -> String {
    let mut lines = String::new();
    for argument in &start.arguments {
        let flag = argument.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let _ =
            writeln!(lines, "ETCD_{}={}", name.to_ascii_uppercase().replace('-', "_"), shell_quoted(value));
    }
    lines
}

fn text(launch: &Launch<'_>, start: &Start, authorities: &Authorities, now: OffsetDateTime) -> String {
    let mut out = String::new();
    let member = &launch.member;
    let ids = start.ids;
    let mut line = |label: &str, value: String| {
        let _ = writeln!(out, "{label:<12} {value}");
    };
    line("node", member.node.to_string());
    line("start", start_sentence(launch, start));
    line("member", format!("{}  id {}", member.member.name, ids.member));
    line("cluster", format!("id {}, token {}", ids.cluster, member.cluster.token));
    line("etcd", format!("{}  {}", launch.binary.version, launch.binary.path.display()));
    line("", origin_sentence(&launch.binary.origin));
    line("data", member.paths.data().display().to_string());
    line("peers", format!("listens on {}", member.listen_peer.join(", ")));
    line("", format!("reached at {}", member.member.peer_url));
    line("clients", format!("listens on {}", member.listen_client.join(", ")));
    line("", format!("reached at {}", member.advertise_client));
    line("metrics", format!("{} (loopback, no TLS)", member.listen_metrics));

    out.push_str("\nmembers\n");
    let mut members = Table::new(&[]);
    for initial in &member.cluster.members {
        let here = if initial.name == member.member.name { "this node" } else { "" };
        members.row([
            initial.name.clone(),
            initial.peer_url.to_string(),
            initial.id.to_string(),
            here.to_owned(),
        ]);
    }
    out.push_str(&members.render_indented());

    out.push_str("\ncertificates\n");
    let mut certificates = Table::new(&["file", "subject", "usage", "days left", "names"]);
    for entry in &launch.certificates.entries {
        let (subject, days) = match &entry.verdict {
            Verdict::Keep { certificate, .. } => {
                (certificate.subject().to_owned(), days_left(certificate, now).to_string())
            }
            Verdict::Issue(reason) => (entry.spec.subject.to_string(), format!("issue: {reason}")),
        };
        let names = human_names(&entry.spec.names);
        certificates.row([
            entry.role.certificate_file(),
            subject,
            entry.spec.usages.to_string(),
            days,
            names,
        ]);
    }
    out.push_str(&certificates.render_indented());

    out.push_str("\ntrust\n");
    let mut trust = Table::new(&["plane", "CA", "days left", "SHA-256"]);
    for plane in Plane::ALL {
        let authority = authorities.plane(plane);
        let days = days_left(authority, now).to_string();
        trust.row([
            plane.name().to_owned(),
            authority.subject().to_owned(),
            days,
            zone_pki::hex::encode(&authority.fingerprint_sha256()),
        ]);
    }
    out.push_str(&trust.render_indented());

    out.push_str("\ncommand\n");
    let _ = write!(out, "  {}", shell_quoted(&launch.binary.path.display().to_string()));
    for argument in &start.arguments {
        let _ = write!(out, " \\\n    {}", shell_quoted(argument));
    }
    out.push('\n');
    out
}

fn start_sentence(launch: &Launch<'_>, start: &Start) -> String {
    match &start.decision {
        StartDecision::Resume(_) => "resume: the member goes on with the data that is there".to_owned(),
        StartDecision::Bootstrap => match launch.member.cluster.members.len() {
            1 => "bootstrap: no data yet; a new cluster of this one member".to_owned(),
            2 => "bootstrap: no data yet; a new cluster with the other member".to_owned(),
            count => format!("bootstrap: no data yet; a new cluster with the other {} members", count - 1),
        },
        StartDecision::Join(join) => format!(
            "join: the running cluster expects this member{}",
            if join.learner { " as a learner, without a vote" } else { "" }
        ),
    }
}

fn origin_sentence(origin: &Origin) -> String {
    match origin {
        Origin::Given => "given with --etcd; not checked against a manifest".to_owned(),
        Origin::Bundled { source } => format!("bundled: {source}"),
        Origin::System => "found in PATH; not checked against a manifest".to_owned(),
    }
}

/// A plan for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct PlanReport {
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
    listen_metrics_url: String,
    advertise_client_url: String,
    certificates: Vec<CertificateReport>,
    trust: Vec<TrustReport>,
    argv: Vec<String>,
}

#[derive(Serialize)]
struct MemberReport {
    name: String,
    peer_url: String,
    id: String,
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
    fn new(launch: &Launch<'_>, start: &Start, authorities: &Authorities, now: OffsetDateTime) -> Self {
        let member = &launch.member;
        let report = |initial: &crate::plan::InitialMember| MemberReport {
            name: initial.name.clone(),
            peer_url: initial.peer_url.to_string(),
            id: initial.id.to_string(),
        };
        let path = launch.binary.path.display().to_string();
        Self {
            node: member.node.full().to_owned(),
            decision: start.decision.word(),
            member: MemberReport { id: start.ids.member.to_string(), ..report(&member.member) },
            cluster_id: start.ids.cluster.to_string(),
            token: member.cluster.token.to_string(),
            initial_cluster: member.cluster.flag_value(),
            members: member.cluster.members.iter().map(report).collect(),
            etcd: EtcdReport {
                path: path.clone(),
                version: launch.binary.version.to_string(),
                origin: origin_sentence(&launch.binary.origin),
            },
            data_dir: member.paths.data().display().to_string(),
            listen_peer_urls: member.listen_peer.clone(),
            listen_client_urls: member.listen_client.clone(),
            listen_metrics_url: member.listen_metrics.clone(),
            advertise_client_url: member.advertise_client.clone(),
            certificates: launch
                .certificates
                .entries
                .iter()
                .map(|entry| certificate_report(entry, now))
                .collect(),
            trust: Plane::ALL.into_iter().map(|plane| trust_report(plane, authorities, now)).collect(),
            argv: [path].into_iter().chain(start.arguments.iter().cloned()).collect(),
        }
    }
}

fn certificate_report(entry: &Entry, now: OffsetDateTime) -> CertificateReport {
    let (days_left, issue) = match &entry.verdict {
        Verdict::Keep { certificate, .. } => (Some(days_left(certificate, now)), None),
        Verdict::Issue(reason) => (None, Some(reason.to_string())),
    };
    CertificateReport {
        role: entry.role.name,
        file: entry.role.certificate_file(),
        subject: entry.spec.subject.to_string(),
        usages: entry.spec.usages.to_string(),
        names: entry.spec.names.iter().map(ToString::to_string).collect(),
        days_left,
        issue,
    }
}

fn trust_report(plane: Plane, authorities: &Authorities, now: OffsetDateTime) -> TrustReport {
    let authority = authorities.plane(plane);
    TrustReport {
        plane: plane.name(),
        subject: authority.subject().to_owned(),
        sha256: zone_pki::hex::encode(&authority.fingerprint_sha256()),
        days_left: days_left(authority, now),
    }
}
