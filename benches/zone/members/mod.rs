//! Members on loopback whose certificates were made beforehand, started as `run` or by hand: the bundled etcd
//! with the command line that `run` would use.
//!
//! They count as ready when `dev`'s do: each has reported so, as to systemd, and has then answered a
//! linearizable read to the same client over one persistent connection.

mod restarts;

use std::cell::Cell;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use etcd::client::{ClientCredentials, MemberClient};
use launch::LaunchOptions;
use model::plan::NodePaths;
use store::site::Site;
use store::zone_directory::CaPassphrase;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

pub use restarts::Started;

use crate::launch::{explain, prepared};
use crate::scratch::Scratch;
use crate::zone_files::{describe_local, issue_all};
use crate::{Result, zone_etcd};

/// A member that has not reported by then never will.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Between two questions to a member that does not answer yet.
const RETRY: Duration = Duration::from_millis(1);

/// Heartbeat and election, as zone.toml has them.
pub type Timing = (&'static str, &'static str);

/// Who starts the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `zone-etcd run`.
    Run,
    /// Nobody else: etcd itself is started.
    Hand,
}

/// A zone whose members are started again and again.
#[derive(Debug)]
pub struct Members {
    directory: PathBuf,
    count: usize,
    timing: Option<Timing>,
    apart: Duration,
    runtime: Runtime,
    /// How often they were started.
    starts: Cell<usize>,
}

/// A member that is to be started.
struct Planned {
    node: String,
    program: PathBuf,
    arguments: Vec<String>,
    paths: NodePaths,
    url: String,
    client: MemberClient,
    notifications: UnixDatagram,
    notify_socket: String,
}

/// Processes that end with their owner, however it ends.
#[derive(Default)]
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        // All at once, as when the power fails.
        for child in &mut self.0 {
            // It fails only if the process has ended, which is what is wanted.
            let _ = child.kill();
        }
        for child in &mut self.0 {
            let _ = child.wait();
        }
    }
}

impl Members {
    /// Makes the certificates. `timing` is heartbeat and election, if not etcd's own; `apart` lies between
    /// two starts.
    pub fn new(
        scratch: &Scratch,
        name: &str,
        count: usize,
        timing: Option<Timing>,
        apart: Duration,
    ) -> Result<Self> {
        let directory = scratch.directory(name)?;
        describe_local(&directory, count, timing)?;
        issue_all(&directory)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { directory, count, timing, apart, runtime, starts: Cell::new(0) })
    }

    /// The zone directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// From the first start of a new cluster until every member has answered. Nothing of the members is left
    /// afterwards.
    pub fn time_to_ready(&self, by: By) -> Result<Duration> {
        // Other ports: what listened on the old ones may not be quite gone.
        describe_local(&self.directory, self.count, self.timing)?;
        let planned = self.plan()?;
        let duration = self.start_all(by, &planned)?;
        remove_data(by, &planned)?;
        Ok(duration)
    }

    /// From the first start until every member has answered, with the data of the start before, if there was
    /// one. They are killed then, and their data is kept.
    pub fn time_to_ready_again(&self, by: By) -> Result<Duration> {
        self.start_all(by, &self.plan()?)
    }

    /// Runs `body` while all members run and have answered, with their process ids; they are killed then.
    pub fn while_running<T>(&self, by: By, body: impl FnOnce(&[i32]) -> Result<T>) -> Result<T> {
        let (running, _) = self.running(by, &self.plan()?)?;
        let ids: Vec<i32> = running.0.iter().filter_map(|child| child.id().try_into().ok()).collect();
        body(&ids)
    }

    /// Runs `body` while all members of a new cluster run and have answered, and can be restarted. Nothing of
    /// the members is left afterwards.
    pub fn while_restarted<T>(&self, by: By, body: impl FnOnce(&mut Started<'_>) -> Result<T>) -> Result<T> {
        let planned = self.plan()?;
        let (running, _) = self.running(by, &planned)?;
        let mut started = Started { members: self, by, planned: &planned, running };
        let done = body(&mut started)?;
        drop(started);
        remove_data(by, &planned)?;
        Ok(done)
    }

    fn start_all(&self, by: By, planned: &[Planned]) -> Result<Duration> {
        self.running(by, planned).map(|(_, duration)| duration)
    }

    fn running(&self, by: By, planned: &[Planned]) -> Result<(Running, Duration)> {
        let mut running = Running::default();
        let started = Instant::now();
        for (index, member) in planned.iter().enumerate() {
            if index > 0 {
                sleep(self.apart);
            }
            running.0.push(self.start(by, member)?);
        }
        for member in planned {
            wait_for_notification(member)?;
        }
        for member in planned {
            self.wait_for_answer(&member.node, &member.client)?;
        }
        Ok((running, started.elapsed()))
    }

    fn wait_for_answer(&self, node: &str, client: &MemberClient) -> Result<()> {
        let started = Instant::now();
        self.runtime.block_on(async {
            while let Err(status) = client.quorum_read().await {
                if started.elapsed() > START_LIMIT {
                    return Err(format!("{node} did not answer: {status}").into());
                }
                tokio::time::sleep(RETRY).await;
            }
            Ok(())
        })
    }

    /// A client with the certificates of now.
    fn client(&self, url: &str) -> Result<MemberClient> {
        let generation = self.directory.join("clients").join("admin").join("current");
        let credentials = ClientCredentials::load(&generation)?;
        let _inside = self.runtime.enter();
        Ok(MemberClient::new(url, "127.0.0.1", &credentials, Duration::from_secs(1))?)
    }

    /// The command lines that `run` would use: only who starts them, and when, differs.
    fn plan(&self) -> Result<Vec<Planned>> {
        let now = OffsetDateTime::now_utc();
        let site = Site::open(Some(&self.directory), None, CaPassphrase::new(None, None).map_err(explain)?)
            .map_err(explain)?;
        self.starts.set(self.starts.get() + 1);
        let plan = |node| {
            let options = LaunchOptions::default();
            let launch = prepared(&site, node, &options, now)?;
            let start = launch.decide_now(false).map_err(explain)?;
            let url = launch.member.advertise_client.clone();
            let node = node.name.short().to_owned();
            let notify_socket =
                format!("zone-etcd-bench/{}/{}/{node}", std::process::id(), self.starts.get());
            let notifications = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&notify_socket)?)?;
            notifications.set_read_timeout(Some(START_LIMIT))?;
            Ok(Planned {
                node,
                program: launch.binary.path,
                arguments: start.arguments,
                paths: launch.member.paths,
                client: self.client(&url)?,
                url,
                notifications,
                notify_socket: format!("@{notify_socket}"),
            })
        };
        site.config().members().map(plan).collect()
    }

    fn start(&self, by: By, member: &Planned) -> Result<Child> {
        let mut command = match by {
            By::Hand => {
                let mut command = Command::new(&member.program);
                command.args(&member.arguments);
                command
            }
            By::Run => {
                let mut command = Command::new(zone_etcd());
                command.args(["run", "--node", &member.node, "--zone"]).arg(&self.directory);
                command
            }
        };
        command.env("NOTIFY_SOCKET", &member.notify_socket);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }
}

fn remove_data(by: By, planned: &[Planned]) -> Result<()> {
    for member in planned {
        std::fs::remove_dir_all(member.paths.data())?;
        if by == By::Run {
            std::fs::remove_file(member.paths.state())?;
        }
    }
    Ok(())
}

fn wait_for_notification(member: &Planned) -> Result<()> {
    let mut buffer = [0; 512];
    loop {
        let received = member.notifications.recv(&mut buffer);
        let length =
            received.map_err(|error| format!("{} did not report that it is ready: {error}", member.node))?;
        if buffer[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
            return Ok(());
        }
    }
}
