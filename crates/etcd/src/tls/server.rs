//! The other side of [`super::lines`]: a start that waits takes connections of other members only.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::server::Acceptor;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use zone_pki::Certificate;

use super::deadline::Deadline;
use super::dial::PROTOCOL;
use super::material::{KeyPair, MaterialError, Side};

/// More than the head of a request that etcd or a start makes.
const LONGEST_HEAD: usize = 8192;
/// What tells a request of another start from one of etcd, in plain text.
const UPGRADE: &str = "upgrade: zone-etcd/1";

#[derive(Clone, Debug)]
pub enum Server {
    /// From clients with a certificate of the peer plane, over TLS.
    Tls(Arc<ServerConfig>),
    /// From any client, in plain text.
    Plain,
}

/// A connection of another start.
#[derive(Debug)]
pub struct Accepted {
    stream: Stream,
}

#[derive(Debug)]
enum Stream {
    Tls(Box<StreamOwned<ServerConnection, Deadline>>),
    Plain(Deadline),
}

impl Server {
    /// Takes connections with a certificate that the authorities of this side have issued, and presents its
    /// own.
    pub fn mutual(side: &Side) -> Result<Self, MaterialError> {
        side.trust.server(&side.pair).map(Self::with)
    }

    /// Takes connections of any client, over TLS with a certificate that cannot be verified.
    pub fn unverified(pair: &KeyPair) -> Result<Self, MaterialError> {
        pair.server_for_any_client().map(Self::with)
    }

    fn with(mut config: ServerConfig) -> Self {
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // The connection is not resumed.
        config.send_tls13_tickets = 0;
        Self::Tls(Arc::new(config))
    }

    /// Takes one connection. None if it is not one of another start, which is closed with a reset: etcd's
    /// bootstrap check takes that for an answer in no time, and no half-closed connection is in the way when
    /// etcd binds the port. `first` is how long the first message is waited for, `whole` the whole handshake.
    pub fn accept(&self, socket: TcpStream, first: Duration, whole: Duration) -> Option<Accepted> {
        let refusal = socket.try_clone().ok();
        let accepted = match self {
            Self::Tls(config) => accept_tls(config, socket, first, whole),
            Self::Plain => accept_plain(socket, first),
        };
        if accepted.is_none() {
            refusal.iter().for_each(reset);
        }
        accepted
    }
}

impl Accepted {
    /// The certificate that the other side presented; none where clients are not verified.
    pub fn certificate(&self) -> Option<Certificate> {
        match &self.stream {
            Stream::Tls(stream) => Certificate::from_der(stream.conn.peer_certificates()?.first()?).ok(),
            Stream::Plain(_) => None,
        }
    }

    /// Sends a line, within a limit.
    pub fn send(&mut self, line: &str, limit: Duration) -> io::Result<()> {
        let deadline = Instant::now() + limit;
        let mut bytes = line.as_bytes().to_vec();
        bytes.push(b'\n');
        match &mut self.stream {
            Stream::Tls(stream) => {
                stream.sock.deadline = deadline;
                stream.write_all(&bytes).and_then(|()| stream.flush())
            }
            Stream::Plain(socket) => {
                socket.deadline = deadline;
                socket.write_all(&bytes)
            }
        }
    }
}

pub fn reset(socket: &TcpStream) {
    // It fails for one that is closed already.
    let _ = socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

fn accept_tls(
    config: &Arc<ServerConfig>,
    socket: TcpStream,
    first: Duration,
    whole: Duration,
) -> Option<Accepted> {
    let mut socket = Deadline { socket, deadline: Instant::now() + first };
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        if acceptor.read_tls(&mut socket).ok()? == 0 {
            return None;
        }
        if let Some(accepted) = acceptor.accept().ok()? {
            break accepted;
        }
    };
    if !accepted.client_hello().alpn()?.any(|name| name == PROTOCOL) {
        return None;
    }
    socket.deadline = Instant::now() + whole;
    socket.socket.set_nodelay(true).ok()?;
    let connection = accepted.into_connection(Arc::clone(config)).ok()?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    Some(Accepted { stream: Stream::Tls(Box::new(stream)) })
}

fn accept_plain(socket: TcpStream, first: Duration) -> Option<Accepted> {
    use std::io::Read;
    let mut socket = Deadline { socket, deadline: Instant::now() + first };
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let count = socket.read(&mut buffer).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&buffer[..count]);
        if head.len() > LONGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(head).ok()?.lines().find(|line| line.eq_ignore_ascii_case(UPGRADE))?;
    socket.socket.set_nodelay(true).ok()?;
    socket
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: zone-etcd/1\r\n\r\n")
        .ok()?;
    Some(Accepted { stream: Stream::Plain(socket) })
}
