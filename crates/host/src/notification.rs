//! What the service manager is told, if it listens (sd_notify(3)).

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

/// Sends a message to the socket in `NOTIFY_SOCKET`, if there is one.
///
/// # Errors
/// There is one, and nothing listens there.
pub fn notify(message: &str) -> io::Result<()> {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match place.as_encoded_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(Path::new(&place)),
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address?).map(drop)
}
