//! The table: every line of etcd's that is known, a row an explanation.
//!
//! A line is explained by the first row that one of its wordings fits, so what is special stands before what is general. The
//! rows stand in files by what they are about; [`FAMILIES`] gives their order. Each row has a fixture of lines that etcd printed in
//! `tests/it/diagnosis/lines`, and a page in `docs/problems`.

mod certificates;
mod files;
mod handshakes;
mod membership;
mod ordinary;
mod peers;
mod requests;
mod start;
mod storage;
mod timing;

use super::explanation::Explanation;
use super::findings::Facts;
use super::line::{Level, Line};
use super::pattern::{Pattern, field};

/// The rows, in the order in which they are tried.
const FAMILIES: [&[Explanation]; 10] = [
    storage::ROWS,
    membership::ROWS,
    certificates::ROWS,
    files::ROWS,
    handshakes::ROWS,
    start::ROWS,
    timing::ROWS,
    requests::ROWS,
    peers::ROWS,
    ordinary::ROWS,
];

/// Every row of the table, in the order in which they are tried.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    FAMILIES.into_iter().flatten()
}

/// The table with its patterns taken apart.
pub(super) struct Matcher {
    rows: Vec<(&'static Explanation, Vec<Pattern>)>,
}

impl Matcher {
    pub(super) fn new() -> Self {
        let patterns = |row: &'static Explanation| row.patterns.iter().map(|pattern| Pattern::new(pattern));
        Self { rows: explanations().map(|row| (row, patterns(row).collect())).collect() }
    }

    /// The row that explains the line, and what the line is about.
    pub(super) fn explain(&self, line: &Line<'_>) -> Option<(&'static Explanation, Facts)> {
        let rows = self.rows.iter().filter(|(row, _)| line.level != Level::Ordinary || row.at_info);
        for (row, patterns) in rows {
            let Some(facts) = patterns.iter().find_map(|pattern| pattern.facts(&line.text)) else { continue };
            let mut facts: Facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            for name in row.fields {
                if let Some(value) = field(&line.text, name) {
                    facts.insert(name, if name.ends_with("-addr") { without_port(value) } else { value });
                }
            }
            return Some((row, facts));
        }
        None
    }
}

/// Ports of clients change with every connection, so they tell nothing and would make each a finding of its own.
fn without_port(address: String) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            host.trim_start_matches('[').trim_end_matches(']').to_owned()
        }
        _ => address,
    }
}
