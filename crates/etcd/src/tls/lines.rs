//! What a start of another member says over a connection: a line whenever something changes, and an empty one
//! every now and then.

use std::io::{self, Read};
use std::time::Instant;

use rustls::{ClientConnection, StreamOwned};
use zone_pki::Certificate;

use super::deadline::Deadline;

/// More than a start ever says at once; its list of members is the longest part.
const LONGEST: usize = 1 << 18;

#[derive(Debug)]
pub struct Lines {
    stream: Stream,
    begun: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Tls(Box<StreamOwned<ClientConnection, Deadline>>),
    Plain(Deadline),
}

impl Lines {
    pub(super) fn over_tls(stream: StreamOwned<ClientConnection, Deadline>) -> Self {
        Self { stream: Stream::Tls(Box::new(stream)), begun: Vec::new() }
    }

    pub(super) fn in_plain_text(stream: Deadline, begun: Vec<u8>) -> Self {
        Self { stream: Stream::Plain(stream), begun }
    }

    /// The certificate that the other side presented; none in plain text.
    pub fn certificate(&self) -> Option<Certificate> {
        match &self.stream {
            Stream::Tls(stream) => Certificate::from_der(stream.conn.peer_certificates()?.first()?).ok(),
            Stream::Plain(_) => None,
        }
    }

    /// The next line, without its end; none when the other side has closed the connection. An empty one only
    /// says that it is there.
    ///
    /// # Errors
    /// Nothing came until `deadline`, or a line without an end.
    pub fn next(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.begun.drain(..=end).collect();
                line.pop();
                return Ok(Some(line));
            }
            if self.begun.len() > LONGEST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without an end"));
            }
            let count = match &mut self.stream {
                Stream::Tls(stream) => {
                    stream.sock.deadline = deadline;
                    stream.read(&mut buffer)
                }
                Stream::Plain(socket) => {
                    socket.deadline = deadline;
                    socket.read(&mut buffer)
                }
            };
            match count {
                Ok(0) => return Ok(None),
                Ok(count) => self.begun.extend_from_slice(&buffer[..count]),
                // A process that becomes another says no farewell.
                Err(error) if is_end(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
