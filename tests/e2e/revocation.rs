//! Certificates that are revoked while a zone runs: refused at once, without a restart; and a node whose
//! member leaves.

use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    again, call, etcdctl, loopback_zone, start, start_on_loopback, wait_until_serving,
};
use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone};
use nix::sys::signal::Signal;

const MEMBER: &str = "https://127.0.0.1:2379";

fn running_zone() -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    let members = start_on_loopback(&zone, &["node1", "node2", "node3"]);
    (zone, members)
}

fn as_client(zone: &TestZone, client: &str, endpoint: &str, arguments: &[&str]) -> Outcome {
    let file = |name: &str| zone.file(&format!("clients/{client}/current/{name}"));
    let mut command: Command = again(&etcdctl(zone, endpoint), arguments);
    command.env("ETCDCTL_CERT", file("client.crt")).env("ETCDCTL_KEY", file("client.key"));
    crate::harness::outcome(&mut command)
}

#[track_caller]
fn revoked(outcome: &Outcome) -> Vec<Value> {
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

#[test]
fn a_client_is_refused_at_once_by_every_member_without_a_restart() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let started: Vec<u32> = members.iter().map(Running::pid).collect();
        as_client(&zone, "backup", MEMBER, &["put", "a", "b"]).expect_code(0);
        let told = zone.run(&["pki", "revoke", "client/backup", "--format", "json"]).expect_code(0);
        let rows = revoked(&told);
        let receptions: Vec<&str> = rows[0]["members"]
            .as_array()
            .expect("members")
            .iter()
            .map(|row| row["reception"].as_str().expect("a word"))
            .collect();
        assert_eq!(receptions, ["refused"; 3], "{}", told.stdout);
        assert!(told.stderr.contains("connections that are open go on until they end"), "{}", told.stderr);

        std::fs::rename(zone.file("clients/backup.revoked-1"), zone.file("clients/stolen"))
            .expect("the old certificate");
        for port in [2379, 2389, 2399] {
            let endpoint = format!("https://127.0.0.1:{port}");
            assert_ne!(as_client(&zone, "stolen", &endpoint, &["get", "a"]).code, 0, "{endpoint}");
            as_client(&zone, "admin", &endpoint, &["get", "a"]).expect_code(0);
        }
        assert!(members.iter_mut().all(Running::is_alive));
        assert_eq!(members.iter().map(Running::pid).collect::<Vec<_>>(), started);
    });
}

#[test]
fn the_administrator_that_was_revoked_is_another_one_at_once() {
    isolated(|| {
        let (zone, _members) = running_zone();
        let old = zone.around().join("old");
        std::fs::create_dir(&old).expect("a directory");
        for name in ["client.crt", "client.key"] {
            std::fs::copy(zone.file("clients/admin/current").join(name), old.join(name)).expect("a copy");
        }
        zone.run(&["pki", "revoke", "client/admin"]).expect_code(0);
        call(&etcdctl(&zone, MEMBER), &["put", "a", "b"]).expect_code(0);
        let mut stolen = again(&etcdctl(&zone, MEMBER), &["get", "a"]);
        stolen.env("ETCDCTL_CERT", old.join("client.crt")).env("ETCDCTL_KEY", old.join("client.key"));
        assert_ne!(crate::harness::outcome(&mut stolen).code, 0);
    });
}

#[test]
fn a_nodes_member_leaves_before_its_certificates_are_revoked() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let told = zone
            .run(&["pki", "revoke", "node3", "--reason", "keyCompromise", "--format", "json"])
            .expect_code(0);
        assert!(told.stderr.contains("the member of node3 has left the cluster"), "{}", told.stderr);
        let rows = revoked(&told);
        assert_eq!(rows.len(), 4, "{}", told.stdout);
        for row in rows.iter().filter(|row| row["role"] != "server") {
            let members = row["members"].as_array().expect("members");
            assert_eq!(members.len(), 2, "{row}");
            assert!(members.iter().all(|member| member["reception"] == "refused"), "{row}");
        }
        let listed = call(&etcdctl(&zone, MEMBER), &["member", "list"]).expect_code(0).stdout;
        assert!(listed.lines().count() == 2 && !listed.contains("node3"), "{listed}");
        // Nobody is told to add it again.
        let told = zone.run(&["status"]);
        assert!(!told.stdout.contains("member add"), "{}", told.stdout);
        let told = zone.run(&["doctor"]).stdout;
        assert!(told.contains("it was revoked: take it out of zone.toml"), "{told}");
        assert!(!told.contains("member add"), "{told}");
        call(&etcdctl(&zone, MEMBER), &["put", "a", "b"]).expect_code(0);
        // A member that was taken out ends by itself.
        until("the end of the member", || (!members[2].is_alive()).then_some(()));
    });
}

#[test]
fn a_member_that_the_quorum_needs_is_not_revoked() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        members[2].signal(Signal::SIGKILL);
        members[2].end();
        let log = std::fs::read(zone.file("issued.jsonl")).expect("the log");
        zone.run(&["pki", "revoke", "node2"]).expect_code(69).expect_error_with(&[
            "node2 is not revoked: its member cannot leave",
            "of the 2 voters that would be left 1 take requests, and 2 are needed",
        ]);
        assert_eq!(std::fs::read(zone.file("issued.jsonl")).expect("the log"), log, "nothing was revoked");
        // The one that is down can go.
        zone.run(&["pki", "revoke", "node3"]).expect_code(0);
        call(&etcdctl(&zone, MEMBER), &["put", "a", "b"]).expect_code(0);
    });
}

/// A certificate of a member that serves on: the member itself is to refuse it as well.
#[test]
fn a_certificate_is_refused_by_the_member_of_its_own_node() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let of_node2 = |arguments: &[&str]| {
            let file = |name: &str| zone.file(&format!("nodes/node2/pki/current/{name}"));
            let mut command: Command = again(&etcdctl(&zone, "https://127.0.0.1:2389"), arguments);
            command.env("ETCDCTL_CERT", file("client.crt")).env("ETCDCTL_KEY", file("client.key"));
            crate::harness::outcome(&mut command)
        };
        of_node2(&["put", "a", "b"]).expect_code(0);
        let serial = {
            let text = std::fs::read(zone.file("nodes/node2/pki/current/client.crt")).expect("a certificate");
            zone_pki::Certificate::from_pem(&text).expect("a certificate").serial_hex()
        };
        let told = zone.run(&["pki", "revoke", &serial]).expect_code(0);
        assert!(told.stdout.contains("refused by node2, node1, node3"), "{}", told.stdout);
        assert!(told.stderr.contains("node2 is a member still"), "{}", told.stderr);
        assert_ne!(of_node2(&["put", "a", "b"]).code, 0);
        zone.run(&["status"]).expect_code(0);
        // The member itself does without it, and is not lost to the cluster when its machine restarts.
        members[1].stop();
        members[1] = start(&zone, "node2");
        wait_until_serving(&mut members[1..2]);
        zone.run(&["status"]).expect_code(0);
        assert_ne!(of_node2(&["put", "a", "b"]).code, 0);
    });
}

/// The key of what was revoked is elsewhere, and one member has an older list: whoever compares sees it.
#[test]
fn a_member_with_an_older_list_is_found_without_the_key() {
    isolated(|| {
        let (zone, _members) = running_zone();
        let lists = |node: &str| {
            let generation = zone.file(&format!("nodes/{node}/pki/current"));
            std::fs::canonicalize(generation).expect("a generation").join("client.crl")
        };
        let old = std::fs::read(lists("node3")).expect("a list");
        std::fs::remove_file(zone.file("clients/backup/current/client.key")).expect("the key is elsewhere");
        let told = zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
        assert!(told.stdout.contains("its list is used by node1, node2, node3"), "{}", told.stdout);
        zone.run(&["status"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);

        std::fs::write(lists("node3"), old).expect("an older list");
        let older = "node3 uses an older revocation list on the client plane";
        let told = zone.run(&["status"]).expect_code(65);
        assert!(told.stdout.contains(older) && told.stdout.contains("pki issue node3 "), "{}", told.stdout);
        let told = zone.run(&["doctor"]).expect_code(65);
        assert!(told.stdout.contains("node3, client plane"), "{}", told.stdout);
        let told = zone.run(&["pki", "check"]).expect_code(65);
        assert!(told.stdout.contains("its member uses an older revocation list"), "{}", told.stdout);
        // The same command ends what it did not.
        zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
        zone.run(&["status"]).expect_code(0);
    });
}

/// Others would not take its connections any more.
#[test]
fn a_peer_certificate_of_a_live_member_is_told_of() {
    isolated(|| {
        let (zone, _members) = running_zone();
        let text = std::fs::read(zone.file("nodes/node2/pki/current/peer.crt")).expect("a certificate");
        let serial = zone_pki::Certificate::from_pem(&text).expect("a certificate").serial_hex();
        let told = zone.run(&["pki", "revoke", &serial]).expect_code(0);
        assert!(
            told.stderr.contains("its peer certificate is refused at its next connection"),
            "{}",
            told.stderr
        );
        assert!(told.stdout.contains("refused by node2, node1, node3"), "{}", told.stdout);
        let found = zone.run(&["pki", "check"]).expect_code(65).stdout;
        assert!(found.contains("revoked"), "{found}");
    });
}
