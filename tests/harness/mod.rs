//! What the tests share: the program, and temporary places to run it in.
//!
//! Each test binary uses a part of this.
#![allow(dead_code, reason = "each test binary uses a part of the harness")]

pub mod asked;
pub mod authorities_elsewhere;
pub mod clock;
pub mod debian;
pub mod draw;
pub mod elsewhere;
pub mod gateway;
pub mod go_writer;
pub mod isolation;
pub mod members;
pub mod name_server;
pub mod namespaces;
pub mod next_step;
pub mod openssh;
pub mod processes;
pub mod programs;
pub mod schemas;
pub mod supervised;
pub mod terminal;
pub mod tls;
pub mod typed;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The program under test.
pub fn program() -> PathBuf {
    released().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_zone-etcd")))
}

/// The file that `scripts/release-checks` has the tests look at instead.
pub fn released() -> Option<PathBuf> {
    std::env::var_os("ZONE_ETCD_TEST_PROGRAM").map(PathBuf::from)
}

/// The bundle of a version, which `scripts/bundle-etcd` made.
pub fn bundle(version: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("libexec/zone-etcd").join(version);
    assert!(directory.join("etcd").is_file(), "run scripts/bundle-etcd --version {version} first");
    directory
}

/// A call of the program, in an environment that tells it nothing.
pub fn zone_etcd<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).env("NO_COLOR", "1");
    // The last two are set for the machine that the tests run on, and `run` warns of what it does not pass
    // on.
    for name in
        ["COLUMNS", "ZONE_ETCD_ZONE", "ZONE_ETCD_CONFIG", "ZONE_ETCD_LOG", "SSL_CERT_FILE", "SSL_CERT_DIR"]
    {
        command.env_remove(name);
    }
    command
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that standard error holds every text.
    #[track_caller]
    pub fn expect_error_with(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in stderr:\n{}", self.stderr);
        }
        self
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn outcome(command: &mut Command) -> Outcome {
    let outcome = Outcome::from(command.output().expect("the command runs"));
    if Path::new(command.get_program()) == program() {
        next_step::check(command, &outcome.stdout, &outcome.stderr);
        schemas::check(command, &outcome.stdout);
    }
    outcome
}

/// Has a shell run a line as an operator types it in this directory, with the program first in `PATH`.
#[track_caller]
pub fn typed_at(line: &str, directory: &Path) -> Outcome {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let programs = program().parent().expect("a directory").to_owned();
    let path = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&inherited)));
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(directory).env("PATH", path.expect("PATH")).env("NO_COLOR", "1");
    outcome(&mut shell)
}

/// A zone directory in a temporary place.
pub struct TestZone {
    directory: TempDir,
}

impl TestZone {
    /// An empty place; the zone itself is in `zone/`.
    pub fn empty() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The fingerprint of its root, as openssl prints it.
    #[track_caller]
    pub fn root_fingerprint(&self) -> String {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(self.file("ca/root.crt"));
        outcome(&mut openssl).expect_code(0).stdout.trim().to_owned()
    }

    /// Activates a bundle in a node directory, as its first.
    #[track_caller]
    pub fn activate(&self, bundle: &Path, directory: &Path) {
        let mut activate = zone_etcd(["activate", "--root-fingerprint", &self.root_fingerprint()]);
        activate.arg(bundle).arg("--node-dir").arg(directory).stdin(std::process::Stdio::null());
        outcome(&mut activate).expect_code(0);
    }

    /// A zone that `init` made, each node as `NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]]`.
    #[track_caller]
    pub fn init(name: &str, nodes: &[&str]) -> Self {
        let zone = Self::empty();
        let mut command = zone.command(&["init"]);
        command.args(["--name", name]);
        for node in nodes {
            command.args(["--node", node]);
        }
        outcome(&mut command).expect_code(0);
        zone
    }

    /// A zone with this `zone.toml`, and nothing else yet.
    pub fn described(text: &str) -> Self {
        let zone = Self::empty();
        std::fs::create_dir(zone.path()).expect("a zone directory");
        std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        zone
    }

    /// The zone directory.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("zone")
    }

    /// The temporary directory around it.
    pub fn around(&self) -> &Path {
        self.directory.path()
    }

    /// A file of the zone directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A call of the program for this zone.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = zone_etcd(arguments);
        command.arg("--zone").arg(self.path());
        command
    }

    /// Runs a command of the program for this zone.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }
}
