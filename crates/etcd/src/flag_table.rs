//! Every flag that etcd declares, by line of versions.

use model::config::{MinorVersion, nearest_hint};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name, without hyphens.
    pub name: &'static str,
    /// The first line of versions that has it, and the last one; none where this program knows no earlier, or
    /// no later one.
    since: Option<MinorVersion>,
    until: Option<MinorVersion>,
    /// Whether it is boolean: Go's flag package then takes a value only after `=`.
    pub is_switch: bool,
    /// What it may be, where etcd itself would pass over anything else or refuse it too late; separated by
    /// `|`, and with a star where more may follow.
    permitted: Option<&'static str>,
}

impl Flag {
    pub fn is_in(&self, line: MinorVersion) -> bool {
        self.since.is_none_or(|since| since <= line) && self.until.is_none_or(|until| line <= until)
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

    /// The lines that have it, such as `3.6 and later`.
    pub fn lines_text(&self) -> String {
        match (self.since, self.until) {
            (Some(since), Some(until)) if since == until => format!("{since} alone"),
            (Some(since), Some(until)) => format!("{since} to {until}"),
            (Some(since), None) => format!("{since} and later"),
            (None, Some(until)) => format!("{until} and earlier"),
            (None, None) => "every line".to_owned(),
        }
    }
}

/// Every flag, in the order of their names.
pub fn flags() -> impl Iterator<Item = Flag> {
    include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        let (name, since, until, kind) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
        let [since, until] = [since, until].map(MinorVersion::parse);
        let permitted = kind.contains('|').then_some(kind);
        Some(Flag { name, since, until, is_switch: kind == "switch", permitted })
    })
}

pub fn find(name: &str) -> Option<Flag> {
    flags().find(|flag| flag.name == name)
}

/// `did you mean …` among the flags of a line.
pub fn nearest(name: &str, line: MinorVersion) -> String {
    let hint = nearest_hint(name, flags().filter(|flag| flag.is_in(line)).map(|flag| flag.name));
    // The list of all flags would not help.
    if hint.starts_with("did you mean") { hint } else { "see `etcd --help`".to_owned() }
}
