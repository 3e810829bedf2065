//! The one module that prints. Standard output is data, standard error is messages.
//!
//! What is printed holds what others wrote: names, subjects, paths, answers. So nothing leaves here but line breaks, what a
//! reader sees as itself ([`visible_lines`]), and colours, which are put on afterwards and nowhere else. Where one line is meant,
//! line breaks do not leave either; text in which they cannot be told from ours is made [`Visible`] where it
//! comes in.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "every other module hands its text to this one"
)]

mod json;
mod shell;
mod table;
mod usage;
mod wrap;

use std::io::{self, IsTerminal, Write};

use zone_pki::Visible;
use zone_pki::visible::visible_lines;

use crate::config::Problem;
use crate::error::Failure;

pub use json::{json, json_line};
pub use shell::{shell_quoted, shell_quoted_path};
pub use table::{Table, human_names};
pub use wrap::{fitted, wrapped};

/// Writes data to standard output. A reader that has gone away ends the output without a complaint.
pub fn data(text: &str) -> io::Result<()> {
    stream(text).map(drop)
}

/// Writes data as [`data`] does, and tells whether anybody still reads: who writes again and again has to know.
pub fn stream(text: &str) -> io::Result<bool> {
    to_standard_output(&visible_lines(text))
}

/// Clears the terminal, for the first page.
pub fn clear() -> io::Result<bool> {
    to_standard_output("\x1b[2J")
}

/// Draws a page over the one before, without clearing first: what stays the same does not flicker.
pub fn redraw(page: &str) -> io::Result<bool> {
    let lines = visible_lines(page).replace('\n', "\x1b[K\n");
    to_standard_output(&format!("\x1b[H{lines}\x1b[J"))
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// A message: what has been done, or is going on.
pub fn message(text: &str) {
    to_standard_error(&visible_lines(text));
}

/// A line of one of several, told apart by what stands before it, in one of a few colours.
pub fn message_of(source: &str, colour: usize, line: &str) {
    let codes = ["36", "35", "32", "34", "33", "31"];
    let source = paint(codes[colour % codes.len()], source);
    to_standard_error(&format!("{source}{}", Visible(line.replace('\t', "    "))));
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
        text.push_str(&format!("\n{}: {}", paint("36", "next"), indented(next, "      ")));
    }
    to_standard_error(&text);
}

/// A command line that cannot be read, or help that was asked for.
pub fn usage(error: clap::Error) {
    usage::print(error);
}

/// No line of the text can pass for one that begins at the margin, as ours do.
fn indented(text: &str, indent: &str) -> String {
    visible_lines(text).replace('\n', &format!("\n{indent}"))
}

/// Paints `text`, once it is [`Visible`], if standard error is a terminal and `NO_COLOR` is unset or empty (no-color.org).
fn paint(code: &str, text: &str) -> String {
    let text = Visible(text);
    if colour() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

fn colour() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && io::stderr().is_terminal()
}

fn to_standard_output(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

fn to_standard_error(text: &str) {
    // Nothing can be told to anyone when standard error is gone, so the result is dropped.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `node1`, `node1 and node2`, `node1, node2 and node3`.
pub fn enumerated(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
