//! A TLS client that does what no sane client does: it presents what it is told to, and tells by which alert
//! it is refused.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream, SupportedProtocolVersion};

/// A certificate with its chain, and its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    /// From `STEM.crt` and `STEM.key` of a directory.
    #[track_caller]
    pub fn load(directory: &Path, stem: &str) -> Self {
        let read = |extension| {
            std::fs::read(directory.join(format!("{stem}.{extension}"))).expect("a certificate file")
        };
        Self { chain: read("crt"), key: read("key") }
    }

    /// Writes it over the files of a directory, which keep their mode.
    #[track_caller]
    pub fn write_over(&self, directory: &Path, stem: &str) {
        for (extension, text) in [("crt", &self.chain), ("key", &self.key)] {
            std::fs::write(directory.join(format!("{stem}.{extension}")), text).expect("a certificate file");
        }
    }

    /// From PEM.
    pub fn new(chain: &str, key: &str) -> Self {
        Self { chain: chain.as_bytes().to_vec(), key: key.as_bytes().to_vec() }
    }
}

/// How a server treated a request.
#[derive(Debug)]
pub enum Treatment {
    /// It answered: the beginning of what it sent, with the status line at least.
    Answered(String),
    /// It refused the handshake with this alert, as rustls names it.
    Alert(String),
    /// It closed the connection without a word.
    Closed,
}

/// Who asks, and how.
pub struct Client<'c> {
    /// The PEM file of the CA that the server's certificate leads to.
    pub root: &'c Path,
    /// What is presented.
    pub identity: Option<&'c Identity>,
    /// The versions of TLS that are offered.
    pub versions: &'c [&'static SupportedProtocolVersion],
}

impl Client<'_> {
    /// Sends an HTTP/1.1 request to a port of 127.0.0.1.
    #[track_caller]
    pub fn ask(&self, port: u16, request: &str) -> Treatment {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut connection =
            ClientConnection::new(Arc::new(self.configuration()), name).expect("a connection");
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("something listens");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut answer = vec![0; 65536];
        // With TLS 1.3 the client has finished before the server has looked at its certificate, so a refusal
        // shows only when the answer is read.
        match stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut answer)) {
            Ok(0) => Treatment::Closed,
            Ok(length) => Treatment::Answered(String::from_utf8_lossy(&answer[..length]).into_owned()),
            Err(error) => refusal(&error),
        }
    }

    #[track_caller]
    fn configuration(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.root).expect("a CA in PEM")).expect("a CA");
        let configuration = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        match self.identity {
            None => configuration.with_no_client_auth(),
            Some(Identity { chain, key }) => {
                let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().expect("a chain");
                let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
                configuration.with_client_auth_cert(chain, key).expect("a key of the certificate")
            }
        }
    }
}

#[track_caller]
fn refusal(error: &io::Error) -> Treatment {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => Treatment::Alert(format!("{alert:?}")),
        Some(other) => panic!("the client, not the server, refused: {other}"),
        None if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            Treatment::Closed
        }
        None => panic!("neither an answer nor a refusal: {error}"),
    }
}
