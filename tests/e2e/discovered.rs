//! etcd itself, which discovers its members by the records that `dns export` prints, as name servers of
//! others read them.

use std::any::Any;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, plan, wait_for_quorum, wait_until_serving,
};
use crate::harness::name_server::NameServer;
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle, debian};

const MACHINES: [(&str, &str); 3] =
    [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const NAME_SERVER: &str = "10.0.1.1";

#[test]
fn members_that_discover_each_other_have_the_planned_ids() {
    isolated(|| {
        founds_a_cluster("zone", |_, records| {
            Box::new(NameServer::start_at(&format!("{NAME_SERVER}:53"), records))
        });
    });
}

/// Knot DNS, which refuses a zone file with anything in it that it cannot read.
#[test]
fn knot_reads_the_zone_file() {
    isolated(|| {
        founds_a_cluster("zone", |zone, records| Box::new(knot(zone.around(), "example.com", records)))
    });
}

#[test]
fn dnsmasq_reads_its_lines() {
    isolated(|| founds_a_cluster("dnsmasq", |zone, records| Box::new(dnsmasq(zone.around(), records))));
}

/// Three bare members found a cluster by the records that `dns export` prints in a format, served by `serve`.
#[track_caller]
fn founds_a_cluster(format: &str, serve: impl FnOnce(&TestZone, &str) -> Box<dyn Any>) {
    let network = Network::new(&MACHINES);
    let zone = TestZone::init("example.com", &["infra0=10.0.1.10", "infra1=10.0.1.11", "infra2=10.0.1.12"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let records = zone.run(&["dns", "export", "--format", format]).expect_code(0).stdout;
    network.ask_name_server_at(NAME_SERVER, zone.around());
    let _server = serve(&zone, &records);
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
}

/// The records as they are printed, below what every zone file begins with.
#[track_caller]
pub fn knot(directory: &Path, domain: &str, records: &str) -> Running {
    let (file, config) = (directory.join(format!("{domain}.zone")), directory.join("knot.conf"));
    let head = format!(
        "{domain}. 300 IN SOA ns.{domain}. hostmaster.{domain}. 1 3600 600 86400 300\n\
         {domain}. 300 IN NS ns.{domain}.\nns.{domain}. 300 IN A {NAME_SERVER}\n"
    );
    fs::write(&file, head + records).expect("a zone file");
    let place = directory.display();
    let text = format!(
        "server:\n    listen: {NAME_SERVER}@53\n    rundir: {place}\ndatabase:\n    storage: {place}\n\
         log:\n  - target: stderr\n    any: info\n\
         zone:\n  - domain: {domain}\n    file: {}\n    semantic-checks: on\n",
        file.display()
    );
    fs::write(&config, text).expect("a configuration");
    let mut server = debian::command("name-servers", "usr/sbin/knotd");
    let mut server = Running::start(server.arg("--config").arg(config), directory, "knot");
    server.wait_for_line(&[&format!("[{domain}.] loaded, serial")]);
    server
}

/// The lines as they are printed, and nothing else but where it listens.
#[track_caller]
pub fn dnsmasq(directory: &Path, lines: &str) -> Running {
    let config = directory.join("etcd.conf");
    fs::write(&config, lines).expect("a configuration");
    let mut server = debian::command("name-servers", "usr/sbin/dnsmasq");
    server.args(["--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts", "--user=root"]);
    server.args(["--bind-interfaces", "--pid-file", &format!("--listen-address={NAME_SERVER}")]);
    server.arg(format!("--conf-file={}", config.display()));
    let mut server = Running::start(&mut server, directory, "dnsmasq");
    server.wait_for_line(&["started, version"]);
    server
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
