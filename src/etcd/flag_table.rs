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
    /// What it may be, where etcd itself would pass over anything else or refuse it too late; separated by `|`, and with a star where
    /// more may follow.
    permitted: Option<&'static str>,
}

impl Flag {
    /// Whether this line of versions has it.
    pub fn is_in(&self, line: Line) -> bool {
        self.lines.split(',').any(|listed| listed == line.text())
    }

    /// Whether it may have this value. Empty is etcd's own default.
    pub fn permits(&self, value: &str) -> bool {
        let fits = |permitted: &str| match permitted.strip_suffix('*') {
            Some(start) => value.starts_with(start),
            None => value == permitted,
        };
        value.is_empty() || self.permitted.is_none_or(|permitted| permitted.split('|').any(fits))
    }

    /// What it may be, such as `basic or extensive`.
    pub fn permitted_text(&self) -> String {
        self.permitted.unwrap_or("any value").replace('|', " or ").replace('*', "…")
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
        let permitted = kind.contains('|').then_some(kind);
        Some(Flag { name, lines, is_switch: kind == "switch", permitted })
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
