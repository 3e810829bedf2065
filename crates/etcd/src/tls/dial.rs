//! One request over the wire. The reply does not matter as much as how exactly it fails to come: a closed
//! port, one that is bound but not served yet, and one whose TLS refuses us mean different things.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deadline::{Deadline, left_until};
use super::lines::Lines;
use super::response::{self, Answer, Response};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, StreamOwned};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host: a name or an IP address, without brackets. The server's certificate has to be valid for it.
    pub host: String,
    pub port: u16,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Looking up the name.
    Resolve,
    Connect,
    /// Connected; the handshake is not over.
    Handshake,
    /// The handshake is over on our side, the reply has not come.
    Reply,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("the name {host} does not resolve: {source}")]
    Name { host: String, source: io::Error },
    /// Nothing listens.
    #[error("nothing listens at {0}")]
    Refused(SocketAddr),
    /// The machine cannot be reached.
    #[error("{address} cannot be reached: {source}")]
    Unreachable { address: SocketAddr, source: io::Error },
    #[error("{}", timeout_text(*.0))]
    TimedOut(Stage),
    /// The other side closed the connection without a word.
    #[error(
        "the connection was closed {}",
        if *.0 == Stage::Reply { "without an answer" } else { "before any handshake" }
    )]
    Closed(Stage),
    /// We refuse the server's certificate.
    #[error("its certificate is refused: {}", certificate_text(.0))]
    Untrusted(CertificateError),
    /// The server refuses us, by this alert.
    #[error("it refuses our certificate ({})", alert_text(*.0))]
    Alert(AlertDescription),
    /// What is spoken there is not TLS, or not as we speak it.
    #[error("it does not speak TLS as expected: {0}")]
    NotTls(Error),
    /// What is spoken inside TLS is not HTTP.
    #[error("its answer is not HTTP")]
    NotHttp,
    /// The answer is longer than any that is asked for.
    #[error("its answer has no end")]
    TooLong,
    /// Any other failure of the connection.
    #[error("the connection failed: {0}")]
    Io(#[source] io::Error),
}

impl DialError {
    /// Without a handshake, silence and a closed connection come as early as they would during one.
    fn before_anything_was_said(self) -> Self {
        match self {
            Self::TimedOut(Stage::Reply) => Self::TimedOut(Stage::Handshake),
            Self::Closed(Stage::Reply) => Self::Closed(Stage::Handshake),
            other => other,
        }
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

/// What an error of the stream means. rustls hides its own errors inside those of I/O.
pub(super) fn explain(error: io::Error, stage: Stage) -> DialError {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return match inner {
            Error::InvalidCertificate(reason) => DialError::Untrusted(reason.clone()),
            Error::AlertReceived(alert) => DialError::Alert(*alert),
            other => DialError::NotTls(other.clone()),
        };
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => DialError::TimedOut(stage),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected
        | io::ErrorKind::BrokenPipe => DialError::Closed(stage),
        _ => DialError::Io(error),
    }
}

fn timeout_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "its name was not resolved in time",
        Stage::Connect => "it did not answer in time",
        Stage::Handshake => "it accepts TCP, no TLS reply",
        Stage::Reply => "it does not answer requests in time",
    }
}

/// The words that etcd's own log uses come first where there are any, so that one can be found from the
/// other.
fn certificate_text(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired by this machine's clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet by this machine's clock".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "it was issued by an authority that this zone does not trust".to_owned()
        }
        CertificateError::NotValidForName => "it is not valid for this name or address".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("it is valid for {}, not for {}", presented.join(", "), expected.to_str())
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it may not be used for this".to_owned()
        }
        other => other.to_string(),
    }
}

fn alert_text(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::BadCertificate => "bad certificate".to_owned(),
        AlertDescription::CertificateRequired => "certificate required".to_owned(),
        AlertDescription::UnknownCA => "unknown certificate authority".to_owned(),
        AlertDescription::CertificateExpired => "certificate expired".to_owned(),
        other => format!("{other:?}"),
    }
}
