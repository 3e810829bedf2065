//! A socket whose every read and write ends at one instant, however slowly the other side feeds it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What is left until an instant; none if it is over.
pub(super) fn left_until(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// The socket, and until when.
#[derive(Debug)]
pub(super) struct Deadline {
    pub(super) socket: TcpStream,
    pub(super) deadline: Instant,
}

impl Deadline {
    fn left(&self) -> io::Result<Duration> {
        left_until(self.deadline).ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

/// The kernel ends a long wait of a socket late, by an eighth of it (its timer wheel); short ones it ends in
/// time.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

fn is_timeout<T>(result: &io::Result<T>) -> bool {
    let timeouts = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
    result.as_ref().is_err_and(|error| timeouts.contains(&error.kind()))
}

impl Read for Deadline {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.socket.set_read_timeout(Some(self.left()?.min(LONGEST_WAIT)))?;
            let result = self.socket.read(buffer);
            if !is_timeout(&result) {
                return result;
            }
        }
    }
}

impl Write for Deadline {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        loop {
            self.socket.set_write_timeout(Some(self.left()?.min(LONGEST_WAIT)))?;
            let result = self.socket.write(buffer);
            if !is_timeout(&result) {
                return result;
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
