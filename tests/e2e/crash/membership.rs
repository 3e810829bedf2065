//! Changes of the members: whenever they end, the same command goes on, and the member list, zone.toml and
//! the data are what they were to be.
//!
//! The members run on meanwhile: each change is taken back by its opposite.

use std::process::Command;
use std::time::Instant;

use nix::sys::signal::Signal;

use super::invariants::assert_no_abandoned_keys;
use super::live_steps::{LIVE_CALLS, live_steps};
use super::strace::{Step, killing, tracing};
use super::tally::Tally;
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, run_command};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const ENDPOINTS: [&str; 3] = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];
#[test]
fn a_member_comes_and_goes() {
    isolated(|| {
        let mut zone = Changing::start();
        let writer = GoWriter::start(&zone.zone, &ENDPOINTS);
        let add = zone.zone.command(&["member", "add", "--node", "node4=127.0.0.1:2410:2409"]);
        let remove = zone.zone.command(&["member", "remove", "node4", "--yes"]);
        let ways = [("member add", &add, 4), ("member remove", &remove, 3)];
        let mut tallies = ways.map(|(name, ..)| Tally::of(name));
        let mut steps = Vec::new();
        for ((_, command, _), tally) in ways.iter().zip(&mut tallies) {
            steps.push(zone.steps_of(command, "node4", tally));
        }
        for number in 0..steps[0].len().max(steps[1].len()) {
            for (((name, command, members), steps), tally) in ways.iter().zip(&steps).zip(&mut tallies) {
                zone.kill_and_go_on(name, command, steps.get(number), "node4", *members, tally);
            }
        }
        tallies.iter().for_each(Tally::tell);
        writer.finish_unharmed();
    });
}

#[test]
fn long_a_dead_member_is_replaced() {
    isolated(|| {
        let mut zone = Changing::start();
        let writer = GoWriter::start(&zone.zone, &ENDPOINTS);
        let replace = zone.zone.command(&["member", "replace", "node3", "--yes", "--no-snapshot"]);
        zone.kill_node3();
        let mut tally = Tally::of("member replace");
        let steps = zone.steps_of(&replace, "node3", &mut tally);
        for step in &steps {
            zone.kill_node3();
            let before = zone.id_of("node3");
            zone.kill_and_go_on("member replace", &replace, Some(step), "node3", 3, &mut tally);
            assert_ne!(before, zone.id_of("node3"), "ended at {step:?}: it is the same member");
        }
        tally.tell();
        writer.finish_unharmed();
    });
}

/// A zone whose members run all the while.
struct Changing {
    zone: TestZone,
    members: Vec<Supervised>,
}

impl Changing {
    #[track_caller]
    fn start() -> Self {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &NODES);
        Self { zone, members }
    }

    /// The steps that are taken, of a command that is traced to its end.
    #[track_caller]
    fn steps_of(&mut self, command: &Command, node: &str, tally: &mut Tally) -> Vec<Step> {
        let trace = self.zone.around().join("trace");
        self.run(tracing(command, LIVE_CALLS, &trace, &[]), node).expect_code(0);
        live_steps(&trace, tally)
    }

    /// Runs a command to its end, and starts the member of a node when it is asked for.
    #[track_caller]
    fn run(&mut self, mut command: Command, node: &str) -> Outcome {
        let mut running = Running::start(&mut command, self.zone.around(), "changing");
        until("the end of the change", || {
            let ended = !running.is_alive();
            if running.stderr().contains(&format!("{node} has to be started")) {
                self.start_again(node);
            }
            ended.then_some(())
        });
        running.outcome()
    }

    fn start_again(&mut self, node: &str) {
        if self.members.iter().any(|member| member.name == node && !member.has_ended()) {
            return;
        }
        self.members.retain(|member| member.name != node);
        let run = run_command(&self.zone, node, &[]);
        self.members.push(Supervised::start(run, self.zone.around().to_owned(), node));
    }

    /// Ends the command at a step, if it is to be, and runs it once more.
    #[track_caller]
    fn kill_and_go_on(
        &mut self,
        name: &str,
        command: &Command,
        step: Option<&Step>,
        node: &str,
        members: usize,
        tally: &mut Tally,
    ) {
        let when = format!("{name}, ended at {}", step.map_or("no step", |step| &step.shown));
        let mut was_ended = false;
        if let Some(step) = step {
            // It may have fewer calls than the time before, and then it was not ended.
            let outcome = self.run(killing(command, step), node);
            assert!(matches!(outcome.code, -1 | 0), "{when}: {}", outcome.stderr);
            was_ended = outcome.code == -1;
        }
        let begun = Instant::now();
        let again = self.run(crate::harness::members::again(command, &[]), node);
        if was_ended {
            tally.next(again.code);
        }
        // A replacement that had come to its end is seen by its member alone, which no second one replaces.
        let is_done = name == "member replace" && again.stderr.contains("its member answers");
        assert!(again.code == 0 || is_done, "{when}, after {:?}: {}", begun.elapsed(), again.stderr);
        self.assert_as_wanted(members, &when);
        assert_no_abandoned_keys(&self.zone.path(), &when);
    }

    #[track_caller]
    fn list(&self) -> serde_json::Value {
        let told = self.zone.run(&["member", "list", "--format", "json"]).expect_code(0);
        serde_json::from_str(&told.stdout).expect("JSON")
    }

    /// The list has so many voters and nobody else, and zone.toml says the same.
    #[track_caller]
    fn assert_as_wanted(&self, count: usize, when: &str) {
        let list = self.list();
        let members = list["members"].as_array().expect("members");
        let votes = |member: &&serde_json::Value| member["state"] == "up" && member["is_learner"] == false;
        let is_wanted = members.len() == count && members.iter().filter(votes).count() == count;
        assert!(is_wanted && list["differences"] == serde_json::json!([]), "{when}: {list:#}");
    }

    #[track_caller]
    fn id_of(&self, node: &str) -> String {
        let list = self.list();
        let mut members = list["members"].as_array().expect("members").iter();
        let member = members.find(|member| member["name"] == node).expect("a member");
        member["id"].as_str().expect("an id").to_owned()
    }

    #[track_caller]
    fn kill_node3(&mut self) {
        let node3 = self.members.iter_mut().find(|member| member.name == "node3");
        node3.expect("a member").end(Signal::SIGKILL);
    }
}
