//! One supervised member: its process, its output, and how it reports that it is ready.

use std::collections::VecDeque;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixDatagram;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::log_line::LogLine;
use model::error::Exit;
use model::report;

/// Lines of a member that are kept, to be shown if it dies.
const LINES_KEPT: usize = 12;

/// What etcd logs first when it is stopped (`pkg/osutil/interrupt_unix.go`).
const TOLD_TO_END: &str = "received signal; shutting down";

#[derive(Debug)]
pub(super) struct Member {
    name: String,
    child: Child,
    /// Reads its output to the end.
    reader: Option<JoinHandle<()>>,
    output: Arc<Output>,
}

/// Where a member reports that it is ready.
#[derive(Debug)]
pub(super) struct Readiness(UnixDatagram);

/// A member that ended although its supervisor did not stop it.
#[derive(Debug)]
pub struct Ended {
    /// The node's short name.
    pub name: String,
    /// Whether it was stopped by SIGTERM: then it is started again.
    pub was_asked: bool,
    /// Whether it was refused for now: the same start may work later.
    pub may_try_again: bool,
    pub status: String,
    pub last_lines: Vec<String>,
}

/// What stands before each of its lines.
#[derive(Debug)]
pub(super) struct Prefix {
    pub text: String,
    pub colour: usize,
}

/// What a member wrote, and what of it is shown.
#[derive(Debug)]
struct Output {
    prefix: Prefix,
    hush: Hush,
    shown: Mutex<Shown>,
    recent: Mutex<VecDeque<LogLine>>,
}

/// Shared by the members of a zone: while one is restarted, it and the others complain of what was intended.
/// Set by the first line of the one that ends, which comes before all complaints.
#[derive(Clone, Debug, Default)]
pub(super) struct Hush(Arc<AtomicBool>);

impl Hush {
    /// Lets complaints be seen again.
    pub(super) fn lift(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Which lines reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// None: members that start or stop complain about each other.
    Nothing,
    Notable,
    Everything,
}

impl Member {
    /// Starts `run` for a node. It becomes etcd, in a process group of its own: Ctrl-C in a terminal reaches
    /// the supervisor alone, which then stops the members in order.
    pub(super) fn start(
        executable: &Path,
        zone: &Path,
        name: &str,
        etcd: Option<&Path>,
        prefix: Prefix,
        (shown, hush): (Shown, Hush),
    ) -> io::Result<(Self, Readiness)> {
        let (socket, address) = notification_socket(name)?;
        let mut command = Command::new(executable);
        command.arg("run").arg("--end-with-parent").arg(std::process::id().to_string());
        command.arg("--zone").arg(zone).arg("--node").arg(name);
        if let Some(etcd) = etcd {
            command.arg("--etcd").arg(etcd);
        }
        command
            .env("NOTIFY_SOCKET", address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = Arc::new(Output { prefix, hush, shown: Mutex::new(shown), recent: Mutex::default() });
        let reader = child.stderr.take().map(|stderr| tokio::spawn(read_output(stderr, Arc::clone(&output))));
        Ok((Self { name: name.to_owned(), child, reader, output }, Readiness(socket)))
    }

    pub(super) async fn end(&mut self) -> io::Result<Ended> {
        let status = self.child.wait().await?;
        // The last lines may still be on their way.
        if let Some(reader) = self.reader.take() {
            let _ = timeout(Duration::from_secs(1), reader).await;
        }
        let recent = self.output.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let last_lines = recent.iter().map(LogLine::render).collect();
        let was_asked = status.signal() == Some(Signal::SIGTERM as i32);
        let may_try_again = status.code() == Some(Exit::TryAgain as i32);
        let status = describe(status);
        Ok(Ended { name: self.name.clone(), was_asked, may_try_again, status, last_lines })
    }

    /// Changes what is shown of its output.
    pub(super) fn show(&self, shown: Shown) {
        *self.output.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// Asks the process to end, and ends it if it does not within `at_most`.
    pub(super) async fn stop(&mut self, at_most: Duration) {
        self.signal(Signal::SIGTERM);
        if timeout(at_most, self.child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Ends the process at once.
    pub(super) async fn kill(&mut self) {
        // It fails only if the process has ended, which is what is wanted.
        let _ = self.child.kill().await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // As above.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Readiness {
    /// Waits until etcd reports that it is ready, as to systemd (sd_notify(3)).
    pub(super) async fn reported(&self) -> io::Result<()> {
        let mut buffer = [0; 512];
        loop {
            let length = self.0.recv(&mut buffer).await?;
            if buffer[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return Ok(());
            }
        }
    }
}

/// A socket in the abstract namespace: no file, no limit on the path, and gone with this process. The second
/// value is what `NOTIFY_SOCKET` says for it. Each start has a name of its own: that of the one before may be
/// in use for a moment longer.
fn notification_socket(name: &str) -> io::Result<(UnixDatagram, String)> {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    let address = format!("zone-etcd/{}/{name}/{start}", std::process::id());
    let socket = StdDatagram::bind_addr(&SocketAddr::from_abstract_name(&address)?)?;
    socket.set_nonblocking(true)?;
    Ok((UnixDatagram::from_std(socket)?, format!("@{address}")))
}

async fn read_output(stderr: ChildStderr, output: Arc<Output>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let line = LogLine::parse(&text);
        if line.message == TOLD_TO_END {
            output.hush.0.store(true, Ordering::Relaxed);
        }
        let shown = *output.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_hushed = output.hush.0.load(Ordering::Relaxed);
        if shown == Shown::Everything || (shown == Shown::Notable && line.is_notable() && !is_hushed) {
            report::message_of(&output.prefix.text, output.prefix.colour, &line.render());
        }
        let mut recent = output.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == LINES_KEPT {
            recent.pop_front();
        }
        recent.push_back(line);
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with exit code {code}"),
        (_, Some(signal)) => match Signal::try_from(signal) {
            Ok(signal) => format!("by {signal}"),
            Err(_) => format!("by signal {signal}"),
        },
        _ => "in an unknown way".to_owned(),
    }
}
