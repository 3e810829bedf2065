//! All nodes of a zone in one process. It is told by its standard input what to do, and tells by its standard
//! output when that is done.
//!
//! A node asks as soon as etcd has something for it, as one that watches does, but not all at once: as many
//! as `AT_ONCE` have a connection at a time, as the timers of nodes with their jitter would spread them.
//! One watch for each thread tells whose turn it is; each node then reads by itself, over TLS of its own.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd::client::{ClientCredentials, MemberClient};
use etcd::watch::KeyChange;
use model::config::ZoneConfig;
use model::plan::{DELIVERIES, end_of_prefix};
use tokio::task::JoinSet;

use super::node::Node;
use crate::Result;

/// The argument that makes this program simulate the nodes of a zone directory.
const NODES_OF: &str = "--nodes-of";
/// Threads, of which each has its part of the nodes.
const THREADS: usize = 2;
/// Nodes of a thread that have a connection at a time.
const AT_ONCE: usize = 32;
/// How often a node asks that gets no answer, each time another member.
const TRIES: usize = 200;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a member may take to begin a watch.
const WATCH_LIMIT: Duration = Duration::from_secs(5);

/// Bundles that nodes have put in use, after the first.
static ACTIVATED: AtomicUsize = AtomicUsize::new(0);
/// Calls that brought no answer.
static FAILED: AtomicUsize = AtomicUsize::new(0);

/// The process, seen from the measurement.
pub struct Simulator {
    process: Child,
    input: Option<ChildStdin>,
    output: std::io::BufReader<ChildStdout>,
}

impl Simulator {
    /// Starts it for the nodes of a zone that have no member. It has written the key of each to `keys`, as
    /// `bundle --recipients-file` reads them.
    pub fn start(zone: &Path, keys: &Path) -> Result<Self> {
        // What nodes compute they compute on machines of their own: here the members and the signing host
        // come first.
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(std::env::current_exe()?).arg(NODES_OF).arg(zone).arg(keys);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = std::io::BufReader::new(process.stdout.take().ok_or("no standard output")?);
        let input = process.stdin.take();
        let mut started = Self { process, input, output };
        started.expect("keys")?;
        Ok(started)
    }

    /// Has each node put its first bundle in use, a file in this directory, and answer.
    pub fn activate(&mut self, bundles: &Path) -> Result<()> {
        let input = self.input.as_mut().ok_or("it has ended")?;
        writeln!(input, "{}", bundles.display())?;
        self.expect("answered").map(drop)
    }

    /// How many bundles were put in use after the first of each node, and how many calls failed.
    pub fn counts(&mut self) -> Result<(usize, usize)> {
        let input = self.input.as_mut().ok_or("it has ended")?;
        writeln!(input)?;
        let told = self.expect("activated ")?;
        let mut numbers = told.split_whitespace().filter_map(|word| word.parse().ok());
        Ok((numbers.next().ok_or("no count")?, numbers.next().ok_or("no count")?))
    }

    fn expect(&mut self, what: &str) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        match line.starts_with(what) {
            true => Ok(line),
            false => Err(format!("the nodes did not say `{what}`: {line}").into()),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.input.take());
        // Both fail only if it has ended, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The zone and the file for the keys, if this process was started for that.
pub fn asked_for() -> Option<(PathBuf, PathBuf)> {
    let mut words = std::env::args_os().skip(1);
    words.next().filter(|word| word == NODES_OF)?;
    Some((words.next()?.into(), words.next()?.into()))
}

/// The process itself, until its standard input ends.
pub fn run(zone: &Path, keys: &Path) -> Result<()> {
    let (config, _) = ZoneConfig::load(&zone.join("zone.toml"))?;
    let without_member = config.nodes.iter().filter(|node| !node.member);
    let mut nodes = without_member
        .map(|node| Node::new(config.name.as_str(), &node.name))
        .collect::<Result<Vec<Node>>>()?;
    let line = |node: &Node| format!("{} {}\n", node.name().short(), node.recipient());
    std::fs::write(keys, nodes.iter().map(line).collect::<String>())?;
    say("keys")?;

    let mut lines = std::io::stdin().lines();
    let bundles = PathBuf::from(lines.next().ok_or("no directory")??);
    for node in &mut nodes {
        node.activate_file(&bundles.join(format!("{}.bundle", node.name().short())))?;
    }
    let part = nodes.len().div_ceil(THREADS).max(1);
    let mut parts: Vec<Vec<Node>> = Vec::new();
    while !nodes.is_empty() {
        parts.push(nodes.split_off(nodes.len().saturating_sub(part)));
    }
    let (urls, admin) = (config.client_urls(), zone.join("clients").join("admin").join("current"));
    let (told, answered) = std::sync::mpsc::channel();
    let threads = parts.len();
    for nodes in parts {
        let (urls, admin, told) = (urls.clone(), admin.clone(), told.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let ended = match runtime {
                Ok(runtime) => runtime.block_on(Part::new(nodes, urls).serve(&admin, told)),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = ended {
                eprintln!("bench: error: a part of the nodes answers no more: {error}");
            }
        });
    }
    for _ in 0..threads {
        answered.recv()?;
    }
    say("answered")?;
    for line in lines {
        line?;
        let (activated, failed) = (ACTIVATED.load(Ordering::SeqCst), FAILED.load(Ordering::SeqCst));
        say(&format!("activated {activated} failed {failed}"))?;
    }
    Ok(())
}

fn say(what: &str) -> Result<()> {
    println!("{what}");
    Ok(std::io::stdout().flush()?)
}

/// The nodes of a thread.
struct Part {
    nodes: Vec<Option<Box<Node>>>,
    urls: Vec<String>,
    places: HashMap<String, usize>,
    waiting: VecDeque<usize>,
    /// Of those that wait or are under way: whether they are to ask once more.
    is_due: Vec<bool>,
    asking: JoinSet<(usize, Box<Node>, std::result::Result<(), String>)>,
}

impl Part {
    fn new(nodes: Vec<Node>, urls: Vec<String>) -> Self {
        let names = nodes.iter().map(|node| node.name().full().to_owned());
        let places = names.enumerate().map(|(place, name)| (name, place)).collect();
        let waiting = (0..nodes.len()).collect();
        let is_due = vec![true; nodes.len()];
        let nodes = nodes.into_iter().map(|node| Some(Box::new(node))).collect();
        Self { nodes, urls, places, waiting, is_due, asking: JoinSet::new() }
    }

    /// Has all of them answer once, and then each for which something is put.
    async fn serve(mut self, admin: &Path, told: std::sync::mpsc::Sender<()>) -> Result<()> {
        let (mut from, mut turn, mut has_told) = (0, 0, false);
        loop {
            turn += 1;
            let url = self.urls.get(turn % self.urls.len()).ok_or("there is no member")?;
            let credentials = ClientCredentials::load(admin)?;
            let client = MemberClient::new(url, "127.0.0.1", &credentials, WATCH_LIMIT)?;
            let Ok(mut watch) = client.watch(DELIVERIES.as_bytes(), &end_of_prefix(DELIVERIES), from).await
            else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            loop {
                while self.asking.len() < AT_ONCE
                    && let Some(place) = self.waiting.pop_front()
                {
                    self.ask(place);
                }
                if self.asking.is_empty() && !has_told {
                    told.send(())?;
                    has_told = true;
                }
                tokio::select! {
                    changed = watch.next() => match changed {
                        Ok(changes) => {
                            from = changes.revision + 1;
                            for change in changes.changes {
                                self.has_news(&change);
                            }
                        }
                        // The member restarts. The next one tells the rest.
                        Err(_) => break,
                    },
                    Some(ended) = self.asking.join_next() => {
                        let (place, node, result) = ended?;
                        result?;
                        self.nodes[place] = Some(node);
                        if self.is_due[place] {
                            self.waiting.push_back(place);
                        }
                    }
                }
            }
        }
    }

    /// A node that has a new bundle is to ask, once.
    fn has_news(&mut self, change: &KeyChange) {
        let KeyChange::Put(pair) = change else { return };
        let below = pair.key.strip_prefix(DELIVERIES.as_bytes());
        let name =
            below.and_then(|rest| std::str::from_utf8(rest).ok()).and_then(|rest| rest.strip_suffix("/head"));
        let Some(place) = name.and_then(|name| self.places.get(name).copied()) else { return };
        if !std::mem::replace(&mut self.is_due[place], true) && self.nodes[place].is_some() {
            self.waiting.push_back(place);
        }
    }

    fn ask(&mut self, place: usize) {
        let Some(mut node) = self.nodes[place].take() else { return };
        self.is_due[place] = false;
        let urls = self.urls.clone();
        self.asking.spawn(async move {
            for turn in 0..TRIES {
                match node.sync(&urls[(place + turn) % urls.len()]).await.map_err(|error| error.to_string()) {
                    Ok(new) => {
                        ACTIVATED.fetch_add(new, Ordering::SeqCst);
                        return (place, node, Ok(()));
                    }
                    Err(why) if turn + 1 == TRIES => {
                        let name = node.name().short().to_owned();
                        return (place, node, Err(format!("{name} gets no answer: {why}")));
                    }
                    Err(_) => {
                        FAILED.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
            (place, node, Ok(()))
        });
    }
}
