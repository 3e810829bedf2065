//! The check whether the member of a node may start: the decision that `run` would make, as a finding.

use time::OffsetDateTime;

use crate::config::Node;
use crate::diagnosis::{CheckId, Finding, NodeCheck, Verdict};
use crate::error::{Exit, Failure};
use crate::launch::{Launch, LaunchOptions, Start};
use crate::plan::StartDecision;
use crate::site::Site;

/// Every check of a node on its own machine, and with them whether its member may start, if it does not run.
pub(super) fn check_node(
    site: &Site,
    node: &Node,
    check: &mut NodeCheck<'_>,
    with_disk: bool,
    now: OffsetDateTime,
) -> Vec<Finding> {
    if check.own_member().is_some() || !node.member {
        return check.all(with_disk);
    }
    let is_issued = site.node_paths(&node.name).generations().exists();
    // Both ask the other members.
    let (start, mut findings) = std::thread::scope(|scope| {
        let start = scope.spawn(|| decide(site, node, now));
        let findings = check.all(with_disk);
        (start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), findings)
    });
    let Some(start) = start else { return findings };
    if !is_issued {
        // Whether certificates are to be issued depends on whether the member may start at all, and `run` issues them.
        findings.retain(|finding| finding.check != CheckId::CertificateFiles);
        if start.is_ok() {
            let note = "nothing was issued for this node yet; `run` does that";
            findings
                .push(Finding::new(CheckId::CertificateFiles, Verdict::Note, "", note).on(node.name.short()));
        }
    }
    findings.push(judge(start).on(node.name.short()));
    findings
}

/// Whether the member of a node may start whose certificates are not issued here: these are judged on the way.
pub(super) fn check_start(site: &Site, node: &Node, now: OffsetDateTime) -> Vec<Finding> {
    let start = site.material(node, now).and_then(|material| {
        Launch::prepare(site, node, material, &LaunchOptions::default(), now)?.foresee(true)
    });
    vec![judge(start).on(node.name.short())]
}

/// What `plan` would say; none if there are no CAs, which other checks tell.
fn decide(site: &Site, node: &Node, now: OffsetDateTime) -> Option<Result<Start, Failure>> {
    let material = site.material(node, now).ok()?;
    let start = || {
        let launch = Launch::prepare(site, node, material, &LaunchOptions::default(), now)?;
        launch.foresee(launch.certificates.are_complete())
    };
    Some(start())
}

fn judge(start: Result<Start, Failure>) -> Finding {
    match start {
        Ok(start) => Finding::passed(
            CheckId::Start,
            "",
            match &start.decision {
                StartDecision::Resume(_) => "it goes on with its data",
                StartDecision::Bootstrap => "it founds the cluster with the others",
                StartDecision::Join(_) => "it joins the cluster that expects it",
            },
        ),
        Err(failure) => {
            let verdict =
                if failure.exit == Exit::Unavailable { Verdict::Unreachable } else { Verdict::Failed };
            let found = [vec![failure.what], failure.causes].concat().join(": ");
            let finding = Finding::new(CheckId::Start, verdict, "", found);
            match failure.next {
                Some(next) => finding.remedy(next),
                None => finding,
            }
        }
    }
}
