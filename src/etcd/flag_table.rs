//! Every flag that etcd declares, by line of versions.

use crate::config::{Line, nearest_hint};

/// A flag of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name, without hyphens.
    pub name: &'static str,
    lines: &'static str,
    /// Whether it is boolean: Go's flag package then takes a value only after `=`.
    pub is_switch: bool,
}

impl Flag {
    /// Whether this line of versions has it.
    pub fn is_in(&self, line: Line) -> bool {
        self.lines.split(',').any(|listed| listed == line.text())
    }

    /// The lines that have it, such as `3.5, 3.6`.
    pub fn lines_text(&self) -> String {
        self.lines.replace(',', ", ")
    }
}

impl Line {
    /// The line as `3.7`.
    pub fn text(self) -> &'static str {
        match self {
            Self::V3_5 => "3.5",
            Self::V3_6 => "3.6",
            Self::V3_7 => "3.7",
        }
    }
}

/// Every flag, in the order of their names.
pub fn flags() -> impl Iterator<Item = Flag> {
    include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        let (name, lines, kind) = (columns.next()?, columns.next()?, columns.next()?);
        Some(Flag { name, lines, is_switch: kind == "switch" })
    })
}

/// The flag of this name.
pub fn find(name: &str) -> Option<Flag> {
    flags().find(|flag| flag.name == name)
}

/// `did you mean …` among the flags of a line.
pub fn nearest(name: &str, line: Line) -> String {
    let hint = nearest_hint(name, flags().filter(|flag| flag.is_in(line)).map(|flag| flag.name));
    // The list of all flags would help nobody.
    if hint.starts_with("did you mean") { hint } else { "see `etcd --help`".to_owned() }
}
