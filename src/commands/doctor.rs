//! `doctor`: everything that can be found out about the zone from here, in order of harm.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use time::OffsetDateTime;

use crate::arguments::open_site;
use crate::cli::{DoctorArgs, Format};
use crate::output::{Report, counts, exit_code, json, print, print_verdicts, render_wrong};
use diagnosis::log::{Harm, explain_log, text as log_text};
use diagnosis::rules::command_line::{Rhythm, rhythms};
use diagnosis::rules::deliveries;
use diagnosis::rules::remedies::SET_THE_CLOCK;
use diagnosis::rules::served_certificates::OnDisk;
use diagnosis::rules::snapshots;
use diagnosis::rules::zone as judge_zone;
use diagnosis::{CheckId, Finding, NodeCheck, Verdict, worst};
use host::beside;
use launch::note_members;
use launch::start_check::check_node;
use live::{ANSWER_LIMIT, ListMemory, LiveZone, has_nodes_by_etcd, on_runtime, own_answer, see_nodes};
use model::config::{ClientName, Node};
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report::wrapped;
use operations::observer::Observer;
use store::clients::{present, warn_of_validity};
use store::site::Site;
use store::site::proposed_renewal;
use store::snapshot::LatestSnapshots;
use store::zone_directory::Authorities;

#[tracing::instrument(skip_all, name = "doctor")]
pub(super) fn run(arguments: &DoctorArgs, now: OffsetDateTime) -> Result<ExitCode> {
    if let Some(path) = &arguments.log {
        return explain(path, arguments.format);
    }
    let site = open_site(&arguments.site)?;
    site.refuse_unless_issued()?;
    site.report_warnings();
    if let Site::Zone(zone) = &site {
        zone.warn_of_abandoned();
    }
    note_members(&site, now);
    warn_of_validity(&site, &ClientName::admin(), now);
    let findings = examine(&site, now);
    match arguments.format {
        Format::Text => print_verdicts(&format!("{}{}", render_wrong(&findings), verdict(&site, &findings)))?,
        Format::Json => print(&json(&Report::new(&findings))?)?,
    }
    Ok(exit_code(&findings))
}

/// Every check for every node that can be reached.
fn examine(site: &Site, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    let answered = match ask_and_compare(site) {
        Ok(answered) => Some(answered),
        Err(failure) => {
            let found = [vec![failure.what], failure.causes].concat().join(": ");
            // Who judges members is the signing host. What this node itself needs is checked below.
            let verdict = if asks_members(site) { Verdict::Failed } else { Verdict::Note };
            let finding =
                Finding::new(CheckId::Quorum, verdict, "cluster", format!("it cannot be asked: {found}"));
            findings.push(match failure.next {
                Some(next) => finding.remedy(next),
                None => finding,
            });
            None
        }
    };
    let live = answered.as_ref().map(|(live, _)| live);
    let checks: Vec<(&Node, NodeCheck<'_>)> = site
        .nodes_here()
        .map(|node| (node, with_live_urls(NodeCheck::new(site, node, now), node, live)))
        .collect();
    if let Some((live, authorities)) = &answered {
        findings.extend(judge_zone::judge(live, &on_disk(&checks), site, authorities));
    }
    let authorities = answered.as_ref().map(|(_, authorities)| authorities);
    findings.extend(examine_deliveries(site, authorities, now));
    let cluster = live.and_then(|live| live.cluster_id);
    findings.extend(
        LatestSnapshots::of_site(site, cluster)
            .map(|latest| snapshots::age(latest, now, |command| site.proposed(command))),
    );
    findings.extend(examine_nodes(site, checks, now));
    renew_all_at_once(site, &mut findings);
    without_repetition(findings)
}

/// The nodes that etcd has bundles for, once the zone could be asked; on one of them, its own answer.
fn examine_deliveries(site: &Site, authorities: Option<&Authorities>, now: OffsetDateTime) -> Vec<Finding> {
    let asked = || match (site, authorities) {
        (Site::Zone(zone), Some(authorities)) if has_nodes_by_etcd(zone) => {
            let credentials = Observer::new(site).credentials()?;
            let seen = on_runtime(see_nodes(zone, authorities, &credentials, deliveries::BEFORE));
            Ok(deliveries::judge(site, &seen.map_err(|error| no_runtime(&error))??, now))
        }
        (Site::Node(own), _) if own.paths.delivery_key().exists() => {
            let credentials = Observer::new(site).credentials()?;
            let found = on_runtime(own_answer(own, &credentials)).map_err(|error| no_runtime(&error))?;
            Ok(vec![deliveries::judge_own(site, &own.name, &found, now)])
        }
        _ => Ok(Vec::new()),
    };
    asked().unwrap_or_else(|failure| vec![deliveries::not_read(&failure)])
}

fn no_runtime(error: &io::Error) -> Failure {
    Failure::internal("cannot set up the connections").because(error)
}

/// What is old is renewed by one command, whatever it is and wherever, and not by one for each file.
fn renew_all_at_once(site: &Site, findings: &mut [Finding]) {
    let Some(zone) = site.zone() else { return };
    let is_old = |finding: &Finding| {
        let remedy = finding.remedy.as_deref();
        finding.check == CheckId::CertificateValidity && remedy.is_some_and(|remedy| remedy != SET_THE_CLOCK)
    };
    let old: Vec<usize> =
        (0..findings.len()).filter(|index| findings.get(*index).is_some_and(is_old)).collect();
    let holders = old.iter().filter_map(|index| findings.get(*index)?.node.as_deref()).collect();
    let renewal = proposed_renewal(zone, &holders);
    for index in old {
        if let Some(finding) = findings.get_mut(index) {
            finding.remedy = Some(renewal.clone());
        }
    }
}

/// A member that is down is told of once, not by each of the others.
fn without_repetition(mut findings: Vec<Finding>) -> Vec<Finding> {
    let down: Vec<String> = findings
        .iter()
        .filter(|finding| finding.check == CheckId::MemberDown && finding.verdict == Verdict::Unreachable)
        .map(|finding| format!("{} at ", finding.subject))
        .collect();
    findings.retain(|finding| {
        let is_told = finding.check == CheckId::PeerReachable
            && finding.verdict == Verdict::Unreachable
            && down.iter().any(|start| finding.subject.starts_with(start));
        !is_told
    });
    findings
}

fn asks_members(site: &Site) -> bool {
    !matches!(site, Site::Node(own) if !own.has_authorities())
}

/// Asks with the certificate of the administrator as it is, and compares the data of the voters. With what
/// tells who was revoked.
fn ask_and_compare(site: &Site) -> Result<(LiveZone, Authorities)> {
    present(site, &ClientName::admin())?;
    let observer = Observer::new(site);
    let mut live = observer.observe()?;
    observer.compare_data(&mut live)?;
    let authorities = site.authorities_to_ask(OffsetDateTime::now_utc())?;
    if let Site::Zone(zone) = site {
        live.compare_lists(zone, &authorities, ANSWER_LIMIT, &mut ListMemory::default());
    }
    Ok((live, authorities))
}

fn with_live_urls<'z>(check: NodeCheck<'z>, node: &Node, live: Option<&LiveZone>) -> NodeCheck<'z> {
    let member =
        live.and_then(|live| live.members.iter().find(|member| member.node.as_ref() == Some(&node.name)));
    match member.and_then(|member| member.listed.as_ref()) {
        Some(listed) => check.listed_at(&listed.peer_urls, &listed.client_urls),
        None => check,
    }
}

fn on_disk(checks: &[(&Node, NodeCheck<'_>)]) -> OnDisk {
    let mut found = OnDisk::new();
    for (node, check) in checks {
        for plane in Plane::ALL {
            if let Some(leaf) = check.files().leaf(plane.serves_with().stem) {
                found.insert((node.name.short().to_owned(), plane), leaf.clone());
            }
        }
    }
    found
}

/// What is here of each node: all of it, if this is its machine, and the member's directory is this one; its
/// certificates, if they are here; else nothing.
fn examine_nodes(site: &Site, checks: Vec<(&Node, NodeCheck<'_>)>, now: OffsetDateTime) -> Vec<Finding> {
    let (mut findings, mut elsewhere, mut timed) = (Vec::new(), Vec::new(), Vec::new());
    // The nodes here share a disk, and would hold each other up.
    let is_disk_measured = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let examine = |(node, mut check)| {
            let is_disk_measured = &is_disk_measured;
            (node, beside(scope, move || examine_node(site, node, &mut check, is_disk_measured, now)))
        };
        let running: Vec<(&Node, _)> = checks.into_iter().map(examine).collect();
        for (node, thread) in running {
            // One that ended by a fault of ours has found nothing.
            let Ok(examined) = thread.ended() else { continue };
            findings.extend(examined.findings);
            timed.extend(examined.rhythm);
            if node.member && !examined.is_here {
                elsewhere.push(node.name.short());
            }
        }
    });
    findings.extend(rhythms(&timed));
    if !elsewhere.is_empty() {
        findings.push(not_seen_from_here(site, &elsewhere));
    }
    findings
}

/// What could be found out about one node.
struct Examined {
    is_here: bool,
    findings: Vec<Finding>,
    rhythm: Option<Rhythm>,
}

fn examine_node(
    site: &Site,
    node: &Node,
    check: &mut NodeCheck<'_>,
    is_disk_measured: &AtomicBool,
    now: OffsetDateTime,
) -> Examined {
    // What a node with keys of its own starts with is in its own directory.
    let is_here = check.is_here() && !check.files().has_keys_elsewhere();
    let has_directory = site.node_paths(&node.name).root().exists();
    if !node.member || !is_here {
        let findings = if has_directory { check.certificates() } else { Vec::new() };
        return Examined { is_here, findings, rhythm: None };
    }
    let arguments = check.own_member().and_then(|own| host::arguments_of(own.pid));
    let rhythm = arguments.map(|arguments| Rhythm::of(node.name.short(), &arguments));
    // For one that was never issued there is nowhere to measure.
    let with_disk = has_directory && !is_disk_measured.swap(true, Ordering::Relaxed);
    Examined { is_here, findings: check_node(site, node, check, with_disk, now).findings, rhythm }
}

fn not_seen_from_here(site: &Site, nodes: &[&str]) -> Finding {
    let found = "the address that it sends from, its disk, its ports and its limits cannot be seen from here";
    let finding = Finding::new(CheckId::SourceAddress, Verdict::Note, nodes.join(", "), found);
    match nodes {
        [] => finding,
        [node] => finding.remedy(format!("on {node}: {}", site.proposed_on("check", node))),
        [first, ..] => {
            let command = site.proposed_on("check", first);
            finding.remedy(format!("on each of these machines, as on {first}: {command}"))
        }
    }
}

fn verdict(site: &Site, findings: &[Finding]) -> String {
    let word = match worst(findings) {
        Verdict::Passed | Verdict::Note | Verdict::Warning => "healthy",
        Verdict::Unreachable | Verdict::Failed => "unhealthy",
    };
    let passed = findings.iter().filter(|finding| finding.verdict == Verdict::Passed).count();
    let words = [vec![word.to_owned()], counts(findings)].concat().join(", ");
    let told = wrapped("", &format!("{}: {words}", site.config().name));
    format!("{passed} checks passed\n{told}")
}

/// `--log`: explains what etcd printed. Needs no zone.
fn explain(path: &Path, format: Format) -> Result<ExitCode> {
    let diagnosis = if path == Path::new("-") {
        explain_log(io::stdin().lock())
    } else {
        File::open(path).and_then(|file| explain_log(BufReader::new(file)))
    }
    .map_err(|error| Failure::read(path, &error))?;
    match format {
        Format::Text => print(&log_text(&diagnosis))?,
        Format::Json => print(&json(&diagnosis)?)?,
    }
    let is_harmful = diagnosis.worst().is_some_and(|harm| harm > Harm::Notice);
    Ok(if is_harmful { Exit::BadInput.into() } else { ExitCode::SUCCESS })
}
