//! Findings, printed for a person or a program.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::diagnosis::{Finding, Group, Verdict, by_harm, worst};
use crate::error::Exit;
use crate::report;

/// The column in which the text of a finding begins.
const INDENT: usize = 15;

/// Findings for a program. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Report<'f> {
    verdict: Verdict,
    findings: &'f [Finding],
}

impl<'f> Report<'f> {
    pub(super) fn new(findings: &'f [Finding]) -> Self {
        Self { verdict: worst(findings), findings }
    }
}

/// 65 if something failed, 69 if nothing did but somebody does not answer.
pub(super) fn exit_code(findings: &[Finding]) -> ExitCode {
    match worst(findings) {
        Verdict::Failed => Exit::BadInput.into(),
        Verdict::Unreachable => Exit::Unavailable.into(),
        _ => ExitCode::SUCCESS,
    }
}

/// Every finding under its heading: what passed in a line, what did not with why and what to do.
pub(super) fn render_all(title: &str, findings: &[Finding]) -> String {
    let mut out = format!("{title}\n");
    for group in Group::ALL {
        let of_group: Vec<&Finding> =
            findings.iter().filter(|finding| finding.check.row().group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", group.title());
        for finding in of_group {
            match finding.verdict {
                Verdict::Passed => passed(&mut out, finding),
                _ => explained(&mut out, finding),
            }
        }
    }
    let _ = writeln!(out, "\n{}", summary(findings));
    out
}

/// What did not pass, the most harmful first, each explained.
pub(super) fn render_wrong(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in by_harm(findings) {
        explained(&mut out, finding);
        out.push('\n');
    }
    out
}

fn passed(out: &mut String, finding: &Finding) {
    let _ = writeln!(
        out,
        "  {:<11}  {:<20}  {}: {}",
        finding.verdict.word(),
        finding.check.row().name,
        finding.subject,
        finding.found
    );
}

fn explained(out: &mut String, finding: &Finding) {
    let row = finding.check.row();
    let about = match &finding.node {
        Some(node) if !finding.subject.starts_with(node.as_str()) => format!("{node}: {}", finding.subject),
        _ => finding.subject.clone(),
    };
    let _ = writeln!(out, "  {:<11}  {}  {about}", finding.verdict.word(), row.name);
    let indent = " ".repeat(INDENT);
    let line = |label: &str, text: &str| report::wrapped(&format!("{indent}{label:<5} "), text);
    out.push_str(&report::wrapped(&indent, &finding.found));
    out.push_str(&line("why", finding.why()));
    if let Some(remedy) = &finding.remedy {
        // What is to be copied stays on one line.
        let _ = writeln!(out, "{indent}next  {remedy}");
    }
    out.push_str(&line("more", &row.page_path()));
}

/// How many findings there are of each kind.
pub(super) fn summary(findings: &[Finding]) -> String {
    let of = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let parts = [
        (of(Verdict::Failed), "failed"),
        (of(Verdict::Unreachable), "unreachable"),
        (of(Verdict::Warning), "to be warned of"),
        (of(Verdict::Note), "to be noted"),
        (of(Verdict::Passed), "passed"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(number, word)| *number > 0 || *word == "failed")
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    said.join(", ")
}
