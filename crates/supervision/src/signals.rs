//! Signals to this process, as events.
//!
//! tokio installs the handlers, which are undone in what is started from here by execve(2). A mask would not
//! be.

use std::io;
use std::sync::mpsc::{Sender, channel};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
    /// SIGCHLD: a child has ended.
    LookAtChildren,
}

/// Listens as long as it lives.
#[derive(Debug)]
pub(super) struct Listening {
    _until_dropped: oneshot::Sender<()>,
}

/// From the return on, no signal is lost, and none of these ends this process by itself any more.
pub(super) fn listen(tell: impl Fn(Asked) -> Result<(), ()> + Send + 'static) -> io::Result<Listening> {
    let (until_dropped, mut dropped) = oneshot::channel();
    let (ready, is_ready) = channel();
    let mut work = async move |ready: Sender<io::Result<()>>| {
        let installed = (|| {
            let terminate = signal(SignalKind::terminate())?;
            let interrupt = signal(SignalKind::interrupt())?;
            let hangup = signal(SignalKind::hangup())?;
            io::Result::Ok((terminate, interrupt, hangup, signal(SignalKind::child())?))
        })();
        let (mut terminate, mut interrupt, mut hangup, mut child) = match installed {
            Ok(installed) => installed,
            Err(error) => return drop(ready.send(Err(error))),
        };
        drop(ready.send(Ok(())));
        loop {
            let asked = tokio::select! {
                _ = terminate.recv() => Asked::Stop,
                _ = interrupt.recv() => Asked::Stop,
                _ = hangup.recv() => Asked::Reload,
                _ = child.recv() => Asked::LookAtChildren,
                _ = &mut dropped => return,
            };
            if tell(asked).is_err() {
                return;
            }
        }
    };
    host::detached(move || match Builder::new_current_thread().enable_io().build() {
        Ok(runtime) => runtime.block_on(work(ready)),
        Err(error) => drop(ready.send(Err(error))),
    })?;
    let ended = || io::Error::other("the thread that listens for signals has ended");
    is_ready.recv().map_err(|_| ended())??;
    Ok(Listening { _until_dropped: until_dropped })
}
