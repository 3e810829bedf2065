//! A plan for a person.

use std::fmt::Write as _;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::{certificates, members, puts_aside};
use launch::{Launch, Start};
use model::plan::{StartDecision, days_left};
use model::report::{Table, enumerated, human_names, shell_quoted, shell_quoted_path};

pub(super) fn render(launch: &Launch<'_>, start: &Start, now: OffsetDateTime) -> String {
    let mut out = String::new();
    let member = &launch.member;
    let ids = start.ids;
    let mut facts = Table::new(&[]);
    let mut line = |label: &str, value: String| facts.row([format!("{label:<11}"), value]);
    line("node", member.node.to_string());
    line("start", start_sentence(launch, start));
    if !start.awaited.is_empty() {
        let names: Vec<&str> = start.awaited.iter().map(|awaited| awaited.name.as_str()).collect();
        line(
            "",
            format!(
                "waits for {} first: all members have to be there to bootstrap the cluster",
                enumerated(&names)
            ),
        );
    }
    line("member", format!("{}  id {}", member.member.name, ids.member));
    line("cluster", format!("id {}, token {}", ids.cluster, member.cluster.token));
    line("etcd", format!("{}  {}", launch.binary.version, launch.binary.path.shown()));
    line("", launch.binary.origin.to_string());
    line("data", member.paths.data().shown().to_string());
    if puts_aside(launch) {
        line("", "what is there is put aside, beside it, before the start".to_owned());
    }
    line("peers", format!("listens on {}", member.listen_peer.join(", ")));
    line("", format!("reached at {}", member.member.peer_url));
    line("clients", format!("listens on {}", member.listen_client.join(", ")));
    line("", format!("reached at {}", member.advertise_client));
    line(
        "metrics",
        match &member.listen_metrics {
            Some(url) => format!("{url} (loopback, no TLS)"),
            None => "none: no port is left for them".to_owned(),
        },
    );

    out.push_str(&facts.render());
    out.push_str("\nmembers\n");
    let mut table = Table::new(&[]);
    for listed in members::of(launch, start) {
        table.row([listed.name, listed.peer_url, listed.id, listed.found]);
    }
    out.push_str(&table.render_indented());

    render_certificates(launch, now, &mut out);

    out.push_str("\ncommand\n");
    let _ = write!(out, "  {}", shell_quoted_path(&launch.binary.path));
    for argument in &start.arguments {
        let _ = write!(out, " \\\n    {}", shell_quoted(argument));
    }
    out.push('\n');
    out
}

/// A zone in which nothing is verified has none.
fn render_certificates(launch: &Launch<'_>, now: OffsetDateTime, out: &mut String) {
    let listed = certificates::of(launch, now);
    if listed.is_empty() {
        return;
    }
    out.push_str("\ncertificates\n");
    let mut table = Table::new(&["file", "subject", "usage", "days left", "names"]);
    for certificate in listed {
        let days = match (&certificate.issue, certificate.days_left) {
            (Some(reason), _) => format!("issue: {reason}"),
            (None, days) => days.map(|days| days.to_string()).unwrap_or_default(),
        };
        let names = human_names(&certificate.names);
        table.row([certificate.file, certificate.subject, certificate.usages.to_string(), days, names]);
    }
    out.push_str(&table.render_indented());
    out.push_str("\ntrust\n");
    let mut table = Table::new(&["plane", "CA", "days left", "SHA-256"]);
    for trusted in certificates::trusted(launch) {
        table.row([
            trusted.plane.name().to_owned(),
            trusted.authority.subject().to_owned(),
            days_left(trusted.authority, now).to_string(),
            zone_pki::hex::encode(&trusted.authority.fingerprint_sha256()),
        ]);
    }
    out.push_str(&table.render_indented());
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
