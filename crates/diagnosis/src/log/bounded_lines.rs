//! Lines of bounded length out of a stream.

use std::io::{self, BufRead};

/// What is kept of a line, in bytes. etcd's longest lines are those with a stack trace, below 8 KiB.
const LONGEST_LINE: usize = 64 * 1024;

/// A stream by lines. What exceeds [`LONGEST_LINE`] of a line is read and dropped.
pub(super) struct BoundedLines<R> {
    stream: R,
    line: Vec<u8>,
}

impl<R: BufRead> BoundedLines<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, line: Vec::new() }
    }

    /// The next line without its end, or none at the end of the stream.
    pub(super) fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_at_end = true;
        loop {
            let available = match self.stream.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            is_at_end = false;
            let newline = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..newline.unwrap_or(available.len())];
            let room = LONGEST_LINE - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(newline.is_some());
            self.stream.consume(used);
            if newline.is_some() {
                break;
            }
        }
        Ok((!is_at_end).then_some(&self.line))
    }
}
