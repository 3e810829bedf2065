//! SIGKILL at the steps between the first file that a command changes and its end, or etcd: the next start
//! works, or refuses with the step that fixes it, and nothing is lost.
//!
//! Each test takes three steps of its command, or as many as `ZONE_ETCD_KILLS` says; `scripts/crash` takes
//! all.

mod activation;
pub mod invariants;
mod membership;
mod restoration;
mod rotation;
mod strace;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_text, run_command, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use invariants::{Picture, assert_no_abandoned_keys, assert_sound};
use nix::sys::signal::Signal;
use strace::{Step, kill_at, steps_of};

const KILLS: &str = "ZONE_ETCD_KILLS";

/// A start of etcd takes so much longer than one of the stand-in that not every step is taken.
const REAL_KILLS: usize = 24;

#[test]
fn a_first_start_that_makes_the_cas() {
    isolated(|| {
        let crash = Crash::new("first start", &["run", "--node", "node1"]);
        fs::create_dir(crash.zone.path()).expect("a directory");
        // Its only member waits for nobody.
        crash.describe_one("");
        crash.run_all(|_| {});
    });
}

#[test]
fn a_start_that_issues() {
    isolated(|| {
        let crash = Crash::new("start that issues", &["run", "--node", "node1"]);
        fs::create_dir(crash.zone.path()).expect("a directory");
        // Its only member waits for nobody. The CAs have issued for clients.
        crash.describe_one("");
        crash.zone.run(&["init"]).expect_code(0);
        crash.run_all(|_| {});
    });
}

/// A member with data, whose description has changed.
#[test]
fn a_start_that_renews() {
    isolated(|| {
        let crash = Crash::new("start that renews", &["run", "--node", "node1"]);
        crash.make_member_with_data();
        crash.cut_logs();
        crash.describe_one("sans = [\"192.0.2.7\"]\n");
        crash.run_all(|_| {});
    });
}

/// A member with data and every certificate. The binary is another than before, so what is known of it is
/// written again.
#[test]
fn a_start_that_issues_nothing() {
    isolated(|| {
        let crash = Crash::new("start that issues nothing", &["run", "--node", "node1"]);
        crash.make_member_with_data();
        crash.cut_logs();
        crash.run_all(|_| {});
    });
}

#[test]
fn init() {
    isolated(|| {
        let arguments =
            ["init", "--name", "example.zone", "--node", "node1=10.0.1.10", "--node", "node2=10.0.1.11"];
        let crash = Crash::new("init", &arguments);
        crash.run_all(|again| {
            // It was interrupted after its last step.
            if again.code != 0 {
                assert!(again.stderr.contains("has its CAs already"), "{}", again.stderr);
            }
        });
    });
}

/// The plane CAs are made below a root that was there.
#[test]
fn init_below_a_root() {
    isolated(|| {
        let crash = Crash::new("init below a root", &["init"]);
        crash.make_zone();
        for file in ["peer.crt", "peer.key", "peer.crl", "client.crt", "client.key", "client.crl"] {
            fs::remove_file(crash.zone.file("ca").join(file)).expect("a file of a CA");
        }
        fs::remove_dir_all(crash.zone.file("clients")).expect("what they issued");
        fs::remove_file(crash.zone.file("issued.jsonl")).expect("the log of it");
        crash.run_all(|again| {
            if again.code != 0 && !again.stderr.contains("has its CAs already") {
                assert_eq!(again.code, 66, "{}", again.stderr);
                assert!(again.stderr.contains("if an `init` was interrupted: mv"), "{}", again.stderr);
            }
        });
    });
}

#[test]
fn issuing_for_all() {
    isolated(|| {
        let crash = Crash::new("pki issue --all", &["pki", "issue", "--all"]);
        crash.make_zone();
        crash.zone.run(&["pki", "issue", "node1"]).expect_code(0);
        crash.describe("sans = [\"192.0.2.7\"]\n");
        crash.run_all(|_| {});
    });
}

/// Whenever it ends, the same call goes on: what was recorded gets its name, with the right to bootstrap that
/// is in it, and no node gets a second one.
#[test]
fn bundles() {
    isolated(|| {
        let mut crash = Crash::new("bundle", &["bundle", "--no-encryption"]);
        crash.make_zone();
        let out = crash.zone.file("out");
        crash.arguments.extend(["--out".to_owned(), out.display().to_string()]);
        crash.for_each_step(|crash, when| {
            outcome(&mut crash.command()).expect_code(0);
            let names = fs::read_dir(&out).expect("the bundles").map(|entry| entry.expect("one").file_name());
            let mut names: Vec<_> = names.collect();
            names.sort_unstable();
            assert_eq!(names, ["node1.bundle", "node2.bundle", "node3.bundle"], "{when}");
            let log = fs::read_to_string(crash.zone.file("bundles.jsonl")).expect("the log");
            assert_eq!(log.lines().count(), 3, "{when}: {log}");
            assert_eq!(log.matches("\"may_bootstrap\":true").count(), 3, "{when}: {log}");
            for name in &names {
                let inspected = outcome(zone_etcd(["bundle", "inspect"]).arg(out.join(name))).expect_code(0);
                assert!(
                    inspected.stdout.contains("may bootstrap the cluster"),
                    "{when}: {}",
                    inspected.stdout
                );
            }
            crash.zone.run(&["pki", "check"]).expect_code(0);
        });
    });
}

/// The first start of a member with real etcd: it is bootstrapped once, and keeps what it acknowledges.
#[test]
fn a_first_start_of_etcd() {
    isolated(|| {
        let crash = Crash::with_etcd("first start of etcd");
        fs::create_dir(crash.zone.path()).expect("a directory");
        crash.describe_one("");
        crash.zone.run(&["init"]).expect_code(0);
        crash.for_each_step(|crash, when| {
            let member = crash.serve();
            put(&crash.zone, "acknowledged");
            member.signal(Signal::SIGKILL);
            drop(member);
            let _member = crash.serve();
            assert_eq!(get(&crash.zone), "acknowledged", "{when}");
        });
    });
}

/// A member with data, whose certificates are issued again at this start.
#[test]
fn long_a_later_start_of_etcd() {
    isolated(|| {
        let crash = Crash::with_etcd("later start of etcd");
        crash.make_member_with_data();
        crash.describe_one("sans = [\"192.0.2.7\"]\n");
        crash.for_each_step(|crash, when| {
            let _member = crash.serve();
            assert_eq!(get(&crash.zone), "acknowledged", "{when}");
        });
    });
}

/// A command that is interrupted, on a zone that is put back for each time.
struct Crash {
    name: &'static str,
    zone: TestZone,
    arguments: Vec<String>,
}

impl Crash {
    /// A command of the program, with a stand-in for etcd where it takes one.
    fn new(name: &'static str, arguments: &[&str]) -> Self {
        let mut crash = Self { name, zone: TestZone::empty(), arguments: Vec::new() };
        crash.arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        if arguments[0] == "run" {
            crash.install_stand_in();
            crash.arguments.extend(["--etcd".to_owned(), crash.stand_in().display().to_string()]);
        }
        crash
    }

    /// A start with the bundled etcd.
    fn with_etcd(name: &'static str) -> Self {
        let arguments = ["run", "--node", "node1"].map(str::to_owned).to_vec();
        Self { name, zone: TestZone::empty(), arguments }
    }

    fn is_real(&self) -> bool {
        self.arguments[0] == "run" && !self.stand_in().exists()
    }

    fn stand_in(&self) -> PathBuf {
        self.zone.around().join("stand-in")
    }

    /// A program that says it is etcd, and ends at once.
    fn install_stand_in(&self) {
        let text = "#!/bin/sh\nif [ \"$*\" = --version ]; then echo 'etcd Version: 3.7.3'; fi\n";
        let source = self.zone.around().join("stand-in.text");
        fs::write(&source, text).expect("its text");
        outcome(Command::new("install").args(["-m", "755"]).arg(source).arg(self.stand_in())).expect_code(0);
    }

    /// Writes `zone.toml` for three nodes; `more` is added to each.
    fn describe(&self, more: &str) {
        let text = loopback_text("example.zone", 3, "").replace("peer_port", &format!("{more}peer_port"));
        fs::write(self.zone.file("zone.toml"), text).expect("zone.toml");
    }

    /// The same for one node.
    fn describe_one(&self, more: &str) {
        let text = loopback_text("example.zone", 1, "").replace("peer_port", &format!("{more}peer_port"));
        fs::write(self.zone.file("zone.toml"), text).expect("zone.toml");
    }

    /// A member that ran, acknowledged a write, and was killed.
    #[track_caller]
    fn make_member_with_data(&self) {
        fs::create_dir(self.zone.path()).expect("a directory");
        self.describe_one("");
        self.zone.run(&["init"]).expect_code(0);
        let mut member = self.serve();
        put(&self.zone, "acknowledged");
        member.signal(Signal::SIGKILL);
        member.end();
    }

    /// etcd allocates 64 MiB for each file of its log, which are copied for each kill. What was written
    /// stays.
    fn cut_logs(&self) {
        for entry in fs::read_dir(self.zone.file("nodes/node1/data/member/wal")).expect("the log").flatten() {
            let file = fs::File::options().write(true).open(entry.path()).expect("a file of the log");
            file.set_len(1 << 20).expect("its length");
        }
    }

    #[track_caller]
    fn make_zone(&self) {
        fs::create_dir(self.zone.path()).expect("a directory");
        self.describe("");
        self.zone.run(&["init"]).expect_code(0);
    }

    fn command(&self) -> Command {
        let mut command = zone_etcd(&self.arguments);
        command.arg("--zone").arg(self.zone.path());
        command
    }

    /// The command without one of its words.
    fn command_without(&self, word: &str) -> Command {
        let mut command = zone_etcd(self.arguments.iter().filter(|argument| *argument != word));
        command.arg("--zone").arg(self.zone.path());
        command
    }

    /// Starts the real member, and waits until it takes requests.
    #[track_caller]
    fn serve(&self) -> Running {
        let mut command = run_command(&self.zone, "node1", &[]);
        let mut member = Running::start(&mut command, self.zone.around(), "node1");
        member.wait_for_line(&["\"serving client traffic securely\""]);
        wait_for_quorum(&etcdctl(&self.zone, ENDPOINT));
        member
    }

    /// Interrupts the command at its steps. After each, the same command works, or it refuses, which `judge`
    /// sees, and works when what it says has been done. In the end every certificate is issued and in order.
    #[track_caller]
    fn run_all(&self, judge: impl Fn(&Outcome)) {
        self.for_each_step(|crash, when| {
            let mut again = outcome(&mut crash.command());
            judge(&again);
            // Each step that is asked for is taken once; one for each plane is the most.
            for _ in 0..2 {
                if again.code == 0 {
                    break;
                }
                assert!([64, 65, 66, 69, 73, 75, 77, 78].contains(&again.code), "{when}: {again:?}");
                assert!(again.stderr.contains("next: "), "{when}: {}", again.stderr);
                let Some(step) = again.stderr.split("interrupted: ").nth(1) else { break };
                outcome(Command::new("sh").arg("-c").arg(step)).expect_code(0);
                again = outcome(&mut crash.command());
            }
            assert!(again.code == 0 || !again.stderr.contains("interrupted: "), "{when}: {}", again.stderr);
            crash.zone.run(&["pki", "issue", "--all"]).expect_code(0);
            let checked = crash.zone.run(&["pki", "check"]);
            assert_eq!(checked.code, 0, "{when}: {}{}", checked.stdout, checked.stderr);
        });
    }

    #[track_caller]
    fn for_each_step(&self, after: impl Fn(&Self, &str)) {
        self.for_each_step_of(|picture| picture, after);
    }

    /// The same, for a command that gives some files another place.
    #[track_caller]
    fn for_each_step_of(&self, kept: impl Fn(Picture) -> Picture, after: impl Fn(&Self, &str)) {
        let original = self.zone.around().join("original");
        copy(&self.zone.path(), &original);
        let steps = steps_of(&self.command(), self.zone.around());
        let chosen = spread(&steps, if self.is_real() { REAL_KILLS } else { steps.len() });
        for step in &chosen {
            copy(&original, &self.zone.path());
            let before = Picture::of(&self.zone.path());
            let when = format!("{}, ended at {}", self.name, step.shown);
            assert!(kill_at(&self.command(), step), "{when}: it went on");
            before.assert_keys_kept(&self.zone.path(), &when);
            let before = kept(before);
            before.assert_kept(&self.zone.path(), &when);
            assert_sound(&self.zone.path(), &when);
            after(self, &when);
            Picture::of(&original).assert_keys_kept(&self.zone.path(), &when);
            let before = if self.is_real() { before.without_data() } else { before };
            before.assert_kept(&self.zone.path(), &when);
            assert_sound(&self.zone.path(), &when);
            assert_no_abandoned_keys(&self.zone.path(), &when);
        }
        println!("crash: {}: {} kills at {} steps", self.name, chosen.len(), steps.len());
    }
}

/// Puts a directory, or nothing, in the place of another.
#[track_caller]
fn copy(from: &std::path::Path, to: &std::path::Path) {
    if to.exists() {
        fs::remove_dir_all(to).expect("the old copy");
    }
    if from.exists() {
        outcome(Command::new("cp").arg("-a").arg(from).arg(to)).expect_code(0);
    }
}

/// As many steps as are asked for, evenly spread, the first and the last among them.
fn spread(steps: &[Step], at_most: usize) -> Vec<Step> {
    let wanted = std::env::var(KILLS).map_or(3, |text| text.parse().expect("a number of kills"));
    let wanted = at_most.min(wanted);
    if steps.len() <= wanted {
        return steps.to_vec();
    }
    (0..wanted).map(|index| steps[index * (steps.len() - 1) / (wanted - 1).max(1)].clone()).collect()
}

const ENDPOINT: &str = "https://127.0.0.1:2379";

#[track_caller]
fn put(zone: &TestZone, value: &str) {
    call(&etcdctl(zone, ENDPOINT), &["put", "kept", value]).expect_code(0);
}

#[track_caller]
fn get(zone: &TestZone) -> String {
    call(&etcdctl(zone, ENDPOINT), &["get", "kept", "--print-value-only"])
        .expect_code(0)
        .stdout
        .trim()
        .to_owned()
}
