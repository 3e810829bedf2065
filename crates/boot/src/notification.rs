//! What the service manager is told, if there is one. That it does not listen is no reason not to start: it
//! gives the service up in its own time.

use host::notify;

/// The start is done, and this is what the node does now.
pub(super) fn ready(status: &str) {
    tell(&format!("READY=1\nSTATUS={status}\n"));
}

/// The node is being stopped.
pub(super) fn stopping() {
    tell("STOPPING=1\n");
}

/// A step is done.
pub(super) fn status(status: &str) {
    tell(&format!("STATUS={status}\n"));
}

fn tell(message: &str) {
    if let Err(error) = notify(message) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
