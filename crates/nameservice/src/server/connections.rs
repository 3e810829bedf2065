//! Connections: so many at once, each for one request and for so long at most.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::answer::{Known, answer};
use super::state::State;

/// Open at the same time.
const MOST: usize = 64;
/// How long a client has for its handshake, and then for the head of its request.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection has for all.
const WHOLE_LIMIT: Duration = Duration::from_secs(20);
/// In bytes: what the head of a request has at most. hyper takes no less.
const HEAD_AT_MOST: usize = 8192;
const HEADERS_AT_MOST: usize = 64;
/// How long requests that are being answered have when the server ends.
const FAREWELL: Duration = Duration::from_millis(200);
/// After a connection could not be accepted, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// What a TLS server presents, exchanged when the certificate is renewed. None: plain text.
pub(super) type Tls = Arc<Mutex<Option<TlsAcceptor>>>;

/// The connections that are open, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Connections(VecDeque<JoinHandle<()>>);

impl Connections {
    /// Accepts connections for ever. When there are too many, the oldest is closed: one that asks is answered
    /// within milliseconds, so that is one that says nothing, or reads nothing.
    pub(super) async fn accept(&mut self, listener: &TcpListener, tls: &Tls, state: &Arc<State>) {
        loop {
            let Ok((socket, _)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            self.0.retain(|open| !open.is_finished());
            if self.0.len() >= MOST
                && let Some(oldest) = self.0.pop_front()
            {
                oldest.abort();
            }
            let tls = tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let served = serve(socket, tls, Arc::clone(state));
            self.0.push_back(tokio::spawn(async {
                // A client that is too slow is told nothing.
                let _ = timeout(WHOLE_LIMIT, served).await;
            }));
        }
    }

    /// Waits a little for those that are open.
    pub(super) async fn end(self) {
        let all = async {
            for open in self.0 {
                let _ = open.await;
            }
        };
        let _ = timeout(FAREWELL, all).await;
    }
}

async fn serve(socket: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    // It fails for one that is closed already.
    let _ = socket.set_nodelay(true);
    match tls {
        None => converse(socket, state).await,
        Some(acceptor) => match timeout(HEAD_LIMIT, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => converse(stream, state).await,
            Ok(Err(error)) => tracing::debug!(%error, "no handshake"),
            Err(_) => tracing::debug!("no handshake in time"),
        },
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn(|request| {
        let served = state.served();
        let (catalog, providers) = (&served.catalog, &served.providers);
        let known = Known { catalog, providers, now: OffsetDateTime::now_utc() };
        let response = answer(&request, &known);
        tracing::debug!(status = response.status().as_u16(), "answered");
        async move { Ok::<_, Infallible>(response) }
    });
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_AT_MOST)
        .max_headers(HEADERS_AT_MOST)
        .keep_alive(false)
        // A client that has said all may close its side, and is answered still.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
