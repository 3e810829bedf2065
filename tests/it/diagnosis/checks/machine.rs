//! The machine and the node directory.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::{checked, failed, findings, found};
use crate::harness::{TestZone, outcome, program};
use crate::support::three_members_issued;

fn port(zone: &TestZone, key: &str) -> u16 {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).expect("the key");
    line.parse().expect("a port")
}

#[test]
fn data_directory() {
    let zone = three_members_issued();
    let data = zone.file("nodes/node1/data");
    std::fs::create_dir(&data).expect("a directory");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).expect("a mode");
    let findings = checked(&zone, 77);
    let finding = found(&findings, "data-directory", "failed", "its mode is 0755");
    let remedy = finding["remedy"].as_str().expect("a remedy");
    outcome(Command::new("sh").args(["-c", remedy])).expect_code(0);
    found(&checked(&zone, 69), "data-directory", "passed", "mode 0700");
    std::fs::remove_dir(&data).expect("removed");
    std::fs::write(&data, "").expect("a file");
    found(&checked(&zone, 65), "data-directory", "failed", "it is not a directory");
}

#[test]
fn state_file() {
    let zone = three_members_issued();
    let state = zone.file("nodes/node1/state.json");
    std::fs::write(&state, "{\"format\": 1, \"zo").expect("written");
    found(&checked(&zone, 65), "state-file", "failed", "is damaged");
    std::fs::write(&state, "{\"format\": 99}").expect("written");
    found(&checked(&zone, 65), "state-file", "failed", "has format 99");
}

/// `check` says what `run` would say, and does not advise what the refusal warns of.
#[test]
fn start() {
    let zone = three_members_issued();
    found(&checked(&zone, 69), "start", "passed", "it bootstraps the cluster with the others");
    std::fs::rename(zone.file("nodes/node1"), zone.file("lost")).expect("the directory is lost");
    let findings = checked(&zone, 65);
    let finding = found(&findings, "start", "failed", "it may have lost its votes");
    assert!(
        finding["remedy"].as_str().is_some_and(|remedy| remedy.contains("member replace node1")),
        "{finding}"
    );
    let advises_to_issue = |finding: &serde_json::Value| finding["check"] == "certificate-files";
    assert!(!findings.iter().any(advises_to_issue), "{findings:?}");
}

/// A process that looks as an etcd does, and a lock such as etcd holds on its database.
#[test]
fn one_etcd() {
    let zone = three_members_issued();
    let data = zone.file("nodes/node1/data");
    let mut other = Command::new("sh")
        .args(["-c", "read line", "etcd", &format!("--data-dir={}", data.display())])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a process");
    let findings = checked(&zone, 65);
    // Dropping its input ends it.
    drop(other.stdin.take());
    other.wait().expect("it ends");
    let finding = found(&findings, "one-etcd", "failed", "was not started by zone-etcd");
    assert!(finding["found"].as_str().expect("a text").contains(&format!("(process {})", other.id())));

    let snap = data.join("member/snap");
    std::fs::create_dir_all(&snap).expect("a directory");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).expect("a mode");
    let database = std::fs::File::create(snap.join("db")).expect("a file");
    // What is there is no data of a member, which is another check's finding.
    found(&checked(&zone, 65), "one-etcd", "passed", "no etcd uses it now");
    database.lock().expect("the lock");
    let own = format!("(process {})", std::process::id());
    found(&checked(&zone, 65), "one-etcd", "failed", &own);
}

#[test]
fn listeners() {
    let zone = three_members_issued();
    let taken = TcpListener::bind(("127.0.0.1", port(&zone, "client_port"))).expect("the port is free");
    let findings = checked(&zone, 75);
    let own = format!("(process {})", std::process::id());
    let finding = found(&findings, "listeners", "failed", &own);
    assert!(finding["remedy"].as_str().expect("a remedy").contains("or give node1 other ports"));
    drop(taken);

    // 192.0.2.0/24 is for documentation (RFC 5737); no machine has it.
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    std::fs::write(zone.file("zone.toml"), text.replace("127.0.0.1", "192.0.2.1")).expect("written");
    found(&checked(&zone, 78), "listeners", "failed", "192.0.2.1 is not an address of this machine");
}

/// `.invalid` leads nowhere (RFC 6761).
#[test]
fn host_names() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.invalid\"\n[[node]]\nname = \"node1\"\n[[node]]\nname = \"node2\"\n",
    );
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let findings = checked(&zone, 65);
    found(&findings, "host-names", "failed", "it does not resolve");
    found(&findings, "peer-reachable", "unreachable", "node2.example.invalid");
    assert_eq!(failed(&findings), ["host-names"]);
}

#[test]
fn open_files() {
    let zone = three_members_issued();
    let check = |limit: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")]).arg(program());
        command.args(["check", "--node", "node1", "--format", "json", "--zone"]).arg(zone.path());
        outcome(&mut command)
    };
    let few = findings(&check("100").expect_code(65).stdout);
    found(&few, "open-files", "failed", "100, and etcd keeps 150 for itself");
    let some = findings(&check("1000").expect_code(69).stdout);
    found(&some, "open-files", "warning", "about 850 clients");
}

/// What cannot be measured is said, and is no fault; the probe leaves nothing behind.
#[test]
fn disk_latency() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    found(&checked(&zone, 0), "disk-latency", "note", "not measured");
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let findings = checked(&zone, 0);
    let measured = findings.iter().find(|finding| finding["check"] == "disk-latency").expect("a finding");
    assert!(measured["found"].as_str().expect("a text").contains("writes"), "{measured}");
    let entries = std::fs::read_dir(zone.file("nodes/node1")).expect("a directory").count();
    assert_eq!(entries, 1, "only pki/ is there");
}

/// Nodes of the description that were never issued have no directory to measure in.
#[test]
fn disk_latency_is_measured_where_there_is_a_directory() {
    let nodes = (1..=4).map(|number| format!("node{number}=127.0.0.1:{}:{}", 2 * number, 2 * number + 1));
    let nodes: Vec<String> = nodes.collect();
    let zone = TestZone::init("example.zone", &nodes.iter().map(String::as_str).collect::<Vec<_>>());
    zone.run(&["pki", "issue", "node4"]).expect_code(0);
    let findings = findings(&zone.run(&["doctor", "--format", "json"]).expect_code(69).stdout);
    let measured = findings.iter().find(|finding| finding["check"] == "disk-latency").expect("a finding");
    assert!(measured["found"].as_str().expect("a text").contains("writes"), "{measured}");
}
