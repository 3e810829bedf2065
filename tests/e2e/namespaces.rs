//! Three machines on one network, each with a node, and one zone directory that all of them see.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, plan, process_lines, start_together, wait_for_quorum,
    wait_until_serving,
};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;

const NODES: [&str; 3] = ["infra0", "infra1", "infra2"];
const IPV4: [(&str, &str); 3] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const IPV6: [(&str, &str); 3] = [("infra0", "fd00::10"), ("infra1", "fd00::11"), ("infra2", "fd00::12")];

#[test]
fn members_at_ipv4_addresses_form_a_cluster() {
    isolated(|| {
        let network = Network::new(&IPV4);
        let zone = zone_at_addresses();
        let _members = start(&zone, &network);
        assert_forms(&zone, &network, ["10.0.1.10", "10.0.1.11", "10.0.1.12"]);
    });
}

#[test]
fn members_at_ipv6_addresses_form_a_cluster() {
    isolated(|| {
        let network = Network::new(&IPV6);
        let nodes = ["infra0=[fd00::10]", "infra1=[fd00::11]", "infra2=[fd00::12]"];
        let zone = TestZone::init("example.com", &nodes);
        let _members = start(&zone, &network);
        assert_forms(&zone, &network, ["[fd00::10]", "[fd00::11]", "[fd00::12]"]);
    });
}

/// Nodes without an address are dialled by their names, and etcd finds the name of who dials from the source
/// address.
#[test]
fn members_at_host_names_form_a_cluster() {
    isolated(|| {
        let network = Network::new(&IPV4);
        let zone = TestZone::described(
            "[zone]\nname = \"example.com\"\n[[node]]\nname = \"infra0\"\n[[node]]\nname = \"infra1\"\n\
             [[node]]\nname = \"infra2\"\n",
        );
        zone.run(&["init"]).expect_code(0);
        let names = ["infra0.example.com", "infra1.example.com", "infra2.example.com"];
        let hosts: Vec<(&str, &str)> =
            IPV4.iter().zip(names).map(|((_, address), name)| (*address, name)).collect();
        network.name_hosts(zone.around(), &hosts);
        let _members = start(&zone, &network);
        assert_forms(&zone, &network, names);
    });
}

#[test]
fn run_becomes_etcd_with_exactly_the_planned_arguments() {
    isolated(|| {
        let network = Network::new(&IPV4);
        let zone = zone_at_addresses();
        let planned = zone.run(&["plan", "--node", "infra0", "--format", "argv"]).expect_code(0).stdout;
        let mut members = start_with_foreign_settings(&zone, &network);
        let member = &mut members[0];
        let pid = member.pid();
        member.wait_for_line(&["\"starting an etcd server\""]);

        let executable = fs::read_link(format!("/proc/{pid}/exe")).expect("the process runs");
        assert!(executable.ends_with("etcd"), "{pid} is {}", executable.display());
        assert_eq!(process_lines(pid, "cmdline"), planned.lines().collect::<Vec<_>>());

        let environment = process_lines(pid, "environ");
        assert!(environment.contains(&"UNRELATED=stays".to_owned()));
        let foreign: Vec<&String> = environment
            .iter()
            .filter(|setting| {
                setting.starts_with("ETCD_") || setting.contains("PROXY") || setting.contains("proxy")
            })
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    });
}

/// Any user of the machine can read the command line, and programs that etcd would start could read the
/// environment.
#[test]
fn no_key_is_visible_in_the_process_table() {
    isolated(|| {
        let network = Network::new(&IPV4);
        let zone = zone_at_addresses();
        let mut members = start_with_foreign_settings(&zone, &network);
        let member = &mut members[0];
        member.wait_for_line(&["\"starting an etcd server\""]);
        let visible = [process_lines(member.pid(), "cmdline"), process_lines(member.pid(), "environ")]
            .concat()
            .join("\n");
        let keys = key_lines(&zone.path());
        assert!(keys.len() > 10, "found the keys of the zone");
        for line in keys.iter().map(String::as_str).chain(["PRIVATE KEY"]) {
            assert!(!visible.contains(line), "key material in the process table");
        }
    });
}

#[test]
fn members_resume_with_their_data() {
    isolated(|| {
        let network = Network::new(&IPV4);
        let zone = zone_at_addresses();
        let mut members = start(&zone, &network);
        let first = client(&zone, &network, "infra0", "10.0.1.10");
        wait_for_quorum(&first);
        let before = plan(&zone, "infra0");
        call(&first, &["put", "kept", "over restarts"]).expect_code(0);
        for member in &mut members {
            member.stop();
        }

        let resumed = plan(&zone, "infra0");
        assert_eq!(
            (resumed["decision"].as_str(), before["decision"].as_str()),
            (Some("resume"), Some("resume"))
        );
        let _members = start(&zone, &network);
        let last = client(&zone, &network, "infra2", "10.0.1.12");
        wait_for_quorum(&last);
        assert_eq!(
            call(&last, &["get", "kept", "--print-value-only"]).expect_code(0).stdout.trim(),
            "over restarts"
        );
        assert_ids_as_planned(&last, &before);
    });
}

fn zone_at_addresses() -> TestZone {
    TestZone::init("example.com", &["infra0=10.0.1.10", "infra1=10.0.1.11", "infra2=10.0.1.12"])
}

fn start(zone: &TestZone, network: &Network) -> Vec<Running> {
    let mut members = start_together(zone, &NODES, |node, command| network.on(node, &command));
    wait_until_serving(&mut members);
    members
}

/// The members, the first of them started from a shell that is set up for another etcd.
fn start_with_foreign_settings(zone: &TestZone, network: &Network) -> Vec<Running> {
    start_together(zone, &NODES, |node, command| {
        let mut command = network.on(node, &command);
        if node == "infra0" {
            command
                .env("ETCD_NAME", "other")
                .env("ETCD_DATA_DIR", "/nonexistent")
                .env("ETCD_UNSUPPORTED_ARCH", "arm64");
            command.env("UNRELATED", "stays").env("https_proxy", "http://127.0.0.1:1");
            command.env("NO_PROXY", "none");
        }
        command
    })
}

/// etcdctl on a machine, for the member there.
fn client(zone: &TestZone, network: &Network, machine: &str, host: &str) -> Command {
    network.on(machine, &etcdctl(zone, &format!("https://{host}:2379")))
}

/// What one member takes, every other one gives; the ids are those of the plan.
#[track_caller]
fn assert_forms(zone: &TestZone, network: &Network, hosts: [&str; 3]) {
    let clients: Vec<Command> =
        NODES.iter().zip(hosts).map(|(machine, host)| client(zone, network, machine, host)).collect();
    clients.iter().for_each(wait_for_quorum);
    call(&clients[0], &["put", "written", "on infra0"]).expect_code(0);
    for client in &clients {
        assert_eq!(
            call(client, &["get", "written", "--print-value-only"]).expect_code(0).stdout.trim(),
            "on infra0"
        );
        assert_ids_as_planned(client, &plan(zone, "infra1"));
    }
    let through_ctl = network.on("infra1", &crate::harness::zone_etcd(["ctl", "--zone"]));
    let zone_path = zone.path();
    let arguments = [zone_path.to_str().expect("UTF-8"), "--", "endpoint", "health"];
    let health = call(&through_ctl, &arguments).expect_code(0);
    assert_eq!(format!("{}{}", health.stdout, health.stderr).matches("is healthy").count(), 3);
}

/// The lines of every private key below a directory.
fn key_lines(directory: &Path) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            lines.extend(key_lines(&path));
        } else if path.extension().is_some_and(|extension| extension == "key") {
            let text = fs::read_to_string(&path).expect("a key in PEM");
            lines.extend(text.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned));
        }
    }
    lines
}
