//! Examples of each command: a table beside this file, of which a test parses every line.

const TABLE: &str = include_str!("examples.tsv");

pub(super) struct Example {
    /// What it does, in a few words.
    pub(super) what: &'static str,
    /// What is typed.
    pub(super) line: &'static str,
}

pub(super) fn of(command: &str) -> impl Iterator<Item = Example> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let mut cells = line.splitn(3, '\t');
        let is_its_own = cells.next()? == command;
        let (what, line) = (cells.next()?, cells.next()?);
        is_its_own.then_some(Example { what, line })
    })
}
