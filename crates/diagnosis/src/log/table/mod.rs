//! The table: every line of etcd's that is known, a row an explanation.
//!
//! A line is explained by the first row that one of its wordings fits, so what is special stands before what
//! is general. The rows stand in files by what they are about; [`FAMILIES`] gives their order. Each row has a
//! fixture of lines that etcd printed in `tests/it/diagnosis/lines`, and an entry in a page of
//! `docs/problems`, which has what is said of it.

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

use std::sync::LazyLock;

use super::explanation::{Explanation, Harm};
use super::findings::Facts;
use super::line::{Level, Line};
use super::pages::{self, Entry};
use super::pattern::{Pattern, field};

/// The rows, in the order in which they are tried.
const FAMILIES: [&[Row]; 10] = [
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

/// A row.
pub(super) struct Row {
    /// Its name, by which its page has an entry.
    id: &'static str,
    harm: Harm,
    /// The wordings, see `pattern.rs`.
    patterns: &'static [&'static str],
    /// Fields of the line, by etcd's own name for them, that are facts too.
    fields: &'static [&'static str],
    /// Whether etcd says this at level `info` as well. Other rows are not compared with such lines, of which
    /// there are most.
    at_info: bool,
}

impl Row {
    /// What the rows of the table start from.
    const NONE: Self = Self { id: "", harm: Harm::Notice, patterns: &[], fields: &[], at_info: false };
}

/// The rows with what their pages say, in the order in which they are tried. A row without an entry would be
/// missing; a test looks for one.
static TABLE: LazyLock<Vec<(&Row, Explanation)>> = LazyLock::new(|| {
    let mut entries = pages::entries();
    let explained = |row: &'static Row| {
        let Entry { page, title, texts: [cause, why_it_matters, remedy] } = entries.remove(row.id)?;
        Some((row, Explanation { id: row.id, title, cause, why_it_matters, remedy, harm: row.harm, page }))
    };
    FAMILIES.into_iter().flatten().filter_map(explained).collect()
});

/// Every row of the table, in the order in which they are tried.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    TABLE.iter().map(|(_, explanation)| explanation)
}

/// The table with its patterns taken apart.
pub(super) struct Matcher {
    rows: Vec<(&'static Row, &'static Explanation, Vec<Pattern>)>,
}

impl Matcher {
    pub(super) fn new() -> Self {
        let patterns = |row: &Row| row.patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        Self { rows: TABLE.iter().map(|(row, explanation)| (*row, explanation, patterns(row))).collect() }
    }

    /// The row that explains the line, and what the line is about.
    pub(super) fn explain(&self, line: &Line<'_>) -> Option<(&'static Explanation, Facts)> {
        let rows = self.rows.iter().filter(|(row, ..)| line.level != Level::Ordinary || row.at_info);
        for (row, explanation, patterns) in rows {
            let Some(facts) = patterns.iter().find_map(|pattern| pattern.facts(&line.text)) else { continue };
            let mut facts: Facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            for name in row.fields {
                if let Some(value) = field(&line.text, name) {
                    facts.insert(name, if name.ends_with("-addr") { without_port(value) } else { value });
                }
            }
            return Some((explanation, facts));
        }
        None
    }
}

/// Ports of clients change with every connection, so they tell nothing and would make each a finding of its
/// own.
fn without_port(address: String) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            host.trim_start_matches('[').trim_end_matches(']').to_owned()
        }
        _ => address,
    }
}
