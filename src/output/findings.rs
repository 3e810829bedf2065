//! Findings, printed for a person or a program.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use diagnosis::{Finding, Group, Verdict, by_harm, worst};
use model::error::Exit;
use model::report::{self, Table};

/// The column in which the text of a finding begins.
const INDENT: usize = 15;

/// Findings for a program. Fields are added, never renamed.
#[derive(Serialize)]
pub struct Report<'f> {
    verdict: Verdict,
    findings: &'f [Finding],
}

impl<'f> Report<'f> {
    pub fn new(findings: &'f [Finding]) -> Self {
        Self { verdict: worst(findings), findings }
    }
}

/// 65 if something failed, 69 if nothing did but a member does not answer.
pub fn exit_code(findings: &[Finding]) -> ExitCode {
    match worst(findings) {
        Verdict::Failed => Exit::BadInput.into(),
        Verdict::Unreachable => Exit::Unavailable.into(),
        _ => ExitCode::SUCCESS,
    }
}

/// Every finding under its heading: what passed in a line, what did not with why and what to do.
pub fn render_all(title: &str, findings: &[Finding]) -> String {
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
    let passed = findings.iter().filter(|finding| finding.verdict == Verdict::Passed).count();
    let counts = [counts(findings), vec![format!("{passed} passed")]].concat().join(", ");
    let _ = writeln!(out, "\n{counts}");
    out
}

/// What did not pass, the most harmful first, each explained.
pub fn render_wrong(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in by_harm(findings) {
        explained(&mut out, finding);
        out.push('\n');
    }
    out
}

fn passed(out: &mut String, finding: &Finding) {
    let name = format!("{:<20}", finding.check.row().name);
    line(out, finding, name, format!("{}: {}", finding.subject, finding.found));
}

fn line(out: &mut String, finding: &Finding, name: String, text: String) {
    let mut line = Table::new(&[]);
    line.row([format!("{:<11}", finding.verdict.word()), name, text]);
    out.push_str(&line.render_indented());
}

fn explained(out: &mut String, finding: &Finding) {
    let row = finding.check.row();
    let about = match &finding.node {
        Some(node) if !finding.subject.starts_with(node.as_str()) => format!("{node}: {}", finding.subject),
        _ => finding.subject.clone(),
    };
    line(out, finding, row.name.to_owned(), about);
    let indent = " ".repeat(INDENT);
    let labelled = |label: &str, text: &str| report::wrapped(&format!("{indent}{label:<5} "), text);
    out.push_str(&report::wrapped(&indent, &finding.found));
    out.push_str(&labelled("why", finding.why()));
    if let Some(remedy) = &finding.remedy {
        // What is to be copied stays on one line.
        let _ = writeln!(out, "{indent}next  {remedy}");
    }
    out.push_str(&labelled("more", &row.more()));
}

/// How many findings there are of each kind, beside those that passed.
pub fn counts(findings: &[Finding]) -> Vec<String> {
    let kinds = [
        (Verdict::Failed, "failed", "failed"),
        (Verdict::Unreachable, "unreachable", "unreachable"),
        (Verdict::Warning, "warning", "warnings"),
        (Verdict::Note, "note", "notes"),
    ];
    let counted = kinds.map(|(verdict, one, many)| {
        match findings.iter().filter(|finding| finding.verdict == verdict).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        }
    });
    counted.into_iter().flatten().collect()
}
