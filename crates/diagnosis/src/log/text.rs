//! A diagnosis for a person.

use std::fmt::Write as _;

use documents::explain_command;
use zone_pki::Visible;

use super::explanation::Harm;
use super::findings::{FURTHER_FACTS, Finding, LogDiagnosis};

/// What a sample is cut to, in characters, so that a stack trace does not fill the screen.
const SAMPLE_WIDTH: usize = 300;

/// The report, ready to print: each finding with its cause and remedy, the most harmful first, then what is
/// not known.
///
/// What would control the terminal is made visible: a log holds what strangers sent.
pub fn text(diagnosis: &LogDiagnosis) -> String {
    let mut text = String::new();
    let (ordinary, findings): (Vec<&Finding>, Vec<&Finding>) =
        diagnosis.findings.iter().partition(|finding| finding.explanation.harm == Harm::Ordinary);
    for (index, finding) in findings.iter().enumerate() {
        // The same problem on another address needs no second explanation.
        let before = index.checked_sub(1).and_then(|before| findings.get(before));
        let is_repeated = before.is_some_and(|before| {
            before.explanation.id == finding.explanation.id
                && before.cause() == finding.cause()
                && before.remedy() == finding.remedy()
        });
        render(&mut text, finding, is_repeated);
    }
    if diagnosis.unknown > 0 {
        let _ = writeln!(text, "not known: {}", times(diagnosis.unknown, "warning or error"));
        for line in &diagnosis.unknown_lines {
            let _ = writeln!(text, "  {} x  {}", line.count, shortened(&line.sample));
        }
        text.push('\n');
    }
    let problems = match findings.len() {
        0 => "nothing that is known to do harm".to_owned(),
        count => times(count as u64, "finding"),
    };
    let lines = times(diagnosis.lines, "line");
    let warnings = times(ordinary.iter().map(|finding| finding.count).sum(), "warning");
    let _ = writeln!(text, "{lines} read: {problems}; {warnings} of the kind that etcd prints in health too");
    text
}

fn render(text: &mut String, finding: &Finding, is_repeated: bool) {
    let explanation = finding.explanation;
    let _ = writeln!(text, "{} ({})", explanation.title, explanation.harm.meaning());
    let _ = writeln!(text, "  seen:   {}", seen(finding));
    for (name, fact) in &finding.facts {
        let shown = if *name == FURTHER_FACTS { "others, counted together" } else { fact };
        let _ = writeln!(text, "          {name}: {}", printable(shown));
    }
    let _ = writeln!(text, "  line:   {}", shortened(&finding.sample));
    if !is_repeated {
        let _ = writeln!(text, "  cause:  {}", printable(&finding.cause()));
        let _ = writeln!(text, "  matters: {}", explanation.why_it_matters);
        let _ = writeln!(text, "  next:   {}", printable(&finding.remedy()));
        let more = explain_command(&format!("problems/{}", explanation.page));
        let _ = writeln!(text, "  more:   {more}");
    }
    text.push('\n');
}

fn seen(finding: &Finding) -> String {
    let count = times(finding.count, "time");
    match (&finding.first, &finding.last) {
        (Some(first), Some(last)) if first != last => {
            format!("{count}, from {} to {}", printable(first), printable(last))
        }
        (Some(first), _) => format!("{count}, at {}", printable(first)),
        (None, Some(last)) => format!("{count}, the last at {}", printable(last)),
        (None, None) => count,
    }
}

fn times(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn shortened(line: &str) -> String {
    let ellipsis = if line.chars().nth(SAMPLE_WIDTH).is_some() { " …" } else { "" };
    printable(&line.chars().take(SAMPLE_WIDTH).collect::<String>()) + ellipsis
}

fn printable(text: &str) -> String {
    Visible(text.replace('\t', " ")).to_string()
}
