//! Tables for people: aligned columns without lines, which a terminal shows and `awk` reads.

use comfy_table::{ContentArrangement, presets};
use zone_pki::{SubjectAltNames, Visible};

/// A table that is built row by row. A row is a line, whatever its cells hold.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings, or without any.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if !headings.is_empty() {
            table.set_header(headings);
        }
        Self(table)
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.cells(cells.into());
    }

    /// Adds a row to a table whose columns depend on what is shown.
    pub fn cells(&mut self, cells: Vec<String>) {
        self.0.add_row(cells.iter().map(|cell| Visible(cell).to_string()));
    }

    /// The table, each line ended.
    pub fn render(&self) -> String {
        self.render_with("")
    }

    /// The table, two blanks before each line.
    pub fn render_indented(&self) -> String {
        self.render_with("  ")
    }

    fn render_with(&self, indent: &str) -> String {
        let mut text = String::new();
        for line in self.0.lines() {
            // The outer padding of the first column stands before each line.
            let line = line.strip_prefix(' ').unwrap_or(&line);
            text.push_str(indent);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
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
