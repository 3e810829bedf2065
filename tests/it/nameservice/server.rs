//! `nameservice serve` as a process, and clients that say what they are told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use model::config::ZoneDocument;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use time::OffsetDateTime;
use zone_pki::{Authority, KeyAlgorithm};

use crate::harness::processes::{PATIENCE, Running};
use crate::harness::zone_etcd;
use crate::zone_document::{THREE, authority, signed};

/// A CA, a directory for documents, and a server of them.
pub(super) struct Served {
    pub(super) ca: Authority,
    around: TempDir,
    pub(super) process: Running,
    pub(super) port: u16,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ str| -> Option<usize> {
            let (key, _) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(key.len() + 1)
        };
        self.head.lines().find_map(|line| value(line).map(|begin| line[begin..].trim()))
    }
}

pub(super) fn command(directory: &Path, ca: &Path) -> Command {
    let mut command = zone_etcd(["nameservice", "serve", "--listen", "127.0.0.1:0", "--directory"]);
    command.arg(directory).arg("--ca").arg(ca);
    command
}

/// Waits until the server listens, and returns the port.
#[track_caller]
pub(super) fn port_of(process: &mut Running) -> u16 {
    let line = process.wait_for_line(&["the nameservice listens at"]);
    line.rsplit(':').next().expect("a port").parse().expect("a port")
}

impl Served {
    /// Serves a directory with these documents, which `write` makes.
    #[track_caller]
    pub(super) fn with(write: impl FnOnce(&Authority, &Path)) -> Self {
        let ca = authority("a CA", KeyAlgorithm::P256);
        let around = tempfile::tempdir().expect("a directory");
        let directory = around.path().join("documents");
        std::fs::create_dir(&directory).expect("a directory");
        let file = around.path().join("ca.crt");
        std::fs::write(&file, ca.certificate().pem()).expect("the CA");
        write(&ca, &directory);
        let mut process = Running::start(&mut command(&directory, &file), around.path(), "serve");
        let port = port_of(&mut process);
        Self { ca, around, process, port }
    }

    /// Serves one document.
    #[track_caller]
    pub(super) fn one() -> Self {
        Self::with(|ca, directory| {
            std::fs::write(directory.join("zone.json"), document(ca, 0)).expect("a document");
        })
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.around.path().join("documents").join(name)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A request with these headers.
    #[track_caller]
    pub(super) fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        self.says(&format!("{method} {path} HTTP/1.1\r\nHost: ns\r\n{headers}\r\n"))
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    /// What is answered to these bytes.
    #[track_caller]
    pub(super) fn says(&self, request: &str) -> Reply {
        let said = self.exchange(request.as_bytes());
        let text = String::from_utf8(said).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Reply { status: status.expect("a status"), head: head.to_owned(), body: body.to_owned() }
    }

    /// All that comes back, until the connection ends.
    #[track_caller]
    pub(super) fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut connection = self.connect();
        // It may answer and close before it has read everything.
        let _ = connection.write_all(bytes);
        let _ = connection.shutdown(Shutdown::Write);
        let mut said = Vec::new();
        let _ = connection.read_to_end(&mut said);
        said
    }

    #[track_caller]
    pub(super) fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        connection.set_read_timeout(Some(PATIENCE)).expect("a limit");
        connection
    }

    /// Ends it as a service manager does.
    #[track_caller]
    pub(super) fn stop(&mut self) -> Duration {
        let begun = std::time::Instant::now();
        self.process.signal(Signal::SIGTERM);
        assert_eq!(self.process.end().code(), Some(0));
        begun.elapsed()
    }
}

/// [`THREE`], signed so many seconds from now, for a day.
pub(super) fn document(ca: &Authority, later: i64) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    signed(ca, THREE, now + later, now + later.max(0) + 86_400)
}

/// When it was signed, in seconds.
pub(super) fn iat(text: &str) -> i64 {
    let (document, _) = ZoneDocument::parse(text.as_bytes()).expect("a document");
    let jws = zone_pki::DetachedJws::parse(&document.sign.expect("a signature")).expect("a JWS");
    jws.header().iat.expect("a time")
}
