//! What others wrote, shown so that it does nothing to a terminal and passes for no line of ours.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;

/// Text on one line: whatever a reader would not see as itself (line breaks, other control characters,
/// characters that change the direction of writing, blanks beyond the space) is shown by its escape, as `\n`
/// or `\u{202e}`.
#[derive(Debug, Clone, Copy)]
pub struct Visible<T>(pub T);

impl<T: fmt::Display> fmt::Display for Visible<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(formatter), "{}", self.0)
    }
}

/// The one way in which a path becomes part of a message.
pub trait ShowPath {
    /// The path on one line. Bytes that are not UTF-8 are replaced.
    fn shown(&self) -> Visible<std::path::Display<'_>>;
}

impl ShowPath for Path {
    #[allow(clippy::disallowed_methods, reason = "this is what all others are to use")]
    fn shown(&self) -> Visible<std::path::Display<'_>> {
        Visible(self.display())
    }
}

/// Text of several lines, in which everything else is shown as [`Visible`] does.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == '\n' || is_visible(c)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<String> = text.split('\n').map(|line| Visible(line).to_string()).collect();
    Cow::Owned(lines.join("\n"))
}

/// Whether a reader sees the character as itself.
pub fn is_visible(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // Letters and symbols without ink, which are printable to Unicode.
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => false,
        // What is escaped there are the categories C and Z, and marks that combine with what stands before
        // them.
        _ => c.escape_debug().len() == 1,
    }
}

struct Escaping<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for run in text.split_inclusive(|c| !is_visible(c)) {
            let hidden = run.chars().next_back().filter(|c| !is_visible(*c));
            self.0.write_str(&run[..run.len() - hidden.map_or(0, char::len_utf8)])?;
            match hidden {
                None => {}
                Some(c) if c.is_control() => write!(self.0, "{}", c.escape_debug())?,
                Some(c) => write!(self.0, "{}", c.escape_unicode())?,
            }
        }
        Ok(())
    }
}
