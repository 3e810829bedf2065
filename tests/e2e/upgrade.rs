//! Changes of version: one minor up at a time, down by agreement, and what is refused before etcd would
//! panic.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use etcd::{MinorVersion, observe_versions, read_backend};
use serde_json::Value;

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, loopback_zone, run_command, start, start_alone, start_together, wait_for_quorum,
    wait_until_serving,
};
use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone, bundle, outcome, zone_etcd};
use crate::start::picture;

/// The members of a zone of three.
pub const NODES: [&str; 3] = ["node1", "node2", "node3"];
/// Where they serve clients.
pub const ENDPOINTS: [&str; 3] =
    ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];
const METRICS: [u16; 3] = [2381, 2391, 2401];

/// Three members, one after the other, while somebody writes: nothing that was acknowledged is lost.
#[test]
fn a_live_zone_goes_from_3_5_to_3_7() {
    isolated(|| {
        let zone = zone_of(3, "3.5.35");
        let clients: Vec<Command> = ENDPOINTS.iter().map(|endpoint| etcdctl(&zone, endpoint)).collect();
        let mut members = start_together(&zone, &NODES, |node, mut command| {
            if node == "node1" {
                command.args(["--", "--snapshot-count=5"]);
            }
            command
        });
        clients.iter().for_each(wait_for_quorum);
        METRICS.iter().for_each(|port| wait_for_cluster_version(*port, "3.5"));
        let writer = GoWriter::start(&zone, &ENDPOINTS);
        // What 3.5 writes at its next start comes after a snapshot of its own, so 3.6 sees no cause to write
        // one.
        let snapshots = |member: &Running| member.stderr().matches("\"saved snapshot\"").count();
        let before = snapshots(&members[0]);
        // The first of these may have been begun before the cluster had its version.
        until("snapshots of node1", || (snapshots(&members[0]) >= before + 2).then_some(()));
        restart(&zone, &mut members[0], NODES[0], &clients[0]);

        set_version(&zone, "3.6.16");
        restart(&zone, &mut members[0], NODES[0], &clients[0]);
        // The others are still 3.5: the cluster has not come up, so this one cannot go on.
        set_version(&zone, "3.7.3");
        zone.run(&["plan", "--node", "node1"]).expect_code(65).expect_error_with(&["still at version 3.5"]);
        set_version(&zone, "3.6.16");
        (1..3).for_each(|number| restart(&zone, &mut members[number], NODES[number], &clients[number]));
        METRICS.iter().for_each(|port| wait_for_cluster_version(*port, "3.6"));

        set_version(&zone, "3.7.3");
        for number in 0..3 {
            members[number].stop();
            let told = zone.run(&["plan", "--node", NODES[number]]);
            // The log of another member may begin where 3.6 sees the version of the cluster change, and
            // writes one.
            if number == 0 || told.code != 0 {
                let refusal =
                    refused(&zone, NODES[number], &["no snapshot of 3.6 after them", "3.7.3 panics"]);
                take_snapshot_as_told(&zone, NODES[number], &refusal);
            }
            members[number] = start(&zone, NODES[number]);
            wait_for_quorum(&clients[number]);
        }
        METRICS.iter().for_each(|port| wait_for_cluster_version(*port, "3.7"));

        writer.finish_unharmed();
        for (client, member) in clients.iter().zip(&mut members) {
            assert_eq!(status(client)["version"], "3.7.3");
            assert!(member.is_alive());
        }
    });
}

/// etcd skips it as well, by a panic.
#[test]
fn a_minor_that_is_left_out_is_refused() {
    isolated(|| {
        let zone = zone_of(1, "3.5.35");
        start_alone(&zone).stop();
        set_version(&zone, "3.7.3");
        let data = zone.file("nodes/node1/data");
        let before = picture(&data);
        refused(&zone, "node1", &["the data is of etcd 3.5", "run 3.6.16 on every member first"]);
        assert!(picture(&data) == before, "the data is as it was");

        let copy = zone.around().join("copy");
        outcome(Command::new("cp").arg("-r").arg(&data).arg(&copy)).expect_code(0);
        let result = bare_etcd(&zone, "3.7.3", &copy, &[]).outcome();
        assert_ne!(result.code, 0);
        assert!(result.stderr.contains("unmarshal should never fail"), "{}", result.stderr);
    });
}

/// 3.6 writes a snapshot by itself only at a start whose log begins before a change of the cluster's version.
/// After a snapshot of 3.5 it does not, however often it is started.
#[test]
fn another_start_of_3_6_is_not_enough_after_a_snapshot_of_3_5() {
    isolated(|| {
        let zone = zone_of(1, "3.5.35");
        let client = etcdctl(&zone, ENDPOINTS[0]);
        let mut first =
            Running::start(&mut run_command(&zone, "node1", &["--snapshot-count=5"]), zone.around(), "node1");
        wait_for_quorum(&client);
        (0..8).for_each(|_| drop(call(&client, &["put", "kept", "here"]).expect_code(0)));
        first.wait_for_line(&["saved snapshot"]);
        first.stop();
        let mut member = start(&zone, "node1");
        wait_for_quorum(&client);
        set_version(&zone, "3.6.16");
        restart(&zone, &mut member, "node1", &client);
        wait_for_cluster_version(METRICS[0], "3.6");
        restart(&zone, &mut member, "node1", &client);
        member.stop();

        set_version(&zone, "3.7.3");
        let refusal = refused(&zone, "node1", &["no snapshot of 3.6 after them"]);
        take_snapshot_as_told(&zone, "node1", &refusal);
        let _member = start(&zone, "node1");
        wait_for_quorum(&client);
        assert_eq!(call(&client, &["get", "kept", "--print-value-only"]).stdout.trim(), "here");
    });
}

/// It says so before it panics; and for a log that begins with 3.5 one more start of 3.6 does.
#[test]
fn a_quiet_member_needs_a_snapshot_of_3_6() {
    isolated(|| {
        let zone = zone_of(1, "3.5.35");
        let client = etcdctl(&zone, ENDPOINTS[0]);
        let data = zone.file("nodes/node1/data");
        let mut member = start_alone(&zone);
        set_version(&zone, "3.6.16");
        restart(&zone, &mut member, "node1", &client);
        wait_for_cluster_version(METRICS[0], "3.6");
        member.stop();
        assert!(observe_versions(&data, MinorVersion::V3_7).expect("sound data").old_requests);
        let copy = zone.around().join("copy");
        outcome(Command::new("cp").arg("-r").arg(&data).arg(&copy)).expect_code(0);
        let result = bare_etcd(&zone, "3.7.3", &copy, &[]).outcome();
        assert!(result.stderr.contains("unmarshal should never fail"), "{}", result.stderr);

        let mut member = start(&zone, "node1");
        wait_for_quorum(&client);
        member.stop();
        assert!(!observe_versions(&data, MinorVersion::V3_7).expect("sound data").old_requests);
        set_version(&zone, "3.7.3");
        let _member = start(&zone, "node1");
        wait_for_quorum(&client);
    });
}

#[test]
fn a_downgrade_needs_the_agreement_of_the_cluster() {
    isolated(|| {
        let zone = zone_of(1, "3.7.3");
        let client = etcdctl(&zone, ENDPOINTS[0]);
        let data = zone.file("nodes/node1/data");
        let mut member = start_alone(&zone);
        call(&client, &["put", "kept", "here"]).expect_code(0);
        wait_for_storage_version(&client, "3.7.0");
        member.stop();
        set_version(&zone, "3.6.16");
        refused(&zone, "node1", &["the data is of etcd 3.7", "downgrade enable 3.6"]);
        // etcd would refuse it too.
        let copy = zone.around().join("copy");
        outcome(Command::new("cp").arg("-r").arg(&data).arg(&copy)).expect_code(0);
        let result = bare_etcd(&zone, "3.6.16", &copy, &[]).outcome();
        assert!(result.stderr.contains("version \\\"3.7.0\\\" is not supported"), "{}", result.stderr);

        set_version(&zone, "3.7.3");
        let mut member = start(&zone, "node1");
        wait_for_quorum(&client);
        call(&client, &["downgrade", "enable", "3.6"]).expect_code(0);
        wait_for_storage_version(&client, "3.6.0");
        member.stop();
        let facts = read_backend(&data).expect("sound data").expect("a backend");
        let v3_6 = Some(MinorVersion { major: 3, minor: 6 });
        assert_eq!((facts.cluster_version, facts.storage_version), (v3_6, v3_6));
        let downgrade = facts.downgrade.expect("a downgrade");
        assert_eq!((downgrade.target, downgrade.enabled), (v3_6, true));
        let named: Vec<&str> = facts.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(named, ["node1"]);

        set_version(&zone, "3.6.16");
        let _member = start(&zone, "node1");
        wait_for_quorum(&client);
        assert_eq!(status(&client)["version"], "3.6.16");
        assert_eq!(call(&client, &["get", "kept", "--print-value-only"]).stdout.trim(), "here");
    });
}

/// As `etcdutl check v2store` of 3.5 judges, in the log and in a snapshot, and 3.6 with it.
#[test]
fn content_of_etcd_2_keeps_3_6_from_starting() {
    isolated(|| {
        let zone = TestZone::empty();
        let data = zone.around().join("data");
        let judge = || {
            let mut check = Command::new(bundle("3.5.35").join("etcdutl"));
            let judged = outcome(check.args(["check", "v2store", "--data-dir"]).arg(&data)).code != 0;
            let ours = observe_versions(&data, MinorVersion::V3_6).expect("sound data").old_content;
            assert_eq!(ours, judged, "we and etcdutl differ");
            ours
        };
        let run = |flags: &[&str], requests: &[(&str, &str)]| {
            let mut member = bare_etcd(&zone, "3.5.35", &data, flags);
            member.wait_for_line(&["ready to serve client requests"]);
            requests.iter().for_each(|(method, path)| old_api(method, path));
            member.stop();
            judge()
        };
        assert!(!run(&["--enable-v2"], &[]), "nothing is there yet");
        assert!(run(&["--enable-v2"], &[("PUT", "/v2/keys/of-a-user")]), "in the log");
        assert!(run(&["--enable-v2", "--snapshot-count=1"], &[]), "in the snapshot");
        let mut member = bare_etcd(&zone, "3.6.16", &data, &[]);
        assert!(member.outcome().stderr.contains("detected disallowed custom content in v2store"));

        // What the refusal advises.
        run(&["--enable-v2"], &[("DELETE", "/v2/keys/of-a-user")]);
        assert!(!run(&["--snapshot-count=1"], &[]), "nothing is left");
        let mut member = bare_etcd(&zone, "3.6.16", &data, &[]);
        member.wait_for_line(&["ready to serve client requests"]);
    });
}

/// A described zone on loopback, with the CAs.
pub fn zone_of(members: u16, version: &str) -> TestZone {
    let zone = loopback_zone(members, &format!("[etcd]\nversion = \"{version}\"\n"));
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Changes the version for members that are started from now on.
pub fn set_version(zone: &TestZone, version: &str) {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let lines = text.lines().map(|line| match line.starts_with("version = ") {
        true => format!("version = \"{version}\"\n"),
        false => format!("{line}\n"),
    });
    std::fs::write(zone.file("zone.toml"), lines.collect::<String>()).expect("zone.toml");
}

#[track_caller]
fn restart(zone: &TestZone, member: &mut Running, node: &str, client: &Command) {
    member.stop();
    *member = start(zone, node);
    wait_for_quorum(client);
}

#[track_caller]
fn refused(zone: &TestZone, node: &str, texts: &[&str]) -> Outcome {
    // Not awaited without an end: a start that is not refused goes on.
    let result =
        Running::start(&mut run_command(zone, node, &[]), zone.around(), node).outcome().expect_code(65);
    result
        .expect_error_with(&[&format!("{node} must not start with this version of etcd")])
        .expect_error_with(texts)
}

/// Does what the refusal says: 3.6.16 once, with the command as it is printed.
#[track_caller]
fn take_snapshot_as_told(zone: &TestZone, node: &str, refusal: &Outcome) {
    // The message is broken into lines as wide as a terminal.
    let text = refusal.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = text.split('`').find_map(|part| part.strip_prefix("zone-etcd run ")).expect("a command");
    assert!(text.contains("`version = \"3.6.16\"`") && told.ends_with("-- --snapshot-count=1"), "{text}");
    set_version(zone, "3.6.16");
    let parent = std::process::id().to_string();
    let mut command = zone_etcd(["run", "--end-with-parent", &parent]);
    command.args(told.split(' '));
    let mut members = [Running::start(&mut command, zone.around(), node)];
    wait_until_serving(&mut members);
    members[0].stop();
    set_version(zone, "3.7.3");
}

/// etcd without us, on data that is there, in plain HTTP on ports of its own.
fn bare_etcd(zone: &TestZone, version: &str, data: &Path, flags: &[&str]) -> Running {
    let mut command = Command::new(bundle(version).join("etcd"));
    command.arg("--data-dir").arg(data).args([
        "--listen-client-urls=http://127.0.0.1:12379",
        "--advertise-client-urls=http://127.0.0.1:12379",
        "--listen-peer-urls=http://127.0.0.1:12380",
        "--heartbeat-interval=10",
        "--election-timeout=100",
    ]);
    Running::start(command.args(flags), zone.around(), "bare")
}

/// A request to the API of etcd 2.
#[track_caller]
fn old_api(method: &str, path: &str) {
    let request = format!(
        "{method} {path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 7\r\n\r\nvalue=1"
    );
    // It says that it is ready a moment before it listens.
    let answer = until("an answer of the API of etcd 2", || http(12379, &request));
    assert!(answer.contains(" 200 ") || answer.contains(" 201 "), "{answer}");
}

/// What is answered to a request in plain HTTP, if anything listens.
fn http(port: u16, request: &str) -> Option<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).ok()?;
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// What the member at the endpoint says of itself.
pub fn status(client: &Command) -> Value {
    let text = call(client, &["endpoint", "status", "--write-out", "json"]).expect_code(0).stdout;
    let mut answer: Value = serde_json::from_str(&text).expect("JSON");
    answer[0]["Status"].take()
}

/// Waits until a member says that its storage has this version.
#[track_caller]
pub fn wait_for_storage_version(client: &Command, version: &str) {
    until("the version of the storage", || (status(client)["storageVersion"] == version).then_some(()));
}

/// Waits until a member knows this version of the cluster. etcd compares the versions of the members every
/// few seconds.
#[track_caller]
fn wait_for_cluster_version(port: u16, version: &str) {
    let line = format!("etcd_cluster_version{{cluster_version=\"{version}\"}} 1");
    until(&format!("cluster version {version} on port {port}"), || {
        let page = http(port, "GET /metrics HTTP/1.0\r\n\r\n")?;
        page.contains(&line).then_some(())
    });
}
