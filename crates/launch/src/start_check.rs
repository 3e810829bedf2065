//! The check whether the member of a node may start: the verdict of `run`, as a finding.

use time::OffsetDateTime;

use crate::{Foreseen, Foresight, LaunchOptions, foresee, foresee_again};
use diagnosis::{CheckId, Finding, NodeCheck, Verdict};
use host::beside;
use model::config::Node;
use model::error::{Exit, Failure};
use model::plan::StartDecision;
use store::site::Site;
use store::zone_directory::Authorities;

/// What the checks of a node have found.
pub struct Checked {
    /// All that was found.
    pub findings: Vec<Finding>,
    /// How `run` would end, if it would refuse to start the member.
    pub refused: Option<Exit>,
}

/// Every check of a node on its own machine, and with them whether its member may start. Of one that runs it
/// is the next start, if its process can be seen.
pub fn check_node(
    site: &Site,
    node: &Node,
    check: &mut NodeCheck<'_>,
    with_disk: bool,
    now: OffsetDateTime,
) -> Checked {
    let options = match check.own_member() {
        _ if !node.member => None,
        Some(own) => LaunchOptions::of_running(&own),
        None => Some(LaunchOptions::default()),
    };
    let Some(options) = options.filter(|_| !makes_authorities(site)) else {
        return Checked { findings: check.all(with_disk), refused: None };
    };
    let is_issued = site.node_paths(&node.name).generations().exists();
    // Both ask the other members.
    let (start, mut findings) = std::thread::scope(|scope| {
        let start = beside(scope, || foresee(site, node, &options, Foresight::Check, now));
        let findings = check.all(with_disk);
        (start.join(), findings)
    });
    if !is_issued {
        // Whether certificates are to be issued depends on whether the member may start at all, and `run`
        // issues them.
        findings.retain(|finding| finding.check != CheckId::CertificateFiles);
        if start.is_ok() {
            let note = "nothing was issued for this node yet; `run` does that";
            findings
                .push(Finding::new(CheckId::CertificateFiles, Verdict::Note, "", note).on(node.name.short()));
        }
    }
    conclude(start, findings, node)
}

/// Whether the member of a node may start whose certificates are not issued here: these are judged
/// implicitly.
pub fn check_start(site: &Site, node: &Node, now: OffsetDateTime) -> Checked {
    conclude(foresee_again(site, node, Foresight::Check, now), Vec::new(), node)
}

/// Whether `run` makes the CAs first: what the member would be then cannot be told before.
fn makes_authorities(site: &Site) -> bool {
    site.zone().is_some_and(|zone| {
        Authorities::are_absent(&zone.paths).unwrap_or_default() && !zone.paths.issuance_log().exists()
    })
}

fn conclude(start: Result<Foreseen<'_>, Failure>, mut findings: Vec<Finding>, node: &Node) -> Checked {
    let refused = start.as_ref().err().map(|failure| failure.exit);
    let finding = judge(start, node.name.short(), &findings);
    findings.push(finding.on(node.name.short()));
    Checked { findings, refused }
}

/// What other checks have found is not told twice.
fn judge(start: Result<Foreseen<'_>, Failure>, node: &str, others: &[Finding]) -> Finding {
    match start {
        Ok(Foreseen { start, .. }) => Finding::passed(
            CheckId::Start,
            node,
            match &start.decision {
                StartDecision::Resume(_) => "it goes on with its data",
                StartDecision::Bootstrap => "it bootstraps the cluster with the others",
                StartDecision::Join(_) => "it joins the cluster that expects it",
            },
        ),
        Err(failure) => {
            let verdict =
                if failure.exit == Exit::Unavailable { Verdict::Unreachable } else { Verdict::Failed };
            let is_told = |cause: &String| {
                others.iter().any(|finding| *cause == format!("{}: {}", finding.subject, finding.found))
            };
            let mut found = vec![failure.what];
            found.extend(failure.causes.into_iter().filter(|cause| !is_told(cause)));
            let finding = Finding::new(CheckId::Start, verdict, node, found.join(": "));
            match failure.next {
                Some(next) => finding.remedy(next),
                None => finding,
            }
        }
    }
}
