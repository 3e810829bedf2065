//! The network parts in the middle of a change of the members: it ends without harm, and the same command
//! finishes it once the network is whole again.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, run_command};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_in_order};
use crate::harness::{Outcome, TestZone, outcome};

const MACHINES: [(&str, &str); 5] = [
    ("node1", "10.0.1.10"),
    ("node2", "10.0.1.11"),
    ("node3", "10.0.1.12"),
    ("node4", "10.0.1.13"),
    ("desk", "10.0.1.20"),
];
const ADDRESSES: [&str; 4] = ["10.0.1.10", "10.0.1.11", "10.0.1.12", "10.0.1.13"];
const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Three machines with members, one without, and that of the operator, who reaches all of them.
struct Machines {
    network: Network,
    zone: TestZone,
    members: Vec<Supervised>,
}

impl Machines {
    #[track_caller]
    fn start() -> Self {
        let network = Network::new(&MACHINES);
        let node =
            |(name, address): &(_, _)| format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\n");
        let nodes: String = MACHINES[..3].iter().map(node).collect();
        let etcd = "[etcd]\nheartbeat = \"10ms\"\nelection = \"100ms\"\n";
        let zone = TestZone::described(&format!("[zone]\nname = \"example.zone\"\n{nodes}{etcd}"));
        zone.run(&["init"]).expect_code(0);
        let members = supervise_in_order(&zone, &NODES, |node, command| network.on(node, &command));
        let machines = Self { network, zone, members };
        machines.wait_until_healthy();
        machines
    }

    #[track_caller]
    fn at_desk(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.network.on("desk", &self.zone.command(arguments)))
    }

    #[track_caller]
    fn wait_until_healthy(&self) {
        until("a healthy zone", || (self.at_desk(&["status"]).code == 0).then_some(()));
    }

    /// A command at the desk, until it waits for a node to be started.
    #[track_caller]
    fn until_start(&self, arguments: &[&str], node: &str) -> Running {
        let mut command = self.network.on("desk", &self.zone.command(arguments));
        let mut changing = Running::start(&mut command, self.zone.around(), "changing");
        changing.wait_for_line(&[node, "has to be started"]);
        changing
    }

    #[track_caller]
    fn run(&mut self, node: &str) {
        self.members.retain(|member| member.name != node);
        let run = self.network.on(node, &run_command(&self.zone, node, &[]));
        self.members.push(Supervised::start(run, self.zone.around().to_owned(), node));
    }

    /// Names and roles, of those that are on the list.
    #[track_caller]
    fn roles(&self) -> Vec<(String, String)> {
        let list: Value = serde_json::from_str(&self.at_desk(&["member", "list", "--format", "json"]).stdout)
            .expect("the list is JSON");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let members = list["members"].as_array().expect("members").iter();
        // One that answers and is not listed has no role.
        let listed = members.filter(|member| member["role"] != "-");
        listed.map(|member| (text(&member["name"]), text(&member["role"]))).collect()
    }

    #[track_caller]
    fn assert_voters(&self, names: &[&str]) {
        let roles = self.roles();
        let voters: Vec<&str> =
            roles.iter().filter(|(_, role)| role != "learner").map(|(name, _)| name.as_str()).collect();
        assert_eq!((voters.as_slice(), roles.len()), (names, names.len()), "{roles:?}");
    }

    #[track_caller]
    fn writer(&self) -> GoWriter {
        let endpoints = ADDRESSES[..3].iter().map(|address| format!("https://{address}:2379"));
        let endpoints: Vec<String> = endpoints.collect();
        GoWriter::start_with(&self.zone, &endpoints, "desk", &["-try", "100ms"], |command| {
            self.network.on("desk", &command)
        })
    }
}

/// etcd would promote it: three of the four would be there, and one more could not fail.
#[test]
fn a_voter_is_cut_off_while_another_comes() {
    isolated(|| {
        let mut machines = Machines::start();
        let writer = machines.writer();
        let add = ["member", "add", "--node", "node4=10.0.1.13"];
        let mut adding = machines.until_start(&add, "node4");
        machines.network.cut("node3", &ADDRESSES);
        machines.run("node4");
        let told = adding.outcome();
        assert!([69, 75].contains(&told.code), "{}", told.stderr);
        assert!(told.stderr.contains("node3"), "{}", told.stderr);
        let learner = ("node4".to_owned(), "learner".to_owned());
        assert!(machines.roles().contains(&learner), "{:?}", machines.roles());
        machines.network.heal("node3", &ADDRESSES);
        machines.wait_until_healthy();
        machines.at_desk(&add).expect_code(0);
        machines.assert_voters(&["node1", "node2", "node3", "node4"]);
        writer.finish_unharmed();
    });
}

/// It does not hear that it was removed, and runs on.
#[test]
fn long_a_member_that_is_removed_is_cut_off() {
    isolated(|| {
        let machines = Machines::start();
        let writer = machines.writer();
        machines.network.cut("node3", &ADDRESSES);
        let remove = ["member", "remove", "node3", "--yes", "--allow-no-tolerance"];
        let told = machines.at_desk(&remove).expect_code(75);
        assert!(told.stderr.contains("node3 was removed, and its process runs on"), "{}", told.stderr);
        machines.assert_voters(&["node1", "node2"]);
        assert!(machines.zone.file("nodes/node3/data/member").exists(), "the data of a process that runs");
        machines.network.heal("node3", &ADDRESSES);
        until("the end of its process", || machines.members[2].has_ended().then_some(()));
        machines.at_desk(&remove).expect_code(0);
        assert!(!machines.zone.file("nodes/node3/data").exists(), "it is aside");
        let text = std::fs::read_to_string(machines.zone.file("zone.toml")).expect("zone.toml");
        assert!(text.contains("member = false"), "{text}");
        writer.finish_unharmed();
    });
}

/// One is dead and removed, and of the two that are left each is alone.
#[test]
fn long_the_quorum_parts_while_a_dead_member_is_replaced() {
    isolated(|| {
        let mut machines = Machines::start();
        let writer = machines.writer();
        machines.members[1].end(Signal::SIGKILL);
        let replace = ["member", "replace", "node2", "--yes", "--no-snapshot"];
        let mut replacing = machines.until_start(&[&replace[..], &["--timeout", "2s"]].concat(), "node2");
        machines.network.cut("node3", &ADDRESSES);
        machines.run("node2");
        let told = replacing.outcome();
        assert!([69, 75].contains(&told.code), "{}", told.stderr);
        machines.network.heal("node3", &ADDRESSES);
        let first = machines.network.on("desk", &etcdctl(&machines.zone, "https://10.0.1.10:2379"));
        until("a quorum", || (call(&first, &["get", "nothing"]).code == 0).then_some(()));
        let mut command = machines.network.on("desk", &machines.zone.command(&replace));
        let mut again = Running::start(&mut command, machines.zone.around(), "again");
        until("the end of the replacement", || {
            // Its start may have waited in vain for those that were parted.
            let node2 = machines.members.iter().find(|member| member.name == "node2");
            if node2.is_none_or(Supervised::has_ended) {
                machines.run("node2");
            }
            (!again.is_alive()).then_some(())
        });
        again.outcome().expect_code(0);
        machines.assert_voters(&["node1", "node2", "node3"]);
        machines.wait_until_healthy();
        let told = writer.finish();
        assert_eq!(told["violations"], json!([]), "{told:#}");
    });
}
