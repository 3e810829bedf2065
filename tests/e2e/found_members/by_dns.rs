//! Members by SRV records: beside bare members by `--discovery-srv`, and refused where etcd passes something
//! over.

use std::fs;
use std::path::Path;

use super::Machines;
use crate::discovered::{dnsmasq, knot};
use crate::harness::TestZone;
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, listed};
use crate::harness::name_server::NameServer;
use crate::harness::processes::Running;

const NAME_SERVER: &str = "10.0.1.1";
const SETTINGS: &str = "[discovery]\nsrv = \"example.zone\"\nsize = 3\n";

fn srv(service: &str, target: &str, port: u16) -> String {
    format!("{service}._tcp.example.zone. 300 IN SRV 0 0 {port} {target}.\n")
}

fn address(name: &str, address: &str) -> String {
    format!("{name}. 300 IN A {address}\n")
}

/// What the zone needs.
fn records() -> String {
    let of = |(name, ip): &(&str, &str)| {
        let full = format!("{name}.example.zone");
        let service = |service, port| srv(service, &full, port);
        service("_etcd-server-ssl", 2380) + &service("_etcd-client-ssl", 2379) + &address(&full, ip)
    };
    INFRA.iter().map(of).collect()
}

fn machines() -> Machines {
    let machines = Machines::new(&INFRA);
    machines.network.ask_name_server_at(NAME_SERVER, machines.around());
    INFRA.iter().for_each(|(name, _)| machines.boot_config(name, SETTINGS));
    machines
}

fn serve(records: &str) -> NameServer {
    NameServer::start_at(&format!("{NAME_SERVER}:53"), records)
}

/// Two that this program starts and one that etcd's own discovery starts are one cluster. Later the records
/// of services do not matter, not even if they are gone.
fn founds(version: &str) {
    let machines = machines();
    let server = serve(&records());
    // The third is no member to wait for: it says nothing of itself before it runs.
    let without = ["--found-without", "infra2"];
    let mut members: Vec<Running> =
        ["infra0", "infra1"].iter().map(|name| machines.run_with(name, version, &without)).collect();
    machines.wait_for_all(&["infra0", "infra1"]);
    // The token of a cluster with certificates that were made elsewhere follows from their CA.
    let plan = machines.plan("infra0", version).expect_code(0).stdout;
    let token = plan.split_whitespace().find(|word| word.starts_with("example.zone-")).expect("a token");
    let flags = [
        "--discovery-srv=example.zone".to_owned(),
        "--initial-advertise-peer-urls=https://infra2.example.zone:2380".to_owned(),
        format!("--initial-cluster-token={token}"),
    ];
    members.push(machines.bare("infra2", version, &flags));
    machines.wait_for_all(&["infra0", "infra1", "infra2"]);
    let ids: Vec<String> = listed(&machines.client("infra0")).into_iter().map(|(_, id, _)| id).collect();
    for id in &ids {
        assert!(plan.contains(id), "{id} is not planned:\n{plan}");
    }
    let kept = fs::read_to_string(machines.directory("infra0").join("member-list.json")).expect("the list");
    assert!(kept.contains("_etcd-server-ssl._tcp.example.zone"), "{kept}");

    drop(server);
    let hosts: String =
        records().lines().filter(|line| !line.contains("SRV")).map(|line| format!("{line}\n")).collect();
    let server = serve(&hosts);
    call(&machines.client("infra0"), &["put", "written", "before"]).expect_code(0);
    drop(members.remove(0));
    members.push(machines.run("infra0", version));
    machines.wait_for_all(&["infra0"]);
    let read = call(&machines.client("infra0"), &["get", "written", "--print-value-only"]).expect_code(0);
    assert_eq!(read.stdout.trim(), "before");
    // Every other command knows the members by the list that was kept.
    machines.plan("infra0", version).expect_code(0);

    // One that has lost all but its config finds the records, and is no member by them.
    drop(members.pop());
    fs::remove_dir_all(machines.directory("infra0").join("data")).expect("data that is lost");
    for lost in ["state.json", "high-water.json", "member-list.json"] {
        fs::remove_file(machines.directory("infra0").join(lost)).expect("what is lost with it");
    }
    machines.call("infra0", "plan").expect_code(69).expect_error_with(&["has 0 records"]);
    drop(server);
    let _server = serve(&records());
    machines.call("infra0", "run").expect_code(65).expect_error_with(&["has run, and its data is not here"]);
}

#[test]
fn members_beside_one_of_etcds_own_discovery_on_3_7() {
    isolated(|| founds("3.7.3"));
}

#[test]
fn members_beside_one_of_etcds_own_discovery_on_3_5() {
    isolated(|| founds("3.5.35"));
}

/// By the name servers that others run, with what `dns export` prints for them.
#[track_caller]
fn found_by(format: &str, serve: impl FnOnce(&Path, &str) -> Running) {
    let machines = machines();
    let nodes = INFRA.map(|(name, address)| format!("{name}={address}"));
    let zone = TestZone::init("example.zone", &nodes.each_ref().map(String::as_str));
    let records = zone.run(&["dns", "export", "--format", format]).expect_code(0).stdout;
    let _server = serve(machines.around(), &records);
    let _members: Vec<Running> = INFRA.iter().map(|(name, _)| machines.run(name, "3.7.3")).collect();
    machines.wait_for_all(&["infra0", "infra1", "infra2"]);
}

#[test]
fn three_find_each_other_by_knot() {
    isolated(|| found_by("zone", |directory, records| knot(directory, "example.zone", records)));
}

#[test]
fn three_find_each_other_by_dnsmasq() {
    isolated(|| found_by("dnsmasq", dnsmasq));
}

/// Targets that are addresses, and a node that is known by its address alone.
#[test]
fn targets_of_another_domain_and_addresses() {
    isolated(|| {
        let machines = machines();
        let of = |(number, (_, ip)): (usize, &(&str, &str))| match number {
            0 => srv("_etcd-server-ssl", ip, 2380),
            number => {
                let name = format!("etcd-{number}.example.net");
                srv("_etcd-server-ssl", &name, 2380) + &address(&name, ip)
            }
        };
        let records: String = INFRA.iter().enumerate().map(of).collect();
        let _server = serve(&records);
        for (number, (name, ip)) in INFRA.iter().enumerate() {
            let more = if number == 0 { String::new() } else { format!(",DNS:etcd-{number}.example.net") };
            machines.made.leaf(name, "ca", &format!("DNS:{name}.example.zone,IP:{ip},IP:127.0.0.1{more}"));
        }
        let _members: Vec<Running> = INFRA.iter().map(|(name, _)| machines.run(name, "3.7.3")).collect();
        machines.wait_for_all(&["infra0", "infra1", "infra2"]);
        let mut names: Vec<String> =
            listed(&machines.client("infra0")).into_iter().map(|(name, ..)| name).collect();
        names.sort();
        assert_eq!(names, ["10-0-1-10", "etcd-1-example-net", "etcd-2-example-net"]);
    });
}

/// What etcd passes over, or takes as it comes.
#[test]
fn records_that_would_found_another_cluster() {
    isolated(|| {
        let machines = machines();
        let all = records();
        let without = |what: &str| -> String {
            all.lines().filter(|line| !line.contains(what)).map(|line| format!("{line}\n")).collect()
        };
        let third = "infra2.example.zone";
        let cases: [(String, i32, &[&str]); 8] = [
            (without(third), 69, &["has 2 records, and `size` is 3"]),
            (
                all.clone()
                    + &srv("_etcd-server-ssl", "infra3.example.zone", 2380)
                    + &address("infra3.example.zone", "10.0.1.13"),
                65,
                &["has 4 records, and `size` is 3"],
            ),
            (without("IN A 10.0.1.12"), 69, &["infra2.example.zone has no address"]),
            (
                all.clone() + &srv("_etcd-server", "infra2.example.zone", 2380),
                65,
                &["_etcd-server._tcp.example.zone has a record for infra2.example.zone:2380, without TLS"],
            ),
            (
                without("IN A 10.0.1.12") + &address(third, "10.0.1.11"),
                65,
                &["infra1.example.zone and infra2.example.zone have one address, 10.0.1.11"],
            ),
            (
                all.replace("infra0.example.zone", "infra9.example.zone").replace("10.0.1.10", "10.0.1.99"),
                65,
                &["no record is that of infra0.example.zone"],
            ),
            (all.replace("2380 infra2", "2380 Infra2"), 65, &["Infra2.example.zone has capital letters"]),
            (String::new(), 69, &["has 0 records, and `size` is 3"]),
        ];
        for (records, code, errors) in cases {
            let _server = serve(&records);
            for command in ["plan", "run"] {
                machines.call("infra0", command).expect_code(code).expect_error_with(errors);
            }
        }
        machines
            .call("infra0", "plan")
            .expect_code(69)
            .expect_error_with(&["no name server tells the members of the zone", NAME_SERVER]);
        assert!(!machines.directory("infra0").join("member-list.json").exists(), "nothing was accepted");
        machines.boot_config("infra0", "");
        machines.call("infra0", "plan").expect_code(66).expect_error_with(&["has no list of members"]);
        machines.boot_config("infra0", "[discovery]\nsrv = \"example.zone\"\ntoken = \"t\"\nsise = 3\n");
        machines
            .call("infra0", "plan")
            .expect_code(78)
            .expect_error_with(&["`srv` and `token`", "did you mean `size`"]);
    });
}
