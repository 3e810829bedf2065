//! Problems of a configuration file, each with its place, what is wrong, and what to write instead.

use std::ops::Range;

use zone_pki::Visible;

/// Whether a problem stops the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and the operator should know.
    Warning,
}

/// A place in a file, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Places of one text, asked for from its beginning to its end: each is counted from the one before.
struct Places<'t> {
    text: &'t str,
    at: usize,
    location: Location,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, location: Location { line: 1, column: 1 } }
    }

    /// The place of a byte offset, which is not before the one that was asked for last.
    fn of(&mut self, offset: usize) -> Location {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        for character in self.text.get(self.at..offset).unwrap_or_default().chars() {
            match character {
                '\n' => self.location = Location { line: self.location.line + 1, column: 1 },
                _ => self.location.column += 1,
            }
        }
        self.at = self.at.max(offset);
        self.location
    }
}

/// One thing that is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// Where, or none for what concerns the whole file.
    pub location: Option<Location>,
    /// What is wrong, with the value.
    pub what: String,
    /// What to write instead.
    pub instead: Option<String>,
}

impl Problem {
    /// `file:line:column: what`, and on a second line what to write instead.
    pub fn render(&self, file: &str) -> String {
        let place = match self.location {
            Some(Location { line, column }) => format!("{file}:{line}:{column}"),
            None => file.to_owned(),
        };
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        match &self.instead {
            Some(instead) => format!("{place}: {severity}{}\n    {instead}", self.what),
            None => format!("{place}: {severity}{}", self.what),
        }
    }
}

/// Collects the problems of one file while it is read, so that all of them can be reported at once.
#[derive(Debug)]
pub struct Problems<'t> {
    text: &'t str,
    /// With their offsets.
    found: Vec<(Option<usize>, Problem)>,
}

impl<'t> Problems<'t> {
    /// No problems yet in `text`.
    pub fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes an error at `span`, with what to write instead.
    pub fn error(&mut self, span: Range<usize>, what: impl Into<String>, instead: impl Into<String>) {
        self.note(Severity::Error, Some(span), what.into(), instead.into());
    }

    /// Notes a warning at `span`, with what to write instead.
    pub fn warning(&mut self, span: Range<usize>, what: impl Into<String>, instead: impl Into<String>) {
        self.note(Severity::Warning, Some(span), what.into(), instead.into());
    }

    /// Notes an error of the whole file.
    pub fn error_in_file(&mut self, what: impl Into<String>, instead: impl Into<String>) {
        self.note(Severity::Error, None, what.into(), instead.into());
    }

    /// The problems in the order of the file.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut found = self.found;
        found.sort_by_key(|(offset, _)| *offset);
        let mut places = Places::new(self.text);
        let located = found
            .into_iter()
            .map(|(offset, problem)| Problem { location: offset.map(|offset| places.of(offset)), ..problem });
        located.collect()
    }

    /// Whether an error was noted.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, problem)| problem.severity == Severity::Error)
    }

    fn note(&mut self, severity: Severity, span: Option<Range<usize>>, what: String, instead: String) {
        let instead = (!instead.is_empty()).then_some(instead);
        // What is quoted from the file stays on the line that says where it is.
        let what = Visible(what).to_string();
        self.found.push((span.map(|span| span.start), Problem { severity, location: None, what, instead }));
    }
}
