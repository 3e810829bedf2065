//! Something that stands where another member should be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use etcd::tls::{KeyPair, Trust};
use model::plan::Plane;

/// What it does with a connection.
#[derive(Clone)]
pub enum Manner {
    /// It takes it and says nothing.
    Silent,
    /// It says what no TLS server says.
    Garbage,
    /// It speaks TLS as a member would, one byte after the other.
    Drip,
    /// It makes the handshake and closes, as etcd does with who is revoked.
    Closes,
    /// It answers with this.
    Answers(String),
    /// It takes the connection and closes it, as a gateway does that does not reach the other side.
    HangsUp,
}

/// Listens on the port until the test ends. `generation` holds its certificate.
#[track_caller]
pub fn stand_at(port: u16, generation: &Path, manner: Manner) {
    stand_on(([127, 0, 0, 1], port).into(), generation, Plane::Peer, manner);
}

/// The same on another address of loopback, and for the other plane.
#[track_caller]
pub fn stand_on(socket: SocketAddr, generation: &Path, plane: Plane, manner: Manner) {
    let listener = TcpListener::bind(socket).expect("the port is free");
    let pair = KeyPair::load(generation, plane.serves_with().stem).expect("a pair");
    let trust = Trust::load(&generation.join(plane.authority_file())).expect("an authority");
    let config = Arc::new(trust.server(&pair).expect("a configuration"));
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (config, manner) = (Arc::clone(&config), manner.clone());
            std::thread::spawn(move || serve(socket, config, &manner));
        }
    });
}

fn serve(mut socket: TcpStream, config: Arc<rustls::ServerConfig>, manner: &Manner) {
    let mut connection = rustls::ServerConnection::new(config).expect("a connection");
    match manner {
        Manner::HangsUp => {}
        Manner::Silent => wait_for_end(&mut socket),
        Manner::Garbage => {
            let _ = socket.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
            wait_for_end(&mut socket);
        }
        Manner::Drip => {
            let mut slow = Slow(socket);
            while connection.is_handshaking() && connection.complete_io(&mut slow).is_ok() {}
        }
        Manner::Closes => {
            while connection.is_handshaking() && connection.complete_io(&mut socket).is_ok() {}
            wait_for_end_of_request(&mut connection, &mut socket);
        }
        Manner::Answers(reply) => {
            while connection.is_handshaking() && connection.complete_io(&mut socket).is_ok() {}
            wait_for_end_of_request(&mut connection, &mut socket);
            let _ = connection.writer().write_all(reply.as_bytes());
            connection.send_close_notify();
            let _ = connection.complete_io(&mut socket);
        }
    }
}

fn wait_for_end(socket: &mut TcpStream) {
    let mut bytes = [0; 1024];
    while socket.read(&mut bytes).is_ok_and(|length| length > 0) {}
}

fn wait_for_end_of_request(connection: &mut rustls::ServerConnection, socket: &mut TcpStream) {
    let mut stream = rustls::Stream::new(connection, socket);
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(length) if length > 0 => request.extend_from_slice(&part[..length]),
            _ => return,
        }
    }
}

/// A byte every tenth of a second: each read of the other side succeeds, and it takes minutes.
struct Slow(TcpStream);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The slowness is what is tested; it ends with the connection.
        std::thread::sleep(Duration::from_millis(100));
        self.0.write(&bytes[..1])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
