//! What supervised processes write, line by line, and what is told of them.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use model::report;

/// A longer line is passed on in pieces, so that one without an end takes no more memory than this.
const LONGEST_PIECE: usize = 16 << 10;

/// Where the output of processes goes.
#[derive(Clone)]
pub enum Output {
    /// To the standard output and standard error of this process, as it is.
    AsItIs,
    /// Line by line.
    Lines(Arc<dyn Listener>),
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'s> {
    /// The name of the process.
    pub name: &'s str,
    /// Its place among all processes, for a colour of its own.
    pub place: usize,
}

/// Who is told of lines, from several threads.
pub trait Listener: Send + Sync {
    /// A line of a process, without its end, or a piece of one that is very long. It is what that process
    /// wrote, unchecked.
    fn line(&self, source: Source<'_>, line: &str);
    /// What the supervisor did.
    fn message(&self, text: &str);
}

/// Standard error, the name of the process before each line.
struct StandardError;

impl Listener for StandardError {
    fn line(&self, Source { name, place }: Source<'_>, line: &str) {
        report::message_of(&format!("{name} | "), place, line);
    }

    fn message(&self, text: &str) {
        report::message(text);
    }
}

impl Output {
    /// With names before the lines, unless systemd's journal reads them: it takes levels and lines as they
    /// are, and has fields of its own.
    pub fn of_environment() -> Self {
        if host::is_read_by_journal() { Self::AsItIs } else { Self::Lines(Arc::new(StandardError)) }
    }

    pub(super) fn message(&self, text: &str) {
        match self {
            Self::AsItIs => report::message(text),
            Self::Lines(listener) => listener.message(text),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AsItIs => "AsItIs",
            Self::Lines(_) => "Lines",
        })
    }
}

/// Reads a stream to its end and hands on each line. What is not UTF-8 in it is replaced.
pub(super) fn read_lines(mut stream: impl Read, mut hand_on: impl FnMut(&str)) {
    let mut chunk = [0; 8 << 10];
    let mut line: Vec<u8> = Vec::with_capacity(LONGEST_PIECE);
    let mut is_continued = false;
    loop {
        let read = match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut rest = &chunk[..read];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&rest[..end]);
            let text = line.strip_suffix(b"\r").unwrap_or(&line);
            if !(text.is_empty() && is_continued) {
                hand_on(&String::from_utf8_lossy(text));
            }
            line.clear();
            is_continued = false;
            rest = &rest[end + 1..];
        }
        line.extend_from_slice(rest);
        if line.len() >= LONGEST_PIECE {
            let end = whole_characters(&line);
            hand_on(&String::from_utf8_lossy(&line[..end]));
            line.drain(..end);
            is_continued = true;
        }
    }
    if !line.is_empty() {
        hand_on(&String::from_utf8_lossy(&line));
    }
}

/// The length without a character at the end of which not all bytes are there.
fn whole_characters(bytes: &[u8]) -> usize {
    let cut = (1..=3).find(|back| {
        let Some(first) = bytes.len().checked_sub(*back).map(|place| bytes[place]) else { return false };
        let wanted = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        wanted > *back
    });
    bytes.len() - cut.unwrap_or_default()
}
