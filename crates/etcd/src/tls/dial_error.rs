//! How exactly a reply fails to come, and what that means in words.

use std::io;
use std::net::SocketAddr;

use rustls::{AlertDescription, CertificateError, Error};

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
    pub(super) fn before_anything_was_said(self) -> Self {
        match self {
            Self::TimedOut(Stage::Reply) => Self::TimedOut(Stage::Handshake),
            Self::Closed(Stage::Reply) => Self::Closed(Stage::Handshake),
            other => other,
        }
    }
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
