//! A quorum that is lost for good: all members of three are killed at the same instant under load, and the
//! disks of the followers are lost. What is left is the log of the leader, of which it has not noted all as
//! committed. `zone-etcd recover` against `etcd --force-new-cluster` on a copy of the same data.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use etcd::client::{ClientCredentials, MemberClient};
use live::on_runtime;
use tokio::task::JoinSet;

use crate::Result;
use crate::arguments::Arguments;
use crate::report::{Section, in_seconds};
use crate::running_zone::{NODES, RunningZone, end};
use crate::scratch::Scratch;
use crate::statistics::{Samples, timed};
use crate::zone_files::checked;

/// In milliseconds, for the full amount of data.
const RECOVERED_WITHIN: f64 = 5000.0;
/// Until there is as much data as asked for, and from then on.
const VALUES: (usize, usize) = (64 << 10, 16);
/// How many of the small ones are acknowledged before the disaster.
const SMALL_WRITES: usize = 2000;
const HOST: &str = "127.0.0.1";
const CLIENTS: usize = 64;
/// All of it.
const WRITTEN_WITHIN: Duration = Duration::from_secs(300);
/// Before each key, which ends with the number of the write in eight bytes, and behind all of them.
const KEYS: (&[u8], &[u8]) = (b"bench/", b"bench0");
/// How many are read at once.
const PAGE: i64 = 10_000;
/// How long a member may take to answer, and to start.
const CALL_LIMIT: Duration = Duration::from_secs(10);
const START_LIMIT: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(1);

/// What came of one disaster.
#[derive(Default)]
struct Outcomes {
    took: Samples,
    lost: usize,
}

/// A zone of its own for each run, with what it has in it.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let (runs, megabytes) = (arguments.runs(1, 5), arguments.runs(10, 100));
    let [mut recovered, mut forced] = <[Outcomes; 2]>::default();
    let mut acknowledged = 0;
    for _ in 0..runs {
        let zone = RunningZone::start(scratch.directory("recover")?, None)?;
        let leader = zone.leader()?;
        let url = url_of(&zone, &leader)?;
        let writes = lose_most(&zone, &leader, &url, megabytes * 1_000_000)?;
        acknowledged += writes.len();
        forced.add(&writes, by_force(&zone, &leader, &url, &scratch.directory("forced")?)?);
        scratch.settle();
        recovered.add(&writes, by_recover(&zone, &leader, &url)?);
    }
    let mut section = Section::new(format!(
        "recover: two of three lost for good with {megabytes} MB of data, {runs} runs, median (longest)"
    ));
    section.figure("acknowledged writes", acknowledged.to_string());
    for (what, outcomes) in [("zone-etcd recover", &recovered), ("etcd --force-new-cluster", &forced)] {
        let took = &outcomes.took;
        let longest = in_seconds(took.percentile(100));
        section.figure(what, format!("{} ({longest})", in_seconds(took.median())));
    }
    section.figure("acknowledged writes lost by --force-new-cluster", forced.lost.to_string());
    section.at_most("zone-etcd recover: the median", recovered.took.median(), RECOVERED_WITHIN, in_seconds);
    let what = "acknowledged writes lost by zone-etcd recover";
    section.at_most(what, recovered.lost as f64, 0.0, |count| count.to_string());
    Ok(section)
}

impl Outcomes {
    fn add(&mut self, acknowledged: &BTreeSet<u64>, (took, there): (Duration, BTreeSet<u64>)) {
        self.took.add(took);
        self.lost += acknowledged.difference(&there).count();
    }
}

/// Kills all members once as much data as asked for is there and small writes go on; the followers have no
/// data then. Returns the numbers of the writes that were acknowledged.
fn lose_most(zone: &RunningZone, leader: &str, url: &str, bytes: usize) -> Result<BTreeSet<u64>> {
    let large = bytes / VALUES.0;
    let writers = Writers::start(zone, url, large as u64)?;
    let begun = Instant::now();
    while writers.acknowledged() < large + SMALL_WRITES {
        if begun.elapsed() > WRITTEN_WITHIN {
            return Err("the members take no writes".into());
        }
        sleep(RETRY);
    }
    zone.kill_all();
    for node in dead(leader) {
        std::fs::remove_dir_all(data(zone, node))?;
    }
    writers.stop()
}

fn by_recover(zone: &RunningZone, leader: &str, url: &str) -> Result<(Duration, BTreeSet<u64>)> {
    let dead = dead(leader).collect::<Vec<_>>().join(",");
    let (took, done) = timed(|| zone.change_with(leader, &["recover", "--dead", &dead, "--yes"]));
    done?;
    Ok((took, on_runtime(async { keys(client(zone, url)?).await })??))
}

/// etcd on a copy, until it answers.
fn by_force(zone: &RunningZone, leader: &str, url: &str, place: &Path) -> Result<(Duration, BTreeSet<u64>)> {
    let copy = place.join("data");
    checked(Command::new("cp").arg("-a").arg(data(zone, leader)).arg(&copy))?;
    let told = checked(&mut zone.command(&["plan", "--node", leader, "--format", "argv"]))?;
    let told = String::from_utf8(told.stdout)?;
    let mut command = told.lines();
    let mut etcd = Command::new(command.next().ok_or("no program")?);
    etcd.args(command).arg("--force-new-cluster").arg("--data-dir").arg(copy);
    let begun = Instant::now();
    let mut process = etcd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let found = on_runtime(async {
        let client = client(zone, url)?;
        while let Err(error) = client.quorum_read().await {
            if begun.elapsed() > START_LIMIT {
                return Err(format!("etcd does not answer: {error}").into());
            }
            tokio::time::sleep(RETRY).await;
        }
        Ok((begun.elapsed(), keys(client).await?))
    });
    end(&mut process);
    found?
}

fn dead(leader: &str) -> impl Iterator<Item = &'static str> {
    NODES.into_iter().filter(move |node| *node != leader)
}

fn data(zone: &RunningZone, node: &str) -> PathBuf {
    zone.directory().join("nodes").join(node).join("data")
}

fn url_of(zone: &RunningZone, node: &str) -> Result<String> {
    let status = zone.status()?;
    let mut members = status["members"].as_array().ok_or("no members")?.iter();
    let member = members.find(|member| member["name"] == node).ok_or("no such member")?;
    Ok(member["client_urls"][0].as_str().ok_or("no URL")?.to_owned())
}

/// To be made and used on a runtime.
fn client(zone: &RunningZone, url: &str) -> Result<MemberClient> {
    Ok(MemberClient::new(url, HOST, &ClientCredentials::load(&zone.admin())?, CALL_LIMIT)?)
}

/// The numbers of the writes that are there.
async fn keys(client: MemberClient) -> Result<BTreeSet<u64>> {
    let mut numbers = BTreeSet::new();
    let mut from = KEYS.0.to_vec();
    loop {
        let page = client.range_keys(&from, KEYS.1, PAGE).await?;
        for pair in &page.pairs {
            let number = pair.key.get(KEYS.0.len()..).and_then(|bytes| bytes.try_into().ok());
            numbers.insert(u64::from_be_bytes(number.ok_or("a key of others")?));
        }
        match page.pairs.last() {
            Some(last) if page.more => from = [&last.key[..], b"\0"].concat(),
            _ => return Ok(numbers),
        }
    }
}

/// Many clients, each of which writes once more as soon as it is answered.
struct Writers {
    shared: Arc<Shared>,
    thread: JoinHandle<std::result::Result<(), Ended>>,
}

/// Why the clients ended, as a thread can tell it.
type Ended = Box<dyn Error + Send + Sync>;

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    is_over: AtomicBool,
    acknowledged: Mutex<BTreeSet<u64>>,
}

impl Writers {
    /// They ask one member. The first values are large, as many as there are to be.
    fn start(zone: &RunningZone, url: &str, large: u64) -> Result<Self> {
        let (url, credentials) = (url.to_owned(), ClientCredentials::load(&zone.admin())?);
        let shared = Arc::<Shared>::default();
        let to_write = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            on_runtime(async {
                let client = MemberClient::new(&url, HOST, &credentials, CALL_LIMIT)?;
                let mut clients = JoinSet::new();
                for _ in 0..CLIENTS {
                    clients.spawn(to_write.clone().write(client.clone(), large));
                }
                clients.join_all().await;
                Ok::<_, Ended>(())
            })?
        });
        Ok(Self { shared, thread })
    }

    fn acknowledged(&self) -> usize {
        self.shared.acknowledged().len()
    }

    fn stop(self) -> Result<BTreeSet<u64>> {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.thread.join().map_err(|_| "the clients ended early")?.map_err(|error| error.to_string())?;
        Ok(std::mem::take(&mut *self.shared.acknowledged()))
    }
}

impl Shared {
    async fn write(self: Arc<Self>, client: MemberClient, large: u64) {
        while !self.is_over.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let key = [KEYS.0, &number.to_be_bytes()].concat();
            let value = vec![b'v'; if number < large { VALUES.0 } else { VALUES.1 }];
            // What is not answered may be there or not.
            match client.put(&key, &value).await {
                Ok(_) => drop(self.acknowledged().insert(number)),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    fn acknowledged(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
