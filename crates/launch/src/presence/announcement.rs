//! A start says what it shows to the other members: its peer port is bound until it becomes etcd, connections
//! of other starts are answered, and all others are reset at once, since a port that is bound and silent
//! would keep etcd's bootstrap check waiting.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use zone_pki::{RevocationList, SubjectAltName, SubjectAltNames};

use super::arrivals::Arrivals;
use super::message::{Message, REFUSES_ADDRESS};
use etcd::tls::{Accepted, Server, reset};
use host::detached;

/// How long the first message of a connection is waited for, and the whole handshake.
const FIRST_MESSAGE: Duration = Duration::from_millis(250);
const HANDSHAKE: Duration = Duration::from_secs(1);
/// How many connections may be in a handshake: strangers can do no more than keep others waiting for that
/// long.
const HANDSHAKES: usize = 16;
/// How many connections a member may have: one of its start, and one of a `plan` beside it.
const OF_ONE_MEMBER: usize = 2;
/// How many connections there may be where clients have no certificates.
const OF_ALL_UNVERIFIED: usize = 64;
/// A line says that this start is there at least so often.
const BEAT: Duration = Duration::from_millis(500);
/// How long a line may take to be sent.
const SENDING: Duration = Duration::from_secs(1);
/// How long the names of a certificate may take to be resolved.
const RESOLVING: Duration = Duration::from_secs(1);

/// What a start shows to the others. It ends with the process: its sockets are closed by execve(2), in the
/// same moment in which etcd's start begins.
#[derive(Clone, Debug)]
pub struct Announcement(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    server: Server,
    revoked: Option<Arc<RevocationList>>,
    said: Mutex<Said>,
    changed: Condvar,
    arrivals: Arrivals,
    handshakes: AtomicUsize,
    members: Mutex<HashMap<Vec<u8>, usize>>,
}

#[derive(Debug)]
struct Said {
    version: u64,
    message: Message,
}

impl Announcement {
    /// Listens on these sockets, and says `message`.
    pub fn start(
        sockets: impl Iterator<Item = SocketAddr>,
        server: Server,
        revoked: Option<Arc<RevocationList>>,
        message: Message,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            server,
            revoked,
            said: Mutex::new(Said { version: 0, message }),
            changed: Condvar::new(),
            arrivals: Arrivals::default(),
            handshakes: AtomicUsize::new(0),
            members: Mutex::default(),
        });
        // A socket that cannot be bound is told where ports are checked; the others are of use nevertheless.
        for listener in sockets.filter_map(|socket| TcpListener::bind(socket).ok()) {
            let shared = Arc::clone(&shared);
            detached(move || shared.listen(&listener))?;
        }
        Ok(Self(shared))
    }

    pub fn arrivals(&self) -> Arrivals {
        self.0.arrivals.clone()
    }

    /// Changes what is said, which is sent to all at once.
    pub fn say(&self, change: impl FnOnce(&mut Message)) {
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.message.clone();
        change(&mut said.message);
        if said.message != before {
            said.version += 1;
            self.0.changed.notify_all();
        }
    }
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            match listener.accept() {
                Ok((socket, from)) => self.take(socket, from.ip().to_canonical()),
                // Out of file descriptors, most likely: no reason to use up a processor as well.
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn take(self: &Arc<Self>, socket: TcpStream, from: IpAddr) {
        if self.handshakes.fetch_add(1, Ordering::Relaxed) >= HANDSHAKES {
            self.handshakes.fetch_sub(1, Ordering::Relaxed);
            reset(&socket);
            return;
        }
        let shared = Arc::clone(self);
        let taken = detached(move || {
            let accepted = shared.server.accept(socket, FIRST_MESSAGE, HANDSHAKE);
            shared.handshakes.fetch_sub(1, Ordering::Relaxed);
            if let Some(connection) = accepted {
                shared.talk(connection, from);
            }
        });
        // It was closed with the work, and the caller calls again.
        if taken.is_err() {
            self.handshakes.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn talk(&self, mut connection: Accepted, from: IpAddr) {
        let certificate = connection.certificate();
        if self.revoked.as_deref().zip(certificate.as_ref()).is_some_and(|(list, leaf)| list.lists(leaf)) {
            return;
        }
        if certificate.as_ref().is_some_and(|leaf| !may_dial_from(leaf.names(), from)) {
            // Who is told so does not found a zone in which it would not be heard; nothing else comes of it.
            let _ = connection.send(REFUSES_ADDRESS, SENDING);
            return;
        }
        let member = certificate.map(|leaf| leaf.fingerprint_sha256().to_vec()).unwrap_or_default();
        let is_one_more = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            let count = members.entry(member.clone()).or_default();
            *count += 1;
            // Without certificates all are one.
            *count <= if member.is_empty() { OF_ALL_UNVERIFIED } else { OF_ONE_MEMBER }
        };
        if is_one_more {
            self.arrivals.count_one();
            self.talk_on(&mut connection);
        }
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = members.get_mut(&member) {
            *count -= 1;
        }
    }

    /// Until the other side has gone.
    fn talk_on(&self, connection: &mut Accepted) {
        let mut told = None;
        loop {
            let (version, line) = self.next_line(told);
            if connection.send(&line, SENDING).is_err() {
                return;
            }
            told = Some(version);
        }
    }

    /// What is said once it is another than `told`, or an empty line after a while.
    fn next_line(&self, told: Option<u64>) -> (u64, String) {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(said, BEAT, |said| Some(said.version) == told);
        let (said, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let line = if timeout.timed_out() { String::new() } else { said.message.line() };
        (said.version, line)
    }
}

/// Whether etcd takes a connection from this address by a certificate with these names (`checkCertSAN` in
/// `client/pkg/transport/listener_tls.go`). What cannot be told in time is left to etcd.
fn may_dial_from(names: &SubjectAltNames, from: IpAddr) -> bool {
    if names.is_empty() || names.contains(&SubjectAltName::ip(from)) {
        return true;
    }
    let hosts: Vec<String> = names
        .iter()
        .filter_map(|name| match name {
            SubjectAltName::Dns(host) => Some(host.clone()),
            SubjectAltName::Ip(_) => None,
        })
        .collect();
    if hosts.iter().any(|host| host.starts_with('*')) {
        return true;
    }
    let (sender, resolved) = channel();
    let begun = detached(move || {
        let leads_there = |host: &String| {
            (host.as_str(), 0)
                .to_socket_addrs()
                .is_ok_and(|mut found| found.any(|address| address.ip().to_canonical() == from))
        };
        let _ = sender.send(hosts.iter().any(leads_there));
    });
    if begun.is_err() {
        return true;
    }
    resolved.recv_timeout(RESOLVING).unwrap_or(true)
}
