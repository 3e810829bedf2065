//! Shows the other members that a start of this one waits for its turn: its peer port is bound, and every connection is taken
//! and closed at once. Whoever asks knows at once, where a port that is bound and silent would keep it waiting.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// Listens on these sockets until the process ends or becomes another: the listeners are closed by execve(2), in the same
/// moment in which etcd's start begins.
pub fn show_presence(sockets: impl Iterator<Item = SocketAddr>) {
    // A socket that cannot be bound is told where ports are checked; the others are of use nevertheless.
    for listener in sockets.filter_map(|socket| TcpListener::bind(socket).ok()) {
        thread::spawn(move || take_and_close(&listener));
    }
}

fn take_and_close(listener: &TcpListener) {
    loop {
        match listener.accept() {
            // Closed with a reset, so that no half-closed connection of ours is in the way when etcd binds the port.
            Ok((connection, _)) => {
                let _ = SockRef::from(&connection).set_linger(Some(Duration::ZERO));
            }
            // Out of file descriptors, most likely: no reason to use up a processor as well.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
