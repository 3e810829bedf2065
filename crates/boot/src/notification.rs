//! What the service manager is told (sd_notify(3)), if there is one.

use host::notify;

/// The start is done, and this is what the node does now.
pub(super) fn ready(status: &str) {
    notify(&format!("READY=1\nSTATUS={status}\n"));
}

/// The node is being stopped.
pub(super) fn stopping() {
    notify("STOPPING=1\n");
}

/// A step is done.
pub(super) fn status(status: &str) {
    notify(&format!("STATUS={status}\n"));
}
