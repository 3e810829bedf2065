//! A peer that does what it is told to each connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use etcd::tls::{KeyPair, Trust};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Case;
use crate::harness::processes::until;

/// A connection inside TLS.
pub(super) type Inside = StreamOwned<ServerConnection, TcpStream>;

/// Listens until it is dropped.
pub(super) struct FakePeer {
    port: u16,
    ended: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl FakePeer {
    /// Does this to each connection, with its number from 0, on a thread of its own.
    #[track_caller]
    pub(super) fn listen(port: u16, act: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        // A child that another test is about to start holds a copy of every socket until its exec, also of
        // one that is closed.
        let listener = until("a free port", || TcpListener::bind(("127.0.0.1", port)).ok());
        let (ended, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (end, count, act) = (Arc::clone(&ended), Arc::clone(&connections), Arc::new(act));
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (act, number) = (Arc::clone(&act), count.fetch_add(1, Ordering::SeqCst));
                if let Ok(connection) = connection {
                    std::thread::spawn(move || act(connection, number));
                }
            }
        });
        Self { port, ended, connections, thread: Some(thread) }
    }

    /// Speaks TLS with this configuration, reads a request, and then does this.
    #[track_caller]
    pub(super) fn inside_tls(
        port: u16,
        config: ServerConfig,
        act: impl Fn(Inside, usize) + Send + Sync + 'static,
    ) -> Self {
        Self::silent_at_first(port, 0, config, act)
    }

    /// The same, but says nothing on so many connections before, as etcd does until it serves.
    #[track_caller]
    pub(super) fn silent_at_first(
        port: u16,
        silent: usize,
        config: ServerConfig,
        act: impl Fn(Inside, usize) + Send + Sync + 'static,
    ) -> Self {
        let config = Arc::new(config);
        Self::listen(port, move |mut socket, number| {
            if number < silent {
                let _ = std::io::copy(&mut socket, &mut std::io::sink());
                return;
            }
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, socket);
            // A client that refuses us or that we refuse has no request.
            if stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                act(stream, number);
            }
        })
    }

    /// The member of a node, with the certificates that etcd would have there, which answers every request
    /// with this.
    #[track_caller]
    pub(super) fn answering(
        case: &Case,
        node: &str,
        answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::answering_late(case, node, 0, answer)
    }

    /// The same, but silent on so many connections before.
    #[track_caller]
    pub(super) fn answering_late(
        case: &Case,
        node: &str,
        silent: usize,
        answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::silent_at_first(case.port(node), silent, own_config(case, node), move |mut stream, number| {
            // Whoever has heard enough closes.
            let _ = stream.write_all(&answer(number)).and_then(|()| stream.flush());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    /// How many connections it has taken.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for FakePeer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// TLS as the etcd of a node would speak it with its peers.
#[track_caller]
pub(super) fn own_config(case: &Case, node: &str) -> ServerConfig {
    let generation = case.zone.file(&format!("nodes/{node}/pki/current"));
    config(&generation.join("peer-ca.crt"), &generation, "peer")
}

/// TLS with this trust, and what `STEM.crt` and `STEM.key` of a directory hold.
#[track_caller]
pub(super) fn config(trust: &Path, directory: &Path, stem: &str) -> ServerConfig {
    let pair = KeyPair::load(directory, stem).expect("a certificate with its key");
    Trust::load(trust).expect("an authority").server(&pair).expect("a configuration")
}

/// An answer as etcd gives it to `/members`.
pub(super) fn members_answer(cluster: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Etcd-Cluster-Id: {cluster}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
