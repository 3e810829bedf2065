//! A zone of three members on loopback, which are started again when they end, and any number of other nodes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use etcd::client::{ClientCredentials, MemberClient};
use model::config::ZoneConfig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::zone_files::{ZONE_NAME, checked, issue_all};
use crate::{Result, zone_etcd};

/// The members.
const MEMBERS: [&str; 3] = ["node1", "node2", "node3"];
/// A zone that is not healthy by then never will be.
const HEALTHY_LIMIT: Duration = Duration::from_secs(60);
/// How long a member may take to answer.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// How long nodes are waited for, and members that restart.
const TIMEOUT: &str = "10m";

/// A zone that runs.
pub struct Zone {
    directory: PathBuf,
    is_over: Arc<AtomicBool>,
    members: Vec<(Arc<AtomicI32>, JoinHandle<()>)>,
}

/// How many bytes the largest database file of a member has, and how many of them are in use.
#[derive(Clone, Copy)]
pub struct Size {
    pub file: i64,
    pub in_use: i64,
}

impl Zone {
    /// Describes it with this many nodes beside the members, and issues everything. `access` is `[access]` of
    /// its description.
    pub fn describe(directory: PathBuf, others: usize, access: &str) -> Result<Self> {
        let ports = host::free_ports(2 * MEMBERS.len())?;
        let mut text = format!("[zone]\nname = \"{ZONE_NAME}\"\n");
        for (name, ports) in MEMBERS.iter().zip(ports.chunks_exact(2)) {
            text.push_str(&format!(
                "\n[[node]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\nclient_port = {}\npeer_port = {}\n",
                ports[0], ports[1]
            ));
        }
        for number in MEMBERS.len() + 1..=MEMBERS.len() + others {
            text.push_str(&format!(
                "\n[[node]]\nname = \"node{number}\"\naddress = \"127.0.0.1\"\nmember = false\n"
            ));
        }
        std::fs::write(directory.join("zone.toml"), format!("{text}\n[access]\n{access}\n"))?;
        issue_all(&directory)?;
        Ok(Self { directory, is_over: Arc::default(), members: Vec::new() })
    }

    /// Starts the members, and waits until all are healthy.
    pub fn start(&mut self) -> Result<()> {
        for member in MEMBERS {
            let (process, is_over) = (Arc::new(AtomicI32::new(0)), Arc::clone(&self.is_over));
            let mut command = self.command(&["run", "--node", member]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let running = Arc::clone(&process);
            let thread = std::thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    let Ok(mut child) = command.spawn() else { return };
                    running.store(i32::try_from(child.id()).unwrap_or_default(), Ordering::SeqCst);
                    let _ = child.wait();
                }
            });
            self.members.push((process, thread));
        }
        let begun = Instant::now();
        while !self.command(&["status"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
            if begun.elapsed() > HEALTHY_LIMIT {
                return Err("the zone does not become healthy".into());
            }
        }
        Ok(())
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A command on it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(zone_etcd());
        command.args(arguments).arg("--zone").arg(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The same of an operation that waits for nodes.
    pub fn operation(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.args(["--timeout", TIMEOUT]);
        command
    }

    /// Bundles for all nodes without a member, sealed to the keys in a file.
    pub fn bundle(&self, keys: &Path, out: &Path) -> Result<Output> {
        let config = self.config()?;
        let names = config.nodes.iter().filter(|node| !node.member).map(|node| node.name.short());
        let mut command = self.command(&["bundle"]);
        checked(command.args(names).arg("--recipients-file").arg(keys).arg("--out").arg(out))
    }

    /// Its description.
    pub fn config(&self) -> Result<ZoneConfig> {
        Ok(ZoneConfig::load(&self.directory.join("zone.toml"))?.0)
    }

    /// Clients of the members, with the certificate of the administrator.
    pub fn clients(&self) -> Result<Vec<MemberClient>> {
        let credentials =
            ClientCredentials::load(&self.directory.join("clients").join("admin").join("current"))?;
        let client = |url: &String| MemberClient::new(url, "127.0.0.1", &credentials, CALL_LIMIT);
        Ok(self.config()?.client_urls().iter().map(client).collect::<std::result::Result<_, _>>()?)
    }

    /// How large the database is.
    pub fn size(&self) -> Result<Size> {
        on_runtime(async {
            let mut size = Size { file: 0, in_use: 0 };
            for client in self.clients()? {
                let status = client.status().await?;
                size.file = size.file.max(status.db_size);
                size.in_use = size.in_use.max(status.db_size_in_use);
            }
            Ok(size)
        })
    }

    /// Has all members forget what every key was before, and give the space back.
    pub fn compact(&self) -> Result<()> {
        let revision = on_runtime(async {
            let client = self.clients()?.into_iter().next().ok_or("there is no member")?;
            Ok(client.quorum_read().await?)
        })?;
        let admin = self.directory.join("clients").join("admin").join("current");
        let mut command = Command::new(etcdctl()?);
        command.arg("--endpoints").arg(self.config()?.client_urls().join(","));
        for (option, file) in [("--cacert", "ca.crt"), ("--cert", "client.crt"), ("--key", "client.key")] {
            command.arg(option).arg(admin.join(file));
        }
        checked(command.args(["compaction", "--physical", &revision.to_string()]))?;
        checked(&mut self.command(&["defrag", "--over", "0B"])).map(drop)
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for (process, _) in &self.members {
            let process = process.load(Ordering::SeqCst);
            if process > 0 {
                // It fails only if it has ended, which is what is wanted.
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
        }
        for (_, thread) in self.members.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The one that is bundled with the latest etcd.
fn etcdctl() -> Result<PathBuf> {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("libexec").join("zone-etcd");
    let mut found: Vec<PathBuf> = std::fs::read_dir(bundled)?
        .filter_map(|entry| Some(entry.ok()?.path().join("etcdctl")))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop().ok_or_else(|| "there is no etcdctl: run scripts/bundle-etcd".into())
}

/// Runs it to its end on this thread.
pub fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
