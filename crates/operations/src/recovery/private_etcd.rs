//! An etcd for this process alone: on ports of 127.0.0.1 that no one else knows, with certificates that were
//! made for it, on a copy of a member's data, as the only member of the cluster that is in it.

use std::ffi::OsString;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use time::OffsetDateTime;
use zone_pki::{
    Authority, AuthoritySpec, IssueError, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages,
    private_file, regular_file, whole_seconds,
};

use crate::observer::run;
use etcd::client::{CallError, StatusResponse};
use host::free_ports;
use live::Credentials;
use model::error::{Exit, Failure, Result};
use model::foreign_text::last_lines;
use model::plan::{CLIENT_ROLE, ROOT_FILE, SERVER};
use store::zone_directory::{create_directory, private_failure};

/// The user that a snapshot takes where authentication is on.
const USER: &str = "root";
/// For how long its certificates are valid.
const VALIDITY: time::Duration = time::Duration::days(7);
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// How long it may take to end.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Lines of its log that are quoted.
const LINES: usize = 4;
/// Another process may have taken a port in between.
const ATTEMPTS: usize = 3;
const PORT_TAKEN: &str = "address already in use";

#[derive(Debug)]
pub(super) struct PrivateEtcd {
    child: Child,
    log: PathBuf,
    pub(super) url: String,
    pub(super) credentials: Credentials,
}

impl PrivateEtcd {
    /// Starts `binary` on a copy, and waits until it has applied the entry `last`.
    ///
    /// # Errors
    /// It ends, or takes longer than `limit` (exit 69).
    #[tracing::instrument(skip_all, name = "start a private etcd")]
    pub(super) fn start(
        binary: &Path,
        data: &Path,
        work: &Path,
        last: u64,
        limit: Duration,
    ) -> Result<(Self, StatusResponse)> {
        let certificates = work.join("certificates");
        create_directory(&certificates)?;
        make_certificates(&certificates)?;
        let deadline = Instant::now() + limit;
        for attempt in 1.. {
            let mut etcd = Self::spawn(binary, data, work, &certificates)?;
            match etcd.wait(last, deadline) {
                Ok(status) => return Ok((etcd, status)),
                Err(_)
                    if attempt < ATTEMPTS && String::from_utf8_lossy(&etcd.said()).contains(PORT_TAKEN) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::internal("a private etcd was not tried"))
    }

    fn spawn(binary: &Path, data: &Path, work: &Path, certificates: &Path) -> Result<Self> {
        let ports = free_ports(2).map_err(|error| {
            Failure::new(Exit::TryAgain, "cannot find free ports")
                .because(&error)
                .next("stop something that listens on 127.0.0.1")
        })?;
        let [url, peer_url] = [ports[0], ports[1]].map(|port| format!("https://{HOST}:{port}"));
        let log = work.join("etcd.log");
        let failed = |error: std::io::Error| Failure::write(&log, &error);
        let output = File::create(&log).map_err(failed)?;
        // This program becomes etcd, which ends with us even if we are killed.
        let mut command = Command::new("/proc/self/exe");
        command.args(["recover", "serve", "--end-with-parent"]).arg(std::process::id().to_string());
        command.arg("--etcd").arg(binary).arg("--");
        command.args(["--force-new-cluster=true", "--unsafe-no-fsync=true", "--enable-grpc-gateway=false"]);
        command.arg("--name=recover").arg(flag("--data-dir", data));
        for flag in ["listen-client-urls", "advertise-client-urls"] {
            command.arg(format!("--{flag}={url}"));
        }
        for flag in ["listen-peer-urls", "initial-advertise-peer-urls"] {
            command.arg(format!("--{flag}={peer_url}"));
        }
        // Loopback answers at once, and nothing else votes.
        command.args(["--heartbeat-interval=10", "--election-timeout=100"]);
        for plane in ["", "peer-"] {
            let file = |name: &str, file: &str| flag(&format!("--{plane}{name}"), &certificates.join(file));
            command.arg(format!("--{plane}client-cert-auth=true"));
            command.arg(file("trusted-ca-file", ROOT_FILE));
            command.arg(file("cert-file", &SERVER.certificate_file()));
            command.arg(file("key-file", &SERVER.key_file()));
        }
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            // Ctrl-C is for us, and we end it.
            .process_group(0)
            .spawn();
        let child = spawned
            .map_err(|error| Failure::new(Exit::for_io(&error), "cannot start an etcd").because(&error))?;
        let credentials = Credentials::load(certificates)
            .map_err(|error| Failure::internal("its own certificates are no use").because(&error))?;
        Ok(Self { child, log, url, credentials })
    }

    /// Waits until it takes requests and has applied all that it had.
    fn wait(&mut self, last: u64, deadline: Instant) -> Result<StatusResponse> {
        loop {
            if let Some(status) = self.child.try_wait().ok().flatten() {
                return Err(self.quoted(format!("etcd does not run on the copy: {status}")));
            }
            let seen = match self.ask() {
                Ok(status) if status.raft_applied_index >= last => return Ok(status),
                Ok(status) => format!("it has applied {} of {last} entries", status.raft_applied_index),
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(self
                    .quoted(format!("etcd is not ready on the copy: {seen}"))
                    .next("give it more time with --timeout; with a large database that may take minutes"));
            }
            sleep(PAUSE);
        }
    }

    fn ask(&self) -> std::result::Result<StatusResponse, CallError> {
        let asked = run(async {
            let client = self.credentials.connect(&self.url, ANSWER_LIMIT).map_err(CallError::Failed)?;
            client.quorum_read().await?;
            client.status().await
        });
        asked.unwrap_or_else(|failure| Err(CallError::Failed(failure.to_string())))
    }

    fn said(&self) -> Vec<u8> {
        regular_file::read(&self.log).unwrap_or_default()
    }

    fn quoted(&self, what: String) -> Failure {
        let failure = Failure::new(Exit::Unavailable, what);
        let failure = last_lines(&self.said(), LINES).into_iter().fold(failure, Failure::because);
        failure.next("recover from another survivor, or from a snapshot: zone-etcd snapshot list")
    }
}

impl Drop for PrivateEtcd {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // It fails only if it has ended, which is what is wanted.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let deadline = Instant::now() + END_LIMIT;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(PAUSE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(format!("{name}="));
    flag.push(path);
    flag
}

/// A CA, a server and a client, whose names are those of a client's generation.
fn make_certificates(directory: &Path) -> Result<()> {
    let failed = |error: IssueError| Failure::internal("cannot make certificates").because(&error);
    let now = whole_seconds(OffsetDateTime::now_utc());
    let subject = |name: &str| Subject::with_common_name(name);
    let key = KeyAlgorithm::default();
    let spec = AuthoritySpec {
        subject: subject("zone-etcd recover"),
        path_length: 0,
        permitted_dns: Vec::new(),
        validity: VALIDITY,
        key,
    };
    let authority = Authority::generate(&spec, now).map_err(failed)?;
    let certificate = authority.certificate();
    let write = |name: &str, text: &[u8]| {
        let path = directory.join(name);
        private_file::create(&path, text, 0o600).map_err(|error| private_failure(&path, &error))
    };
    write(ROOT_FILE, certificate.pem().as_bytes())?;
    let mut names = SubjectAltNames::new();
    names.insert_ip(HOST);
    let leaves = [
        (
            SERVER.stem,
            LeafSpec { subject: subject("etcd"), names, usages: Usages::BOTH, validity: VALIDITY, key },
        ),
        (
            CLIENT_ROLE.stem,
            LeafSpec {
                subject: subject(USER),
                names: SubjectAltNames::new(),
                usages: Usages::CLIENT,
                validity: VALIDITY,
                key,
            },
        ),
    ];
    for (stem, spec) in leaves {
        let issued = authority.issue(&spec, now).map_err(failed)?;
        write(&format!("{stem}.crt"), issued.chain_pem(certificate).as_bytes())?;
        write(&format!("{stem}.key"), issued.key().to_pem().as_bytes())?;
    }
    Ok(())
}

/// Becomes that etcd, in the process that was started for it.
pub fn serve(binary: &Path, flags: &[String]) -> Failure {
    let error = etcd::become_etcd(binary, flags, &[]);
    Failure::new(Exit::for_io(&error), "etcd cannot be executed").because(&error)
}
