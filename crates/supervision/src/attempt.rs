//! One try whether something answers, on this host.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::ending::Ending;
use super::launch::Running;
use model::config::HttpProbe;

/// What takes longer does not answer.
pub(super) const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks whether a command has ended.
const LOOK: Duration = Duration::from_millis(10);
/// Why a command that was cancelled has not succeeded.
pub(super) const STILL_RUNS: &str = "the command still runs";
/// A status line is a few words (RFC 9112 section 4).
const LONGEST_STATUS_LINE: usize = 1024;

/// Whether a port takes connections. The error says why not.
pub(super) fn tcp(address: SocketAddr) -> Result<(), String> {
    connect(address).map(drop)
}

/// Whether a GET request is answered with a status from 200 to 399. The error says why not.
pub(super) fn http(probe: &HttpProbe) -> Result<(), String> {
    let stream = connect(probe.address)?;
    let line = ask(stream, probe).map_err(|error| {
        let limit = ATTEMPT_LIMIT.as_secs();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("no answer within {limit} s"),
            _ => error.to_string(),
        }
    })?;
    match status(&line) {
        Some(200..=399) => Ok(()),
        Some(status) => Err(format!("the answer is {status}")),
        None => Err("the answer is not HTTP/1".to_owned()),
    }
}

/// Whether a command that was started ends with 0. The error says why not. It is over when `is_cancelled`.
pub(super) fn command(
    running: Running,
    limit: Duration,
    mut is_cancelled: impl FnMut(Duration) -> bool,
) -> Result<(), String> {
    let deadline = Instant::now() + limit;
    while !running.has_ended() {
        if Instant::now() >= deadline {
            return Err(format!("the command did not end within {} s", limit.as_secs()));
        }
        if is_cancelled(LOOK) {
            return Err(STILL_RUNS.to_owned());
        }
    }
    match running.finish() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the command ended {}", Ending::from(status))),
        Err(error) => Err(error.to_string()),
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    TcpStream::connect_timeout(&address, ATTEMPT_LIMIT).map_err(|error| format!("{address}: {error}"))
}

fn ask(mut stream: TcpStream, probe: &HttpProbe) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + ATTEMPT_LIMIT;
    let (address, path) = (probe.address, &probe.path);
    stream.set_write_timeout(Some(ATTEMPT_LIMIT))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: zone-etcd\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut line = Vec::new();
    let mut chunk = [0; 256];
    while !line.contains(&b'\n') && line.len() < LONGEST_STATUS_LINE {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk)? {
            0 => break,
            read => line.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(line)
}

/// The number in `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line.split(|byte| *byte == b'\r' || *byte == b'\n').next()?).ok()?;
    let (version, rest) = text.split_once(' ')?;
    let number = rest.split(' ').next().filter(|number| number.len() == 3)?;
    matches!(version, "HTTP/1.0" | "HTTP/1.1").then(|| number.parse().ok())?
}
