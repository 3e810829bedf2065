//! A document from a list of bases, and whether a nameservice is ready.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use zone_pki::regular_file;

use crate::Base;
use crate::DOCUMENT_AT_MOST;
use etcd::tls::{DialError, MaterialError, Reply, Stage, Target, Trust, get};
use host::detached;
use model::config::{BasePlace, Port};
use model::foreign_text::{lines, said};
use model::plan::DocumentRefusal;

/// How long is waited, after the limit, for a request that ends at it.
const GRACE: Duration = Duration::from_millis(100);

/// Why a base has brought no document. What others wrote in it is filtered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It answers, and has no such document (404), or there is no such file; what it says of that.
    #[error("it has no such document{}", after_colon(.0.as_deref()))]
    NotFound(Option<String>),
    /// Nothing listens, nothing came in time, its certificate is refused, or what it speaks is not HTTP.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// It is longer than any zone document, of which nothing is kept then.
    #[error("what it has is longer than a zone document, which has at most {DOCUMENT_AT_MOST} bytes")]
    TooLong,
    /// It answers with another HTTP status.
    #[error("it answers with HTTP status {status}{}", after_colon(.said.as_deref()))]
    Http {
        /// The status.
        status: u16,
        /// The first line of the answer.
        said: Option<String>,
    },
    /// The file is there, and cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl FetchError {
    /// The refusal of a document that was not even brought, with its exit code and its next step.
    pub fn refusal(&self) -> DocumentRefusal {
        match self {
            Self::NotFound(_) => DocumentRefusal::NotFound,
            Self::NoAnswer(_) | Self::Http { .. } => DocumentRefusal::NoAnswer,
            Self::TooLong => DocumentRefusal::Unreadable(self.to_string()),
            Self::Unreadable(why) => DocumentRefusal::Unreadable(why.clone()),
        }
    }
}

/// What a nameservice has its documents from besides its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The zone's etcd.
    Etcd,
}

impl Provider {
    /// Its name, as in `/health?provider=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
        }
    }
}

/// Asks each base for the document of a zone or for the entry of a node, in their order, as far as the
/// caller goes on: a base is asked when the iterator comes to it. So what one brings can be judged, and the
/// next be asked if it is refused. Each request ends within `limit`, however slowly its answer comes. The
/// bytes are what the base says and nothing more.
///
/// It blocks, and may be called from any thread.
pub fn fetch<'b>(
    bases: &'b [Base],
    name: &str,
    trust: &Trust,
    limit: Duration,
) -> impl Iterator<Item = (&'b Base, Result<Vec<u8>, FetchError>)> + use<'b> {
    let (path, trust) = (format!("/resolve?name={}", percent_encoded(name)), trust.clone());
    bases.iter().map(move |base| (base, fetch_one(base, &path, &trust, limit)))
}

fn fetch_one(base: &Base, path: &str, trust: &Trust, limit: Duration) -> Result<Vec<u8>, FetchError> {
    match base.place() {
        BasePlace::File(path) => {
            let path = path.clone();
            in_time(limit, move |_| read(&path))
        }
        BasePlace::Http(ip, port) => request(target(ip, *port), None, path, limit),
        BasePlace::Https(address, port) => request(target(address, *port), Some(trust), path, limit),
    }
}

/// Asks a nameservice whether it is ready, by `/health`; with a provider, whether that has answered it. A
/// file is ready if it can be read, and has no providers.
///
/// # Errors
/// It is not, or not yet: status 503.
pub fn probe(
    base: &Base,
    provider: Option<Provider>,
    trust: &Trust,
    limit: Duration,
) -> Result<(), FetchError> {
    let query = provider.map(|provider| format!("?provider={}", provider.as_str())).unwrap_or_default();
    fetch_one(base, &format!("/health{query}"), trust, limit).map(drop)
}

fn target(host: &impl ToString, port: Port) -> Target {
    Target { host: host.to_string(), port: port.number() }
}

fn request(
    target: Target,
    trust: Option<&Trust>,
    path: &str,
    limit: Duration,
) -> Result<Vec<u8>, FetchError> {
    let config = |trust: &Trust| trust.client(None).map(|(config, _)| Arc::new(config));
    let unusable = |error: MaterialError| FetchError::NoAnswer(said(&error.to_string()));
    let config = trust.map(config).transpose().map_err(unusable)?;
    let (path, is_plain) = (path.to_owned(), config.is_none());
    in_time(limit, move |deadline| {
        let reply = get(&target, config, &path, &[("Accept", "application/json")], deadline);
        // Members are asked so where a handshake is due; in plain text none is.
        document(reply.map_err(|error| match error {
            DialError::TimedOut(Stage::Handshake) if is_plain => DialError::TimedOut(Stage::Reply),
            DialError::Closed(Stage::Handshake) if is_plain => DialError::Closed(Stage::Reply),
            other => other,
        }))
    })
}

/// Does the work on a thread of its own: the look-up of a name and a file system that hangs cannot be ended.
fn in_time(
    limit: Duration,
    work: impl FnOnce(Instant) -> Result<Vec<u8>, FetchError> + Send + 'static,
) -> Result<Vec<u8>, FetchError> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = mpsc::channel();
    // It may be told when the time is over, and nothing listens any more.
    detached(move || drop(sender.send(work(deadline))))
        .map_err(|error| FetchError::NoAnswer(error.to_string()))?;
    let late = |_| FetchError::NoAnswer("nothing came in time".to_owned());
    receiver.recv_timeout(limit + GRACE).map_err(late)?
}

fn document(reply: Result<Reply, DialError>) -> Result<Vec<u8>, FetchError> {
    let reply = reply.map_err(|error| match error {
        DialError::TooLong => FetchError::TooLong,
        other => FetchError::NoAnswer(said(&other.to_string())),
    })?;
    match reply.status {
        200 if reply.body.len() > DOCUMENT_AT_MOST => Err(FetchError::TooLong),
        200 => Ok(reply.body),
        404 => Err(FetchError::NotFound(first_line(&reply.body))),
        status => Err(FetchError::Http { status, said: first_line(&reply.body) }),
    }
}

fn after_colon(said: Option<&str>) -> String {
    said.map(|said| format!(": {said}")).unwrap_or_default()
}

fn first_line(body: &[u8]) -> Option<String> {
    lines(body, 1).pop()
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    let read = regular_file::open(path)
        .and_then(|file| file.take(DOCUMENT_AT_MOST as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() > DOCUMENT_AT_MOST => Err(FetchError::TooLong),
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FetchError::NotFound(None)),
        Err(error) => Err(FetchError::Unreadable(error.to_string())),
    }
}

/// All but the unreserved characters (RFC 3986, 2.3).
fn percent_encoded(name: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| match is_unreserved(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(encode).collect()
}
