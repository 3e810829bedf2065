//! The server: zone documents of a directory and of the zone's etcd, over HTTP.
//!
//! | module | what it holds |
//! |---|---|
//! | `catalog` | the documents that verify, and which of them answers a name |
//! | `answer` | the answer to one request |
//! | `state` | what the parts share |
//! | `files` | the CAs, the directory: read again when they have changed |
//! | `stored` | the zone's etcd, asked again and again |
//! | `connections` | so many at once, each for so long |
//!
//! Requests are answered from memory: neither a disk nor a member of etcd that hangs delays one.

mod answer;
mod catalog;
mod connections;
mod files;
mod state;
mod stored;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsAcceptor;
use zone_pki::ShowPath;

use self::connections::{Connections, Tls};
use self::files::{Files, Stamp, stamp};
use self::state::State;
use self::stored::Stored;
use etcd::tls::KeyPair;
use host::check_listeners;
use model::config::ZoneName;
use model::error::{Exit, Failure, Result};
use model::report;

pub use self::files::ReadSigners;

/// How often files are looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What is served, where, and by whose word.
pub struct Settings {
    /// Where to listen. Port 0 is any that is free.
    pub listen: SocketAddr,
    /// The certificate of the server with its chain, and its key. None: plain text, on loopback alone.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Reads the CAs of which one has to have signed; called again and again.
    pub signers: ReadSigners,
    /// A directory with zone documents.
    pub directory: Option<PathBuf>,
    /// Files in it that are passed over.
    pub other: Vec<PathBuf>,
    /// The file that tells of the zone's etcd; it may come later.
    pub provider: Option<PathBuf>,
    /// The zone whose document is asked for in etcd; none for all that are there.
    pub zone: Option<ZoneName>,
}

/// Serves until SIGTERM or SIGINT. SIGHUP has everything read again.
///
/// # Errors
/// The CAs, the directory or the certificate cannot be read, or the port cannot be bound.
pub fn serve(settings: Settings) -> Result<()> {
    let Settings { listen, tls, signers, directory, other, provider, zone } = settings;
    if !listen.ip().to_canonical().is_loopback() && tls.is_none() {
        return Err(Failure::new(Exit::Configuration, format!("{listen} would be served in plain text"))
            .because("only this machine may ask without TLS")
            .next("name a server certificate with --tls-cert and --tls-key, or listen on 127.0.0.1"));
    }
    let state = Arc::new(State::new());
    let mut files = Files { signers, directory, other, seen: Vec::new() };
    let changes = files.look(true, &state)?;
    state.change(changes);
    let pair = tls.map(Pair::load).transpose()?;
    let acceptor = pair.as_ref().map(Pair::acceptor).transpose()?;
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot set up a runtime").because(&error))?;
    let served = runtime.block_on(async {
        let signals = Signals::new()?;
        let listener = bind(listen)?;
        let address = listener.local_addr().map_err(|error| not_bound(listen, &error))?;
        let listener =
            tokio::net::TcpListener::from_std(listener).map_err(|error| not_bound(listen, &error))?;
        let (tell, again) = watch::channel(());
        if let Some(file) = provider {
            tokio::spawn(Stored { file, zone }.follow(Arc::clone(&state), again.clone()));
        }
        let tls: Tls = Arc::new(Mutex::new(acceptor));
        tokio::spawn(look_again(files, pair, Arc::clone(&tls), Arc::clone(&state), again));
        let mut connections = Connections::default();
        report::message(&format!("the nameservice listens at {scheme}://{address}"));
        tell_ready(&state);
        tokio::select! {
            () = connections.accept(&listener, &tls, &state) => {}
            () = signals.end(&tell) => {}
        }
        drop(listener);
        connections.end().await;
        Ok(())
    });
    // A file system that hangs is not waited for.
    runtime.shutdown_background();
    served
}

/// A certificate with its key, and what its files were when they were read.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    stamps: [Stamp; 2],
    read: KeyPair,
}

impl Pair {
    fn load((certificate, key): (PathBuf, PathBuf)) -> Result<Self> {
        let stamps = [stamp(&certificate), stamp(&key)];
        let read = KeyPair::load_files(&certificate, &key).map_err(|error| {
            Failure::bad_input(format!("{} cannot be used for TLS", certificate.shown()))
                .because(&error)
                .next("name the certificate of a server with --tls-cert and its key with --tls-key")
        })?;
        Ok(Self { certificate, key, stamps, read })
    }

    fn acceptor(&self) -> Result<TlsAcceptor> {
        let mut config = self.read.server_for_any_client().map_err(|error| {
            Failure::bad_input(format!("{} cannot be used for TLS", self.certificate.shown()))
                .because(&error)
                .next("name a certificate with --tls-cert and the key of that one with --tls-key")
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The one that is there now, if it is another and can be used.
    fn renewed(&self, state: &State) -> Option<(Self, TlsAcceptor)> {
        if self.stamps == [stamp(&self.certificate), stamp(&self.key)] {
            return None;
        }
        let now = Self::load((self.certificate.clone(), self.key.clone()));
        match now.and_then(|pair| pair.acceptor().map(|acceptor| (pair, acceptor))) {
            Ok(renewed) => Some(renewed),
            Err(failure) => {
                state.warn_once(&format!("{failure}; the one before is still used"));
                None
            }
        }
    }
}

/// Looks at files again and again, on a thread of its own, and at once when `again` says so.
async fn look_again(
    mut files: Files,
    mut pair: Option<Pair>,
    tls: Tls,
    state: Arc<State>,
    mut again: watch::Receiver<()>,
) {
    let mut all = false;
    loop {
        let is_told = tokio::select! {
            () = tokio::time::sleep(BETWEEN_LOOKS) => false,
            changed = again.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
        };
        all |= is_told;
        let (known, everything) = (Arc::clone(&state), all);
        let looked = spawn_blocking(move || {
            let changes = files.look(everything, &known);
            let is_read = changes.is_ok();
            match changes {
                Ok(changes) => known.change(changes),
                Err(failure) => known.warn_once(&format!("{failure}; what was read before is still used")),
            }
            let renewed = pair.as_ref().and_then(|pair| pair.renewed(&known));
            (files, pair, renewed, is_read)
        });
        // A panic has been told by then.
        let Ok(looked) = looked.await else { return };
        let (renewed, is_read);
        (files, pair, renewed, is_read) = looked;
        all &= !is_read;
        if let Some((renewed, acceptor)) = renewed {
            *tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(acceptor);
            report::message(&format!("using the certificate that is now in {}", renewed.certificate.shown()));
            pair = Some(renewed);
        }
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| not_bound(address, &error))?;
    listener.set_nonblocking(true).map_err(|error| not_bound(address, &error))?;
    Ok(listener)
}

fn not_bound(address: SocketAddr, error: &std::io::Error) -> Failure {
    let exit = match error.kind() {
        std::io::ErrorKind::AddrInUse => Exit::TryAgain,
        std::io::ErrorKind::PermissionDenied => Exit::Permission,
        _ => Exit::Configuration,
    };
    let failure = Failure::new(exit, format!("cannot listen on {address}"))
        .next("stop what listens there, or name another address with --listen");
    // Who has it is more than that it is taken.
    match check_listeners(std::iter::once(format!("http://{address}").as_str())).first() {
        Some(fault) => failure.because(fault),
        None => failure.because(error),
    }
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let of =
            |kind| signal(kind).map_err(|error| Failure::internal("cannot wait for signals").because(&error));
        Ok(Self {
            hangup: of(SignalKind::hangup())?,
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
        })
    }

    /// Waits until the server is to end.
    async fn end(mut self, tell: &watch::Sender<()>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    report::message("reading everything again");
                    tell.send_replace(());
                }
            }
        }
    }
}

/// Tells the service manager, if there is one (`sd_notify(3)`).
fn tell_ready(state: &State) {
    if let Err(error) = host::notify("READY=1") {
        state.warn_once(&format!("the service manager could not be told: {error}"));
    }
}
