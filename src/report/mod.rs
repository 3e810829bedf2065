//! The one module that prints. Standard output is data, standard error is messages.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "every other module hands its text to this one"
)]

mod shell;
mod table;
mod wrap;

use std::io::{self, IsTerminal, Write};

use crate::config::Problem;
use crate::error::Failure;

pub use shell::shell_quoted;
pub use table::{Table, human_names};
pub use wrap::{fitted, wrapped};

/// Writes data to standard output as it is. A reader that has gone away ends the output without a complaint.
pub fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes data as [`data`] does, and tells whether anybody still reads: who writes again and again has to know.
pub fn stream(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Draws a page over the one before, without clearing first: what stays the same does not flicker.
pub fn redraw(page: &str) -> io::Result<bool> {
    let lines = page.replace('\n', "\x1b[K\n");
    stream(&format!("\x1b[H{lines}\x1b[J"))
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// A message: what has been done, or is going on.
pub fn message(text: &str) {
    to_standard_error(text);
}

/// Something that works, but that the operator should know.
pub fn warning(text: &str) {
    to_standard_error(&format!("{}: {text}", paint("33", "warning")));
}

/// A problem of a configuration file that does not stop the command.
pub fn problem(file: &str, problem: &Problem) {
    to_standard_error(&problem.render(file));
}

/// Why the command ends.
pub fn failure(failure: &Failure) {
    let mut text = format!("{}: {}", paint("31", "error"), failure.what);
    for cause in &failure.causes {
        text.push_str("\n  ");
        text.push_str(&cause.replace('\n', "\n  "));
    }
    if let Some(next) = &failure.next {
        text.push_str(&format!("\n{}: {}", paint("36", "next"), next.replace('\n', "\n      ")));
    }
    to_standard_error(&text);
}

/// Paints `text` if standard error is a terminal and `NO_COLOR` is unset or empty (no-color.org).
pub fn paint(code: &str, text: &str) -> String {
    if colour() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Whether messages may be coloured.
pub fn colour() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && io::stderr().is_terminal()
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
