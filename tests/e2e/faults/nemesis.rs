//! What goes wrong: faults at random instants, some of them at the same time, each for some seconds.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::statvfs::statvfs;

use super::Run;
use super::machines::NODES;
use super::wall_clock::turn_clock_of;
use crate::harness::draw::Draw;
use crate::harness::processes::Running;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Halves,
    Ring,
    OneWay,
    Pause,
    KillMember,
    KillLauncher,
    KillOperation,
    Clock,
    SlowDisk,
    FullDisk,
}

impl Fault {
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Halves, "halves"),
        (Self::Ring, "ring"),
        (Self::OneWay, "one-way"),
        (Self::Pause, "pause"),
        (Self::KillMember, "kill-member"),
        (Self::KillLauncher, "kill-launcher"),
        (Self::KillOperation, "kill-operation"),
        (Self::Clock, "clock"),
        (Self::SlowDisk, "slow-disk"),
        (Self::FullDisk, "full-disk"),
    ];

    fn is_partition(self) -> bool {
        matches!(self, Self::Halves | Self::Ring | Self::OneWay)
    }
}

/// No more at the same time.
const AT_ONCE: usize = 2;
/// Seconds by which a clock is turned.
const JUMPS: [i64; 6] = [-86400, -3600, -30, 30, 3600, 86400];
/// What each write to a slow disk takes longer.
const SLOWER: [&str; 3] = ["20000", "100000", "500000"];

/// A fault that lasts.
struct Active {
    fault: Fault,
    node: usize,
    until: Instant,
    /// The process that brings it about, if one does.
    _by: Option<Running>,
}

/// When it has to stop, for the operator to see whether all comes to its end without it.
#[derive(Default)]
pub struct Calm {
    wanted: AtomicBool,
    here: AtomicBool,
    over: AtomicBool,
}

impl Calm {
    pub fn ask(&self) {
        self.wanted.store(true, Ordering::SeqCst);
        while !self.here.load(Ordering::SeqCst) && !self.over.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(5));
        }
    }

    /// The run is over.
    pub fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Another round begins.
    pub fn begin(&self) {
        self.over.store(false, Ordering::SeqCst);
    }

    pub fn end(&self) {
        self.wanted.store(false, Ordering::SeqCst);
        while self.here.load(Ordering::SeqCst) && !self.over.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(5));
        }
    }
}

/// Brings about faults until the run is over.
pub fn haunt(run: &Run, faults: &[(Fault, &'static str)], mut draw: Draw) {
    let mut active: Vec<Active> = Vec::new();
    let mut next = Instant::now();
    while !run.calm.is_over() {
        let is_calm = run.calm.wanted.load(Ordering::SeqCst);
        let now = Instant::now();
        let (over, on): (Vec<Active>, Vec<Active>) =
            active.into_iter().partition(|fault| is_calm || fault.until <= now);
        over.into_iter().for_each(|fault| heal(run, fault));
        active = on;
        run.calm.here.store(is_calm, Ordering::SeqCst);
        if !is_calm && now >= next && active.len() < AT_ONCE {
            let (fault, name) = draw.of(faults);
            let is_free = |active: &Active| {
                active.fault != fault && !(active.fault.is_partition() && fault.is_partition())
            };
            if active.iter().all(is_free) {
                let (node, lasts) = (draw.below(NODES.len()), 500 + draw.below(3500));
                if let Some((what, by)) = begin(run, fault, node, &mut draw) {
                    run.note(&format!("fault {name}: {what}, for {lasts} ms"));
                    run.tally().fault(name);
                    let until = Instant::now() + Duration::from_millis(lasts as u64);
                    active.push(Active { fault, node, until, _by: by });
                }
                next = Instant::now() + Duration::from_millis(draw.below(1500) as u64);
            }
        }
        sleep(Duration::from_millis(5));
    }
    active.into_iter().for_each(|fault| heal(run, fault));
}

/// Begins a fault. Returns what it is, unless there is nothing that it could happen to.
fn begin(run: &Run, fault: Fault, node: usize, draw: &mut Draw) -> Option<(String, Option<Running>)> {
    let machines = &run.machines;
    let what = match fault {
        Fault::Halves => run.links.halve(machines, draw),
        Fault::Ring => run.links.ring(machines),
        Fault::OneWay => run.links.one_way(machines, draw),
        Fault::Pause => {
            machines.signal(node, Signal::SIGSTOP);
            NODES[node].to_owned()
        }
        Fault::KillMember => {
            machines.signal(node, Signal::SIGKILL);
            NODES[node].to_owned()
        }
        Fault::KillLauncher => kill_launcher(run, node, draw)?,
        Fault::KillOperation => run.kill_operation()?,
        Fault::Clock => {
            let seconds = draw.of(&JUMPS);
            machines.set_clock(node, time::Duration::seconds(seconds));
            let is_turned = machines.etcd(node).is_some_and(|pid| turn_clock_of(pid, seconds));
            let of = if is_turned { "etcd and launcher" } else { "the launcher" };
            format!("{} by {seconds} s, of {of}", NODES[node])
        }
        Fault::SlowDisk => {
            let (pid, microseconds) = (machines.etcd(node)?, draw.of(&SLOWER));
            let mut strace = Command::new("strace");
            strace.args(["-qq", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"]);
            strace.arg(format!("inject=fsync,fdatasync:delay_enter={microseconds}"));
            strace.args(["-p", &pid.to_string()]);
            let slowing = Running::start(&mut strace, machines.zone.around(), "slowing");
            let what = format!("{} by {microseconds} us for each write", NODES[node]);
            return Some((what, Some(slowing)));
        }
        Fault::FullDisk => {
            fill(&machines.disk(node))?;
            NODES[node].to_owned()
        }
    };
    Some((what, None))
}

fn heal(run: &Run, Active { fault, node, .. }: Active) {
    let machines = &run.machines;
    match fault {
        Fault::Halves | Fault::Ring | Fault::OneWay => run.links.heal(machines),
        Fault::Pause => machines.signal(node, Signal::SIGCONT),
        Fault::Clock => {
            machines.set_clock(node, time::Duration::ZERO);
            // A process that was started since has the clock of the machine.
            let _ = machines.etcd(node).is_some_and(|pid| turn_clock_of(pid, 0));
        }
        Fault::FullDisk => {
            std::fs::remove_file(filling(&machines.disk(node))).expect("the filling");
            for node in machines.start_refused() {
                run.note(&format!("{} is started by hand", NODES[node]));
            }
        }
        Fault::KillMember | Fault::KillLauncher | Fault::KillOperation | Fault::SlowDisk => {}
    }
}

/// Kills a member, and then its next start before it has become etcd.
fn kill_launcher(run: &Run, node: usize, draw: &mut Draw) -> Option<String> {
    let machines = &run.machines;
    let starts = machines.member(node, |member| (!member.has_ended()).then(|| member.starts()))??;
    machines.signal(node, Signal::SIGKILL);
    let deadline = Instant::now() + Duration::from_secs(2);
    while machines.member(node, |member| member.starts()) == Some(starts) && Instant::now() < deadline {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(draw.below(150) as u64));
    let is_launcher = machines.etcd(node).is_none();
    machines.signal(node, Signal::SIGKILL);
    Some(format!("{}, {} at its start", NODES[node], if is_launcher { "the launcher" } else { "etcd" }))
}

fn filling(disk: &Path) -> std::path::PathBuf {
    disk.join("filling")
}

fn fill(disk: &Path) -> Option<()> {
    let free = statvfs(disk).ok()?;
    let bytes = i64::try_from(free.blocks_available() * free.fragment_size()).ok()?;
    let file = File::create(filling(disk)).ok()?;
    // The member may have taken some of it meanwhile.
    (0..20).find_map(|try_| nix::fcntl::posix_fallocate(&file, 0, bytes - (try_ << 20)).ok())
}
