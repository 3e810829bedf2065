//! Tables for people: aligned columns without lines, which a terminal shows and `awk` reads.

use unicode_width::UnicodeWidthStr;
use zone_pki::{SubjectAltNames, Visible};

use super::wrap::wrapped_at;

/// The blanks between two columns.
const GAP: &str = "  ";
/// The blanks before a cell that has a line of its own.
const BELOW: &str = "  ";
/// The least room in which the last column is wrapped where it stands.
const LEAST: usize = 16;

/// A table that is built row by row.
///
/// In a file or a pipe a row is a line, whatever its cells hold. On a terminal that is too narrow, the last
/// columns that do not fit stand below their row, a line each with its heading.
#[derive(Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings, or without any.
    pub fn new(headings: &[&str]) -> Self {
        Self { headings: headings.iter().map(|&heading| heading.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.cells(cells.into());
    }

    /// Adds a row to a table whose columns depend on what is shown.
    pub fn cells(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| Visible(cell).to_string()).collect());
    }

    /// The table, each line ended.
    pub fn render(&self) -> String {
        self.render_with("")
    }

    /// The table, two blanks before each line.
    pub fn render_indented(&self) -> String {
        self.render_with(GAP)
    }

    fn render_with(&self, indent: &str) -> String {
        let limit = super::terminal::columns().unwrap_or(usize::MAX);
        let widths = self.widths();
        let total = |count: usize| {
            indent.len() + widths.iter().take(count).sum::<usize>() + GAP.len() * count.saturating_sub(1)
        };
        let fitting = (1..=widths.len()).take_while(|&count| total(count) <= limit).count().max(1);
        let start = total(fitting) + GAP.len();
        // A word that is too long anywhere decides nothing.
        let below = limit.saturating_sub(indent.len() + BELOW.len());
        let needed = self.longest_word(fitting, below).max(LEAST);
        let is_last_wrapped = fitting + 1 == widths.len() && needed <= limit.saturating_sub(start);
        let mut text = String::new();
        for row in Some(&self.headings).filter(|headings| !headings.is_empty()).into_iter().chain(&self.rows)
        {
            let beside = aligned(indent, row, widths.get(..fitting).unwrap_or(&widths));
            match row.get(fitting) {
                Some(last) if is_last_wrapped => {
                    let first = format!("{beside:<start$}");
                    // Padding counts characters, of which some are two columns wide.
                    let first = if beside.width() < start { first } else { beside + GAP };
                    text.push_str(&wrapped_at(limit, &first, last));
                }
                _ => {
                    text.push_str(beside.trim_end());
                    text.push('\n');
                    if !std::ptr::eq(row, &self.headings) {
                        self.push_below(&mut text, indent, limit, row, fitting);
                    }
                }
            }
        }
        text
    }

    /// The cells from `fitting` on, each with its heading. What is to be copied is not broken.
    fn push_below(&self, text: &mut String, indent: &str, limit: usize, row: &[String], fitting: usize) {
        let headings = || self.headings.iter().map(String::as_str).chain(std::iter::repeat(""));
        let label = self.headings.iter().skip(fitting).map(|heading| heading.width()).max();
        for (cell, heading) in row.iter().zip(headings()).skip(fitting).filter(|(cell, _)| !cell.is_empty()) {
            let label = label.map(|width| format!("{heading:<width$}{GAP}")).unwrap_or_default();
            let limit = if heading == "next" { usize::MAX } else { limit };
            text.push_str(&wrapped_at(limit, &format!("{indent}{BELOW}{label}"), cell));
        }
    }

    fn widths(&self) -> Vec<usize> {
        let rows = || self.rows.iter().chain([&self.headings]);
        let count = rows().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| rows().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        (0..count).map(|column| width(column).unwrap_or_default()).collect()
    }

    fn longest_word(&self, column: usize, limit: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let words = cells.flat_map(|cell| cell.split(' ')).map(UnicodeWidthStr::width);
        words.filter(|&width| width <= limit).max().unwrap_or_default()
    }
}

fn aligned(indent: &str, row: &[String], widths: &[usize]) -> String {
    let mut line = indent.to_owned();
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        line.push_str(if column == 0 { "" } else { GAP });
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    }
    line
}

/// Names as a person reads them: what every certificate of a member has comes last.
pub fn human_names(names: &SubjectAltNames) -> String {
    let everywhere = ["localhost", "127.0.0.1", "::1"];
    let shown: Vec<String> = names.iter().map(ToString::to_string).collect();
    if shown.is_empty() {
        return "none".to_owned();
    }
    let (common, own): (Vec<_>, Vec<_>) =
        shown.into_iter().partition(|name| everywhere.contains(&name.as_str()));
    own.into_iter().chain(common).collect::<Vec<_>>().join(" ")
}
