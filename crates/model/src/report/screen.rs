//! A page that has the whole terminal, is drawn again in place, and gives the terminal back as it was.

use std::collections::HashSet;
use std::io;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zone_pki::printable::visible_lines;

use super::{Held, terminal, to_standard_output, verdict_words};

/// The alternate screen, without a cursor; what is wider than it is cut.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// A line that was not there before.
const MARKED: &str = "\x1b[1m";
const UNMARKED: &str = "\x1b[0m";

/// The terminal, while it shows a page. It is as it was once this is dropped.
#[derive(Debug)]
pub struct Screen {
    /// How standard input was, if it is a terminal.
    typed: Option<Termios>,
    /// The lines of the page before, without their figures.
    before: HashSet<String>,
    /// No line of progress comes into the page.
    _held: Held,
}

impl Screen {
    /// Whether standard output can show pages.
    pub fn is_there() -> bool {
        terminal::is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
    }

    /// Takes the terminal. Keys are then read as they are typed, and are not shown.
    pub fn enter() -> io::Result<Self> {
        let typed = tcgetattr(io::stdin()).ok();
        if let Some(typed) = &typed {
            let mut keys = typed.clone();
            keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            // A stopped process could not give the terminal back.
            keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
            tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        }
        let screen = Self { typed, before: HashSet::new(), _held: Held::cleared() };
        to_standard_output(ENTER)?;
        Ok(screen)
    }

    /// Whether keys can be read from standard input.
    pub fn has_keys(&self) -> bool {
        self.typed.is_some()
    }

    /// Draws a page over the one before, with `foot` below it, and returns whether anyone reads it. Lines
    /// whose words were not on the page before stand out; figures alone are no change. What has no room is
    /// counted.
    pub fn draw(&mut self, page: &str, foot: &str) -> io::Result<bool> {
        let page = visible_lines(page);
        let lines: Vec<&str> = page.lines().collect();
        // The foot and the blank line above it.
        let room = terminal::rows().map_or(usize::MAX, |rows| rows.saturating_sub(2));
        let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
        let mut drawn = String::from("\x1b[H");
        for line in &lines[..shown] {
            let painted = verdict_words::painted(line);
            let is_new = !self.before.is_empty() && !self.before.contains(&words(line));
            drawn.push_str(&match is_new {
                true => format!("{MARKED}{}{UNMARKED}", painted.replace(UNMARKED, "\x1b[0;1m")),
                false => painted,
            });
            drawn.push_str("\x1b[K\r\n");
        }
        if shown < lines.len() {
            drawn.push_str(&format!("{} more lines: enlarge the terminal\x1b[K\r\n", lines.len() - shown));
        }
        drawn.push_str(&format!("\x1b[K\r\n{}\x1b[K\x1b[J", visible_lines(foot)));
        to_standard_output(&drawn)
    }

    /// From now on a page is compared with this one.
    pub fn remember(&mut self, page: &str) {
        self.before = visible_lines(page).lines().map(words).collect();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Who has hung up needs no terminal.
        let _ = to_standard_output(LEAVE);
        if let Some(typed) = &self.typed {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, typed);
        }
    }
}

/// A line without what is measured at each look.
fn words(line: &str) -> String {
    let is_figure = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    line.split_whitespace().filter(|word| !is_figure(word)).collect::<Vec<_>>().join(" ")
}
