//! The one module that prints. Standard output is data, standard error is messages.
//!
//! What is printed holds what others wrote: names, subjects, paths, answers. So nothing leaves here but line
//! breaks, what a reader sees as itself ([`visible_lines`]), and colours, which are put on afterwards and
//! nowhere else. Where one line is meant, line breaks do not leave either; text in which they cannot be told
//! from ours is made [`Visible`] where it comes in.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "every other module hands its text to this one"
)]

mod json;
mod progress;
mod queue;
mod screen;
mod shell;
mod styled;
mod table;
mod terminal;
mod usage;
mod verdict_words;
mod wrap;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use zone_pki::Visible;
use zone_pki::printable::visible_lines;

use crate::config::Problem;
use crate::error::Failure;

pub use json::{json, json_line};
pub use progress::{Held, Progress, Unit, show_progress_here};
pub use queue::{finish, never_wait_for_readers};
pub use screen::Screen;
pub use shell::{shell_quoted, shell_quoted_path};
pub use styled::{Span, Style};
pub use table::{Table, human_names};
pub use terminal::{columns, is_terminal, write_for_programs};
pub use wrap::{fitted, wrapped};

/// Writes data to standard output. A reader that has gone away ends the output without a complaint.
pub fn data(text: &str) -> io::Result<()> {
    stream(text).map(drop)
}

/// Writes data as [`data`] does, with the words of verdicts in colour on a terminal.
pub fn verdicts(text: &str) -> io::Result<()> {
    to_standard_output(&verdict_words::painted(&visible_lines(text))).map(drop)
}

/// Writes lines whose parts look different.
pub fn styled(lines: &[Vec<Span>]) -> io::Result<()> {
    to_standard_output(&styled::painted(lines)).map(drop)
}

/// Writes data as [`data`] does, and returns whether standard output is still read.
pub fn stream(text: &str) -> io::Result<bool> {
    to_standard_output(&visible_lines(text))
}

/// Whether the last line on standard error is to be written over.
static IS_IN_PROGRESS: AtomicBool = AtomicBool::new(false);

/// What is going on: a message, which the next one takes the place of on a terminal.
pub fn progress(text: &str) {
    let Some(columns) = terminal::error_columns() else { return message(text) };
    if progress::tell(text) {
        return;
    }
    let line: String = Visible(text).to_string().chars().take(columns.saturating_sub(1)).collect();
    write_error(&line, false);
    IS_IN_PROGRESS.store(true, Ordering::Relaxed);
}

/// A message: what has been done, or is going on.
pub fn message(text: &str) {
    to_standard_error(&visible_lines(text));
}

/// A line of one of several, told apart by what stands before it, in one of a few colours.
pub fn message_of(source: &str, colour: usize, line: &str) {
    let codes = ["36", "35", "32", "34", "33", "31"];
    let source = paint(codes[colour % codes.len()], source);
    let line = format!("{source}{}\n", Visible(line.replace('\t', "    ")));
    write_error(&line, true);
}

/// A line of the log, with what the journal has to know of it before: as one line, whatever is in its fields.
pub fn log(level: &str, line: &str) {
    to_standard_error(&format!("{level}{}", Visible(line)));
}

/// Something that works, but that the operator should know.
pub fn warning(text: &str) {
    to_standard_error(&format!("{}: {}", paint("33", "warning"), indented(text, "  ")));
}

/// A problem of a configuration file that does not stop the command.
pub fn problem(file: &str, problem: &Problem) {
    message(&problem.render(file));
}

/// Why the command ends.
pub fn failure(failure: &Failure) {
    let mut text = format!("{}: {}", paint("31", "error"), Visible(&failure.what));
    for cause in &failure.causes {
        text.push_str("\n  ");
        text.push_str(&indented(cause, "  "));
    }
    if let Some(next) = &failure.next {
        text.push('\n');
        text.push_str(&next_step(next));
    }
    to_standard_error(&text);
}

/// A command line that cannot be read, and one that helps.
pub fn usage(error: clap::Error, next: &str) {
    usage::print(error, next);
}

fn next_step(next: &str) -> String {
    format!("{}: {}", paint("36", "next"), indented(next, "      "))
}

/// No line of the text can pass for one that begins at the margin, as ours do.
fn indented(text: &str, indent: &str) -> String {
    visible_lines(text).replace('\n', &format!("\n{indent}"))
}

/// Paints `text`, once it is [`Visible`], if standard error is a terminal that may have colours.
fn paint(code: &str, text: &str) -> String {
    let text = Visible(text).to_string();
    if terminal::has_colour(&io::stderr()) { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
}

fn to_standard_output(text: &str) -> io::Result<bool> {
    let write = || {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    match progress::above(write) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

fn to_standard_error(text: &str) {
    write_error(&format!("{text}\n"), false);
}

/// With `waits`, where someone else writes, for room.
fn write_error(text: &str, waits: bool) {
    let over = if IS_IN_PROGRESS.swap(false, Ordering::Relaxed) { "\r\x1b[K" } else { "" };
    let text = format!("{over}{text}");
    if !queue::take(&text, waits) {
        // Where standard error is gone, a failure to write to it cannot be reported.
        let _ = progress::above(|| io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// Takes away what [`progress`] has written last.
fn clear_progress() {
    if IS_IN_PROGRESS.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr().lock(), "\r\x1b[K");
    }
}

/// `node1`, `node1 and node2`, `node1, node2 and node3`.
pub fn enumerated(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
