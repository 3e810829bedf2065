//! Members that are started by hand: the bundled etcd with certificates that were made beforehand.
//!
//! They count as ready when `dev`'s do: each has reported so, as to systemd, and has then answered a linearizable read to
//! the same client over one persistent connection.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::runtime::Runtime;
use zone_etcd::etcd::client::{ClientCredentials, MemberClient};
use zone_etcd::launch::{Asking, Launch, LaunchOptions};
use zone_etcd::zone_directory::{Authorities, ZoneDirectory};

use crate::Result;
use crate::launch::explain;
use crate::scratch::Scratch;
use crate::zone_files::{describe_local, issue_all};

/// How many members.
const MEMBERS: usize = 3;
/// A member that has not reported by then never will.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Between two questions to a member that does not answer yet.
const RETRY: Duration = Duration::from_millis(1);

/// A zone whose members are started by hand, again and again from nothing.
#[derive(Debug)]
pub struct HandStarted {
    directory: PathBuf,
    timing: Option<(&'static str, &'static str)>,
    apart: Duration,
    runtime: Runtime,
}

/// A member that is to be started.
struct Planned {
    program: PathBuf,
    arguments: Vec<String>,
    data: PathBuf,
    client: MemberClient,
    notifications: UnixDatagram,
    notify_socket: String,
}

/// Processes that end with their owner, however it ends.
#[derive(Default)]
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It fails only if the process has ended, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl HandStarted {
    /// Makes the certificates. `timing` is heartbeat and election, if not etcd's own; `apart` lies between two starts.
    pub fn new(
        scratch: &Scratch,
        name: &str,
        timing: Option<(&'static str, &'static str)>,
        apart: Duration,
    ) -> Result<Self> {
        let directory = scratch.directory(name)?;
        describe_local(&directory, MEMBERS, timing)?;
        issue_all(&directory)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { directory, timing, apart, runtime })
    }

    /// From the first start until every member has answered. Nothing of the members is left afterwards.
    pub fn time_to_ready(&self) -> Result<Duration> {
        // Other ports: what listened on the old ones may not be quite gone.
        describe_local(&self.directory, MEMBERS, self.timing)?;
        let planned = self.plan()?;
        let mut running = Running::default();
        let started = Instant::now();
        for (index, member) in planned.iter().enumerate() {
            if index > 0 {
                sleep(self.apart);
            }
            running.0.push(start(member)?);
        }
        for member in &planned {
            wait_for_notification(&member.notifications)?;
        }
        self.runtime.block_on(async {
            for member in &planned {
                while member.client.quorum_read().await.is_err() {
                    if started.elapsed() > START_LIMIT {
                        return Err("a member that was started by hand did not answer");
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
            Ok(())
        })?;
        let duration = started.elapsed();
        drop(running);
        for member in &planned {
            std::fs::remove_dir_all(&member.data)?;
        }
        Ok(duration)
    }

    /// The command lines that `run` would use: only who starts them, and when, differs.
    fn plan(&self) -> Result<Vec<Planned>> {
        let now = OffsetDateTime::now_utc();
        let zone = ZoneDirectory::open(&self.directory).map_err(explain)?;
        let authorities = Authorities::load(&zone.paths, now).map_err(explain)?;
        let credentials =
            ClientCredentials::load(&self.directory.join("clients").join("admin").join("current"))?;
        let _inside = self.runtime.enter();
        let plan = |node| {
            let options = LaunchOptions::default();
            let launch = Launch::prepare(&zone, node, &authorities, &options, now).map_err(explain)?;
            let start = launch.decide(Asking::No).map_err(explain)?;
            let client = MemberClient::new(
                &launch.member.advertise_client,
                "127.0.0.1",
                &credentials,
                Duration::from_secs(1),
            )?;
            let notify_socket = format!("zone-etcd-bench/{}/{}", std::process::id(), node.name.short());
            let notifications = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&notify_socket)?)?;
            notifications.set_read_timeout(Some(START_LIMIT))?;
            let data = launch.member.paths.data();
            Ok(Planned {
                program: launch.binary.path,
                arguments: start.arguments,
                data,
                client,
                notifications,
                notify_socket: format!("@{notify_socket}"),
            })
        };
        zone.config.members().map(plan).collect()
    }
}

fn start(member: &Planned) -> Result<Child> {
    let mut command = Command::new(&member.program);
    command.args(&member.arguments).env("NOTIFY_SOCKET", &member.notify_socket);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

fn wait_for_notification(notifications: &UnixDatagram) -> Result<()> {
    let mut buffer = [0; 512];
    loop {
        let length = notifications.recv(&mut buffer)?;
        if buffer[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
            return Ok(());
        }
    }
}
