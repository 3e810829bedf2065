//! A handshake in memory: what two members would do, with the files as they are on disk and without a
//! network.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};

/// Which side broke a handshake off, and why.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("the client refuses the server: {0}")]
    ByClient(#[source] Error),
    #[error("the server refuses the client: {0}")]
    ByServer(#[source] Error),
    /// Neither side had anything to say, and the handshake was not over.
    #[error("the handshake came to no end")]
    Stalled,
}

/// Rounds after which a handshake is given up; TLS 1.3 takes two, TLS 1.2 three.
const ROUNDS: usize = 10;

/// Lets a client dial a server as `name`, until both have verified the other.
pub fn handshake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
) -> Result<(), HandshakeError> {
    let mut client = ClientConnection::new(client, name).map_err(HandshakeError::ByClient)?;
    let mut server = ServerConnection::new(server).map_err(HandshakeError::ByServer)?;
    for _ in 0..ROUNDS {
        let mut wire = Vec::new();
        // Memory takes every byte, and a fault of the other side shows in `process_new_packets`.
        while client.wants_write() && client.write_tls(&mut wire).is_ok() {}
        let mut received = wire.as_slice();
        while !received.is_empty() && server.read_tls(&mut received).is_ok() {
            server.process_new_packets().map_err(HandshakeError::ByServer)?;
        }
        let mut wire = Vec::new();
        while server.wants_write() && server.write_tls(&mut wire).is_ok() {}
        let mut received = wire.as_slice();
        while !received.is_empty() && client.read_tls(&mut received).is_ok() {
            client.process_new_packets().map_err(HandshakeError::ByClient)?;
        }
        if !client.is_handshaking() && !server.is_handshaking() && !client.wants_write() {
            return Ok(());
        }
    }
    Err(HandshakeError::Stalled)
}
