//! Histories under faults: five members, clients whose histories are judged, operations of this tool in
//! random order, and faults at random instants. `scripts/faults` runs it for longer, and prints its table.

mod disaster;
mod links;
mod machines;
mod nemesis;
mod operations;
mod operator;
mod probes;
mod seeded;
mod tally;
mod wall_clock;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::harness::draw::Draw;
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::processes::Running;
use disaster::Disaster;
use links::Links;
use machines::{Machines, NODES};
use nemesis::{Calm, Fault};
use probes::Watched;
use tally::{STUCK, Tally};

/// `SEED SECONDS [FAULT...]`: the faults are those that do not happen.
const ASKED_FOR: &str = "ZONE_ETCD_FAULTS";
/// A directory for what a run leaves in which something was found.
const KEPT: &str = "ZONE_ETCD_FAULTS_KEPT";
/// A file for the table.
const TABLE: &str = "ZONE_ETCD_FAULTS_TABLE";
/// A round of a run ends with a disaster, and its histories are judged.
const ROUND: Duration = Duration::from_secs(150);
/// What a zone may need to be healthy again once all faults are over.
const HEALING: Duration = Duration::from_secs(60);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run: what is haunted, and what is known of it.
pub struct Run {
    machines: Machines,
    links: Links,
    calm: Calm,
    /// The command that runs, and whether it was killed.
    operation: Mutex<Option<(Running, bool)>>,
    watched: Mutex<Watched>,
    tally: Mutex<Tally>,
    numbers: AtomicUsize,
    begun: Instant,
    timeline: Mutex<File>,
}

impl Run {
    #[track_caller]
    fn start() -> Self {
        let machines = Machines::start();
        let timeline = File::create(machines.zone.around().join("timeline.err")).expect("a file");
        let run = Self {
            machines,
            links: Links::default(),
            calm: Calm::default(),
            operation: Mutex::default(),
            watched: Mutex::default(),
            tally: Mutex::default(),
            numbers: AtomicUsize::default(),
            begun: Instant::now(),
            timeline: Mutex::new(timeline),
        };
        run.learn_cluster();
        run
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    /// A number that was not returned before.
    fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    fn note(&self, what: &str) {
        let at = self.begun.elapsed().as_secs_f64();
        writeln!(lock(&self.timeline), "{at:8.2} {what}").expect("a line");
    }

    fn found(&self, kind: &'static str, what: &str) {
        self.note(&format!("found: {kind}: {what}"));
        self.tally().violations.push((kind, what.to_owned()));
    }

    /// Two groups of clients: one on all endpoints, and one that stays on an endpoint while it answers.
    #[track_caller]
    fn writers(&self) -> [GoWriter; 2] {
        let round = self.number();
        let kinds: [(&str, &[&str]); 2] =
            [("all", &["-try", "500ms", "-watch"]), ("pinned", &["-pinned", "-try", "1s"])];
        kinds.map(|(kind, options)| {
            let name = format!("{kind}-{round}");
            let history = self.machines.zone.around().join(format!("history-{name}.out"));
            let history = history.display().to_string();
            let common = ["-list", "-pace", "10ms", "-history", &history];
            let options = [options, &common].concat();
            GoWriter::start_with(&self.machines.zone, &self.machines.endpoints(), &name, &options, |c| c)
        })
    }

    /// Once all faults are over: the zone is healthy, what was revoked is refused, and the histories are
    /// judged.
    #[track_caller]
    fn judge(&self, writers: [GoWriter; 2]) {
        if let Err(told) = self.machines.heals_within(HEALING) {
            self.found(STUCK, &told);
        }
        self.try_all_revoked();
        writers.into_iter().for_each(|writer| self.tally().writer(&writer.finish()));
    }
}

/// How long, from which seed, and which faults.
struct Asked {
    seed: u64,
    seconds: u64,
    faults: Vec<(Fault, &'static str)>,
}

/// A run that is shorter ends with the disaster that takes less time.
const SHORT: u64 = 60;

impl Asked {
    fn new() -> Self {
        let text = std::env::var(ASKED_FOR).unwrap_or_else(|_| "1 15".to_owned());
        let mut words = text.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("SEED SECONDS [FAULT...]");
        let (seed, seconds) = (number(), number());
        let without: Vec<&str> = words.collect();
        let faults = Fault::ALL.into_iter().filter(|(_, name)| !without.contains(name)).collect();
        Self { seed, seconds, faults }
    }
}

#[test]
fn long_operations_under_faults() {
    isolated(|| {
        let Asked { seed, seconds, faults } = Asked::new();
        let mut draw = Draw::new(seed);
        let run = Run::start();
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut rounds = 0;
        while Instant::now() < until && run.tally().violations.is_empty() {
            rounds += 1;
            round(&run, &mut draw, &faults, until.min(Instant::now() + ROUND));
            if run.tally().violations.is_empty() {
                let disaster = if seconds < SHORT { Disaster::Restore } else { draw.of(&Disaster::ALL) };
                disaster::strike(&run, &mut draw, disaster, &faults);
            }
        }
        let took = run.begun.elapsed().as_secs();
        let head = format!("seed {seed}, {took} s, {} members, {rounds} rounds", NODES.len());
        let table = run.tally().table(&head);
        println!("{table}");
        if let Ok(file) = std::env::var(TABLE) {
            fs::write(file, table).expect("the table");
        }
        if !run.tally().violations.is_empty() {
            keep(run.machines.zone.around());
            panic!("see above what was found");
        }
    });
}

#[track_caller]
fn round(run: &Run, draw: &mut Draw, faults: &[(Fault, &'static str)], until: Instant) {
    run.calm.begin();
    let writers = run.writers();
    let [for_faults, for_probes, for_operations] = [(); 3].map(|()| draw.another());
    std::thread::scope(|scope| {
        scope.spawn(|| nemesis::haunt(run, faults, for_faults));
        scope.spawn(|| probes::watch(run, for_probes));
        operations::work(run, for_operations, until);
    });
    run.judge(writers);
}

/// Copies what the processes of a run have written to where it stays.
fn keep(around: &Path) {
    let Ok(kept) = std::env::var(KEPT) else { return };
    fs::create_dir_all(&kept).expect("a directory");
    for entry in fs::read_dir(around).expect("a directory").flatten() {
        let is_output = entry.path().extension().is_some_and(|end| end == "err" || end == "out");
        if is_output {
            fs::copy(entry.path(), Path::new(&kept).join(entry.file_name())).expect("a copy");
        }
    }
}
