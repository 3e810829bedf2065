//! etcd itself, which discovers its members by the records that `dns export` prints.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, plan, wait_for_quorum, wait_until_serving,
};
use crate::harness::name_server::NameServer;
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle};

const MACHINES: [(&str, &str); 3] =
    [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const NAME_SERVER: &str = "10.0.1.1";

#[test]
fn members_that_discover_each_other_have_the_planned_ids() {
    isolated(|| {
        let network = Network::new(&MACHINES);
        let zone =
            TestZone::init("example.com", &["infra0=10.0.1.10", "infra1=10.0.1.11", "infra2=10.0.1.12"]);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let records = zone.run(&["dns", "export"]).expect_code(0).stdout;
        network.ask_name_server_at(NAME_SERVER, zone.around());
        let _server = NameServer::start_at(&format!("{NAME_SERVER}:53"), &records);
        zone.run(&["dns", "check"]).expect_code(0);

        let commands: Vec<(&str, Command)> =
            MACHINES.iter().map(|(machine, _)| (*machine, discovering(&zone, machine))).collect();
        let planned = plan_by_names(&zone);
        let start = |(machine, etcd): &(&str, Command)| {
            Running::start(&mut network.on(machine, etcd), zone.around(), machine)
        };
        let mut members: Vec<Running> = commands.iter().map(start).collect();
        wait_until_serving(&mut members);
        let client = network.on("infra0", &etcdctl(&zone, "https://infra1.example.com:2379"));
        wait_for_quorum(&client);
        assert_ids_as_planned(&client, &planned);

        // A client that knows nothing but the domain.
        let mut client = etcdctl(&zone, "");
        client.env_remove("ETCDCTL_ENDPOINTS").args(["--discovery-srv", "example.com"]);
        let client = network.on("infra2", &client);
        call(&client, &["put", "written", "by name"]).expect_code(0);
    });
}

/// The etcd that `run` would start, but that it is told the domain and not the members.
fn discovering(zone: &TestZone, node: &str) -> Command {
    let planned = zone.run(&["plan", "--node", node, "--format", "argv"]).expect_code(0).stdout;
    let mut command = Command::new(bundle("3.7.3").join("etcd"));
    let is_list =
        |flag: &&str| flag.starts_with("--initial-cluster=") || flag.starts_with("--initial-cluster-state");
    let flags: Vec<&str> = planned.lines().skip(1).filter(|flag| !is_list(flag)).collect();
    assert_eq!(flags.len() + 3, planned.lines().count(), "{planned}");
    command.args(flags).arg("--discovery-srv=example.com");
    command
}

/// The ids for the URLs that the records stand for: those of nodes that are dialled by their names.
fn plan_by_names(zone: &TestZone) -> Value {
    let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let by_names: String =
        text.lines().filter(|line| !line.starts_with("address")).map(|line| format!("{line}\n")).collect();
    assert_ne!(by_names, text);
    fs::write(zone.file("zone.toml"), by_names).expect("zone.toml");
    plan(zone, "infra0")
}
