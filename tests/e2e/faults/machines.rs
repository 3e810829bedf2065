//! Five machines with a member each, and the operator's, which is this process. Each machine has a network
//! and a disk of its own; the operator reaches them by the command of `[access]`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use super::lock;
use crate::harness::clock::turn;
use crate::harness::namespaces::Network;
use crate::harness::processes::until;
use crate::harness::programs::write_program;
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program, zone_etcd};

pub const NODES: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];
/// The operator's address.
pub const DESK: &str = "10.0.1.1";
/// Room for two data directories with their logs, and for what a restore puts beside them.
const DISK: &str = "size=900m,mode=700";

/// The address of a node at first, and the one to which `member update` moves it.
pub fn addresses(node: usize) -> [String; 2] {
    [11, 111].map(|first| format!("10.0.1.{}", first + node))
}

/// The line of `zone.toml` with an address.
pub fn described(address: &str) -> String {
    format!("address = \"{address}\"")
}

#[derive(Default)]
struct Machine {
    member: Mutex<Option<Supervised>>,
    /// The operator has it down, and starts it when an operation says so.
    is_resting: AtomicBool,
}

pub struct Machines {
    pub network: Network,
    pub zone: TestZone,
    machines: Vec<Machine>,
    starts: Mutex<usize>,
}

impl Machines {
    /// A zone whose members all take requests.
    #[track_caller]
    pub fn start() -> Self {
        let first: Vec<String> = (0..NODES.len()).map(|node| addresses(node)[0].clone()).collect();
        let named: Vec<(&str, &str)> = NODES.iter().copied().zip(first.iter().map(String::as_str)).collect();
        let network = Network::new(&named);
        network.add_own_address(DESK);
        let mut text = String::from("[zone]\nname = \"example.zone\"\n");
        for (node, (name, address)) in named.iter().enumerate() {
            let other = &addresses(node)[1];
            network.add_address(name, other);
            // Wherever it is, it sends from the first.
            text += &format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\n");
            text += &format!("sans = [\"{address}\", \"{other}\"]\n");
        }
        let around = std::env::temp_dir();
        text += &format!(
            "[etcd]\nheartbeat = \"50ms\"\nelection = \"500ms\"\n\
             [access]\ncommand = \"{0}/reach {{name}}\"\n\
             node_dir = \"{0}/machines/{{name}}\"\nlimit = \"20s\"\n",
            around.display()
        );
        let zone = TestZone::described(&text);
        let machines = (0..NODES.len()).map(|_| Machine::default()).collect();
        let machines = Self { network, zone, machines, starts: Mutex::new(0) };
        machines.write_reach();
        for node in 0..NODES.len() {
            let disk = machines.disk(node);
            fs::create_dir_all(&disk).expect("a directory");
            mount(Some("tmpfs"), &disk, Some("tmpfs"), MsFlags::empty(), Some(DISK)).expect("a disk");
        }
        machines.zone.run(&["init"]).expect_code(0);
        machines.zone.run(&["pki", "renew", "--all"]).expect_code(0);
        (0..NODES.len()).for_each(|node| machines.start_member(node, &[]));
        until("a healthy zone", || (machines.zone.run(&["status"]).code == 0).then_some(()));
        machines
    }

    /// The command of [access]: into the network of the machine, unless the way there is cut.
    fn write_reach(&self) {
        let reach = std::env::temp_dir().join("reach");
        let script = format!(
            "#!/bin/sh\nname=$1; shift\n\
             [ -e {0}/cut-$name ] && {{ echo 'No route to host' >&2; exit 255; }}\n\
             exec nsenter --net=/run/netns/$name -- {1} \"$@\"\n",
            std::env::temp_dir().display(),
            program().display()
        );
        write_program(&reach, script);
    }

    /// Whether the command of [access] reaches it.
    pub fn set_reached(&self, node: usize, is_reached: bool) {
        let cut = std::env::temp_dir().join(format!("cut-{}", NODES[node]));
        if is_reached {
            let _ = fs::remove_file(cut);
        } else {
            fs::write(cut, "").expect("a cut link");
        }
    }

    /// The directory of a node, which is a disk.
    pub fn disk(&self, node: usize) -> PathBuf {
        std::env::temp_dir().join("machines").join(NODES[node])
    }

    /// Where clients ask: a member may be at either address.
    pub fn endpoints(&self) -> Vec<String> {
        let of_node = |place: usize| (0..NODES.len()).map(move |node| addresses(node)[place].clone());
        of_node(0).chain(of_node(1)).map(|address| format!("https://{address}:2379")).collect()
    }

    /// The address that a node has by `zone.toml`.
    pub fn address(&self, node: usize) -> String {
        let [first, second] = addresses(node);
        let text = fs::read_to_string(self.zone.file("zone.toml")).expect("zone.toml");
        if text.contains(&described(&first)) { first } else { second }
    }

    fn run_command(&self, node: usize, flags: &[&str]) -> Command {
        let parent = std::process::id().to_string();
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        run.arg(self.disk(node).join("node.json")).args(flags);
        run
    }

    /// Starts the member of a node, under a supervisor that keeps to the table of the systemd unit.
    pub fn start_member(&self, node: usize, flags: &[&str]) {
        let number = {
            let mut starts = lock(&self.starts);
            *starts += 1;
            *starts
        };
        let command = self.network.on(NODES[node], &self.run_command(node, flags));
        let name = format!("{}-{number}", NODES[node]);
        let mut member = lock(&self.machines[node].member);
        // The one before ends before this one begins.
        *member = None;
        let supervised = Supervised::start_as_unit(command, self.zone.around().to_owned(), &name);
        supervised.replace_command(self.network.on(NODES[node], &self.run_command(node, &[])));
        *member = Some(supervised);
        self.machines[node].is_resting.store(false, Ordering::SeqCst);
    }

    /// Looks at the member of a node, if it was ever started.
    pub fn member<T>(&self, node: usize, look: impl FnOnce(&mut Supervised) -> T) -> Option<T> {
        let mut member = self.machines[node].member.lock().unwrap_or_else(PoisonError::into_inner);
        member.as_mut().map(look)
    }

    pub fn signal(&self, node: usize, signal: Signal) {
        self.member(node, |member| member.signal_if_running(signal));
    }

    pub fn has_ended(&self, node: usize) -> bool {
        self.member(node, |member| member.has_ended()).unwrap_or(true)
    }

    /// The process of etcd, once it is that.
    pub fn etcd(&self, node: usize) -> Option<u32> {
        let pid = self.member(node, |member| (!member.has_ended()).then(|| member.pid()))??;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        (name.trim() == "etcd").then_some(pid)
    }

    /// The operator has it down from now on.
    pub fn rest(&self, node: usize) {
        self.machines[node].is_resting.store(true, Ordering::SeqCst);
    }

    pub fn is_resting(&self, node: usize) -> bool {
        self.machines[node].is_resting.load(Ordering::SeqCst)
    }

    /// Ends a member for good.
    pub fn kill(&self, node: usize) {
        self.rest(node);
        self.signal(node, Signal::SIGCONT);
        self.member(node, |member| member.end(Signal::SIGKILL));
    }

    /// What an operator does about members that the unit leaves down after a refusal. Returns who they were.
    pub fn start_refused(&self) -> Vec<usize> {
        let down = |node: &usize| !self.is_resting(*node) && self.has_ended(*node);
        let down: Vec<usize> = (0..NODES.len()).filter(down).collect();
        down.iter().for_each(|node| self.start_member(*node, &[]));
        down
    }

    /// The launcher of later starts has a clock that is off by this much.
    pub fn set_clock(&self, node: usize, offset: time::Duration) {
        let mut command = self.network.on(NODES[node], &self.run_command(node, &[]));
        if !offset.is_zero() {
            turn(&mut command, offset);
        }
        self.member(node, |member| member.replace_command(command));
    }

    /// Waits until the zone is healthy, and starts what the unit leaves down. Without success it returns
    /// what `status` says.
    pub fn heals_within(&self, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        loop {
            let told = outcome(&mut self.zone.command(&["status"]));
            if told.code == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("status ends with {}:\n{}{}", told.code, told.stdout, told.stderr));
            }
            self.start_refused();
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
