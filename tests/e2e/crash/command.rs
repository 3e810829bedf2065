//! A command that is interrupted, on a zone that is put back for each time.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::invariants::{Picture, assert_no_abandoned_keys, assert_sound};
use super::strace::{Step, kill_at, steps_of};
use super::tally::Tally;
use crate::harness::members::loopback_text;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const KILLS: &str = "ZONE_ETCD_KILLS";

/// A start of etcd takes so much longer than one of the stand-in that not every step is taken.
const REAL_KILLS: usize = 24;

pub struct Crash {
    pub name: &'static str,
    pub zone: TestZone,
    pub arguments: Vec<String>,
    tally: RefCell<Tally>,
}

impl Crash {
    /// A command of the program, with a stand-in for etcd where it takes one.
    pub fn new(name: &'static str, arguments: &[&str]) -> Self {
        let mut crash = Self::with_etcd(name, arguments);
        if arguments[0] == "run" {
            crash.install_stand_in();
            crash.arguments.extend(["--etcd".to_owned(), crash.stand_in().display().to_string()]);
        }
        crash
    }

    /// The same with the bundled etcd.
    pub fn with_etcd(name: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Self { name, zone: TestZone::empty(), arguments, tally: RefCell::new(Tally::of(name)) }
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
    pub fn describe(&self, more: &str) {
        let text = loopback_text("example.zone", 3, "").replace("peer_port", &format!("{more}peer_port"));
        fs::write(self.zone.file("zone.toml"), text).expect("zone.toml");
    }

    /// The same for one node.
    pub fn describe_one(&self, more: &str) {
        let text = loopback_text("example.zone", 1, "").replace("peer_port", &format!("{more}peer_port"));
        fs::write(self.zone.file("zone.toml"), text).expect("zone.toml");
    }

    #[track_caller]
    pub fn make_zone(&self) {
        fs::create_dir(self.zone.path()).expect("a directory");
        self.describe("");
        self.zone.run(&["init"]).expect_code(0);
    }

    pub fn command(&self) -> Command {
        self.command_without("")
    }

    /// The command without one of its words.
    pub fn command_without(&self, word: &str) -> Command {
        let mut command = zone_etcd(self.arguments.iter().filter(|argument| *argument != word));
        // The one command here of a node that makes its keys.
        let is_on_node = self.arguments.iter().any(|argument| argument == "csr");
        command.arg(if is_on_node { "--node-dir" } else { "--zone" }).arg(self.zone.path());
        command
    }

    /// Adds an option with a file or directory.
    pub fn add(&mut self, option: &str, path: &Path) {
        self.arguments.extend([option.to_owned(), path.display().to_string()]);
    }

    /// A file around the zone that nobody else may read.
    pub fn private_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.zone.around().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
        path
    }

    /// Runs the command after it was interrupted.
    #[track_caller]
    pub fn again(&self) -> Outcome {
        let again = outcome(&mut self.command());
        self.tell_next(again.code);
        again
    }

    /// What the command did that was run after an interruption.
    pub fn tell_next(&self, did: impl ToString) {
        self.tally.borrow_mut().next(did);
    }

    /// Interrupts the command at its steps. After each, the same command works, or it refuses, which `judge`
    /// sees, and works when what it says has been done. In the end every certificate is issued and in order.
    #[track_caller]
    pub fn run_all(&self, judge: impl Fn(&Outcome)) {
        self.for_each_step(|crash, when| {
            let mut again = crash.again();
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
    pub fn for_each_step(&self, after: impl Fn(&Self, &str)) {
        self.for_each_step_of(|picture| picture, after);
    }

    /// The same, for a command that gives some files another place.
    #[track_caller]
    pub fn for_each_step_of(&self, kept: impl Fn(Picture) -> Picture, after: impl Fn(&Self, &str)) {
        let original = self.zone.around().join("original");
        copy(&self.zone.path(), &original);
        let steps = steps_of(&self.command(), self.zone.around());
        self.tally.borrow_mut().found(steps.len());
        for step in spread(&steps, if self.is_real() { REAL_KILLS } else { steps.len() }) {
            copy(&original, &self.zone.path());
            let before = Picture::of(&self.zone.path());
            let when = format!("{}, ended at {}", self.name, step.shown);
            assert!(kill_at(&self.command(), &step), "{when}: it went on");
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
        self.tally.borrow().tell();
    }
}

/// Puts a directory, or nothing, in the place of another.
#[track_caller]
pub fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).expect("the old copy");
    }
    if from.exists() {
        outcome(Command::new("cp").arg("-a").arg(from).arg(to)).expect_code(0);
    }
}

/// As many steps as are asked for, evenly spread, the first and the last among them.
pub fn spread(steps: &[Step], at_most: usize) -> Vec<Step> {
    let wanted = std::env::var(KILLS).map_or(3, |text| text.parse().expect("a number of kills"));
    let wanted = at_most.min(wanted);
    if steps.len() <= wanted {
        return steps.to_vec();
    }
    (0..wanted).map(|index| steps[index * (steps.len() - 1) / (wanted - 1).max(1)].clone()).collect()
}
