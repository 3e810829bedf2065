//! Lines that etcd printed, explained: what happened, why it matters, what to do.
//!
//! | module | what it holds |
//! |---|---|
//! | `table` | every line that is known: a row an explanation |
//! | `pages` | what is said of each row: the pages of `docs/problems` |
//! | `pattern` | the wording of a row, and the facts that it takes out of a line |
//! | `line` | one line of a log, in any of its forms, as text with a level |
//! | `bounded_lines` | lines of bounded length out of a stream |
//! | `findings` | what a log says, counted and in order of harm |
//! | `text` | that, for a person |
//!
//! A log is read once and nothing of it is kept but counts and one line for each finding, of which there is a
//! fixed number. So memory does not grow with the log.

mod bounded_lines;
mod explanation;
mod findings;
mod line;
mod pages;
mod pattern;
mod table;
mod text;

use std::io::{self, BufRead};

pub use explanation::{Explanation, Harm};
pub use findings::{FURTHER_FACTS, Facts, Finding, LogDiagnosis, MOST_GROUPS, MOST_UNKNOWN, UnknownLine};
pub use table::explanations;
pub use text::text;

use bounded_lines::BoundedLines;
use findings::Collector;
use line::Line;
use table::Matcher;

/// Reads a log of etcd's to its end, and explains what it says.
///
/// Understood are the JSON lines of etcd 3.5 to 3.7, those with a prefix as journald writes it, those that
/// `dev` prints, the lines of `--log-format=console`, those of gRPC, and what the Go runtime, etcdctl and
/// etcdutl say. Whatever else is in between, UTF-8 or not, is passed over. Lines of level `warn` and above
/// that no row knows are counted and sampled.
///
/// # Errors
///
/// What `log` fails with. What was read up to then is lost.
pub fn explain_log(log: impl BufRead) -> io::Result<LogDiagnosis> {
    let matcher = Matcher::new();
    let mut collector = Collector::default();
    let mut lines = BoundedLines::new(log);
    while let Some(bytes) = lines.next_line()? {
        let line = Line::parse(bytes);
        match matcher.explain(&line) {
            Some((explanation, facts)) => collector.explained(explanation, facts, &line),
            None => collector.unexplained(&line),
        }
    }
    Ok(collector.finish())
}
