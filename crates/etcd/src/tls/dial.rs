//! One request over the wire. The reply does not matter as much as how exactly it fails to come: a closed
//! port, one that is bound but not served yet, and one whose TLS refuses us mean different things.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deadline::{Deadline, left_until};
use super::dial_error::{DialError, Stage, explain};
use super::lines::Lines;
use super::response::{self, Answer, Response};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host: a name or an IP address, without brackets. The server's certificate has to be valid for it.
    pub host: String,
    pub port: u16,
}

impl Target {
    /// The host and port of `https://HOST:PORT`.
    pub fn of_https_url(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?.trim_end_matches('/');
        let (host, port) = rest.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }
}

#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub remote: SocketAddr,
    /// Our own address in that connection: what the server compares with our certificate.
    pub local: IpAddr,
    /// From the first packet to the connection: one round trip.
    pub connected_after: Duration,
    /// From the first packet to the end of the reply.
    pub answered_after: Duration,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The server's clock, to the second (RFC 9110, 5.6.7, in the form that servers write).
    pub fn date(&self) -> Option<OffsetDateTime> {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        PrimitiveDateTime::parse(self.header("date")?, format).ok().map(PrimitiveDateTime::assume_utc)
    }
}

/// Asks for `path` over TLS, or in plain text without it, with these further headers, until `deadline`.
/// Looking up a name cannot be ended at the deadline: who must not wait for it calls this on a thread of its
/// own.
pub fn get(
    target: &Target,
    tls: impl Into<Option<Arc<ClientConfig>>>,
    path: &str,
    headers: &[(&str, &str)],
    deadline: Instant,
) -> Result<Reply, DialError> {
    match Connection::open(target, deadline)?.ask(target, tls, path, headers, deadline)? {
        Spoken::Reply(reply) => Ok(reply),
        Spoken::Lines(_) => Err(DialError::NotHttp),
    }
}

/// A connection over which nothing has been said yet.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    started: Instant,
    connected_after: Duration,
}

impl Connection {
    /// Connects to the first address of the target that takes the connection.
    #[tracing::instrument(
        skip_all, level = "debug", name = "connect", err(level = "debug"),
        fields(host = %target.host, port = target.port)
    )]
    pub fn open(target: &Target, deadline: Instant) -> Result<Self, DialError> {
        let started = Instant::now();
        let name_error = |source| DialError::Name { host: target.host.clone(), source };
        let addresses: Vec<SocketAddr> =
            (target.host.as_str(), target.port).to_socket_addrs().map_err(name_error)?.collect();
        let mut failure = name_error(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
        for address in addresses {
            let Some(left) = left_until(deadline) else { return Err(DialError::TimedOut(Stage::Connect)) };
            match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => {
                    socket.set_nodelay(true).map_err(DialError::Io)?;
                    return Ok(Self { socket, started, connected_after: started.elapsed() });
                }
                Err(source) => {
                    failure = match source.kind() {
                        io::ErrorKind::ConnectionRefused => DialError::Refused(address),
                        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                            DialError::TimedOut(Stage::Connect)
                        }
                        _ => DialError::Unreachable { address, source },
                    };
                }
            }
        }
        Err(failure)
    }

    /// Our own address in this connection: what the other side compares with our certificate, unless it is
    /// translated on the way.
    pub fn local_address(&self) -> Option<IpAddr> {
        self.socket.local_addr().ok().map(|address| address.ip())
    }

    /// As [`get`], over this connection, but a start that waits at the target may answer in its own protocol
    /// instead: over TLS where the configuration offers it, in plain text where the headers do.
    #[tracing::instrument(
        skip_all, level = "debug", name = "question", err(level = "debug"),
        fields(host = %target.host, port = target.port, path)
    )]
    pub fn ask(
        self,
        target: &Target,
        tls: impl Into<Option<Arc<ClientConfig>>>,
        path: &str,
        headers: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<Spoken, DialError> {
        let Self { socket, started, connected_after } = self;
        // A socket that the other side has reset in the meantime has no peer any more.
        let gone = |error| explain(error, Stage::Handshake);
        let (remote, local) = (socket.peer_addr().map_err(gone)?, socket.local_addr().map_err(gone)?.ip());
        let mut socket = Deadline { socket, deadline };
        let request = request(target, path, headers);
        let Response { status, headers, body } = match tls.into() {
            Some(config) => {
                let mut stream = handshake(target, config, socket)?;
                if stream.conn.alpn_protocol() == Some(PROTOCOL) {
                    return Ok(Spoken::Lines(Lines::over_tls(stream)));
                }
                send(&mut stream, &request)?;
                response::read(&mut stream)?
            }
            None => {
                let answer =
                    send(&mut socket, &request).and_then(|()| response::read_or_upgrade(&mut socket));
                match answer.map_err(DialError::before_anything_was_said)? {
                    Answer::Whole(response) => response,
                    Answer::Upgraded(begun) => return Ok(Spoken::Lines(Lines::in_plain_text(socket, begun))),
                }
            }
        };
        let answered_after = started.elapsed();
        tracing::debug!(status, "answered");
        Ok(Spoken::Reply(Reply { status, headers, body, remote, local, connected_after, answered_after }))
    }
}

/// What came back over a connection.
#[derive(Debug)]
pub enum Spoken {
    /// An answer of etcd, or of whatever speaks HTTP.
    Reply(Reply),
    /// A start of another member, which says what it shows, and says more whenever that changes.
    Lines(Lines),
}

/// The name of the protocol that starts speak among themselves (ALPN, RFC 7301).
pub const PROTOCOL: &[u8] = b"zone-etcd/1";

fn handshake(
    target: &Target,
    config: Arc<ClientConfig>,
    socket: Deadline,
) -> Result<StreamOwned<ClientConnection, Deadline>, DialError> {
    let name = ServerName::try_from(target.host.clone()).map_err(|_| DialError::Name {
        host: target.host.clone(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "it is neither a DNS name nor an address"),
    })?;
    let client = ClientConnection::new(config, name).map_err(DialError::NotTls)?;
    let mut stream = StreamOwned::new(client, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| explain(error, Stage::Handshake))?;
    }
    Ok(stream)
}

fn send(stream: &mut impl Write, request: &str) -> Result<(), DialError> {
    stream.write_all(request.as_bytes()).map_err(|error| explain(error, Stage::Reply))
}

fn request(target: &Target, path: &str, headers: &[(&str, &str)]) -> String {
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
    let mut text = format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\n", target.port);
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}
