//! A question asked of one server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::message::{Answer, Question, Reading, read};

/// How long is waited, and how often is asked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When everything has to be answered.
    pub deadline: Instant,
    /// How long one try takes at most.
    pub one_try: Duration,
    /// How often a question is sent.
    pub tries: u32,
}

/// Why a server has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("no answer")]
    Silent,
    /// Of another id or to another question: of an earlier one, or forged.
    #[error("no answer; {0} of its messages answer another question or have another id")]
    OnlyOthers(usize),
    #[error("it answers {0}")]
    Refused(&'static str),
    #[error("over UDP")]
    Udp(#[source] io::Error),
    /// What was truncated over UDP has to be asked for over TCP (RFC 7766).
    #[error("the answer is too long for UDP, and TCP gave no answer")]
    Tcp(#[source] io::Error),
    #[error("its answer over TCP is not to the question that was asked")]
    OtherOverTcp,
    #[error("the system gives no random numbers")]
    NoRandom,
    #[error("DNS has no such name")]
    NoName,
}

/// Asks a server, and waits for the answer as long as the limits allow.
pub(crate) fn ask(server: SocketAddr, question: &Question, limits: Limits) -> Result<Answer, AskError> {
    let mut others = 0;
    let mut last = None;
    for _ in 0..limits.tries {
        // Another id and, by another socket, another port for each try: a late answer is not taken.
        let id = random_id()?;
        let message = question.encode(id).ok_or(AskError::NoName)?;
        let until = limits.deadline.min(Instant::now() + limits.one_try);
        match over_udp(server, &message, until, |bytes| read(bytes, id, question), &mut others) {
            Ok(Some(Reading::Answer(answer))) => return judged(answer),
            Ok(Some(_)) => return over_tcp(server, &message, limits.deadline, id, question),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        if Instant::now() >= limits.deadline {
            break;
        }
    }
    Err(match (last, others) {
        (Some(error), 0) => AskError::Udp(error),
        (_, 0) => AskError::Silent,
        (_, others) => AskError::OnlyOthers(others),
    })
}

fn judged(answer: Answer) -> Result<Answer, AskError> {
    answer.refusal.map_or(Ok(answer), |refusal| Err(AskError::Refused(refusal)))
}

fn random_id() -> Result<u16, AskError> {
    let mut bytes = [0; 2];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AskError::NoRandom)?;
    Ok(u16::from_be_bytes(bytes))
}

/// The answer, or that it was truncated; none if there was none in time.
fn over_udp(
    server: SocketAddr,
    message: &[u8],
    until: Instant,
    read: impl Fn(&[u8]) -> Reading,
    others: &mut usize,
) -> io::Result<Option<Reading>> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    // The kernel then drops what comes from another address or port.
    socket.connect(server)?;
    socket.send(message)?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while let Some(left) = left_until(until) {
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(length) => match read(buffer.get(..length).unwrap_or_default()) {
                Reading::Other => *others += 1,
                reading => return Ok(Some(reading)),
            },
            Err(error) if is_timeout(&error) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn over_tcp(
    server: SocketAddr,
    message: &[u8],
    until: Instant,
    id: u16,
    question: &Question,
) -> Result<Answer, AskError> {
    let bytes = exchange_over_tcp(server, message, until).map_err(AskError::Tcp)?;
    match read(&bytes, id, question) {
        Reading::Answer(answer) => judged(answer),
        Reading::Truncated | Reading::Other => Err(AskError::OtherOverTcp),
    }
}

/// Each message has its length before it (RFC 1035 section 4.2.2).
fn exchange_over_tcp(server: SocketAddr, message: &[u8], until: Instant) -> io::Result<Vec<u8>> {
    let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
    let mut stream = TcpStream::connect_timeout(&server, left_until(until).ok_or_else(timed_out)?)?;
    stream.set_write_timeout(Some(left_until(until).ok_or_else(timed_out)?))?;
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())?;
    let length = read_until(&mut stream, 2, until)?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    read_until(&mut stream, length, until)
}

/// A timeout of the socket is for one call, and a server may send byte by byte.
fn read_until(stream: &mut TcpStream, length: usize, until: Instant) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let left = left_until(until).ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
        stream.set_read_timeout(Some(left))?;
        match stream.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn left_until(until: Instant) -> Option<Duration> {
    Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
