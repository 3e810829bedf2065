//! The etcd of a zone as the discovery service with which bare members of another cluster bootstrap.

use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, listed, loopback_zone, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, bundle};

/// A zone with one member that runs.
#[track_caller]
fn zone_of_one() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &["node1"]);
    (zone, members)
}

#[track_caller]
fn json(told: &Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {told:?}"))
}

#[track_caller]
fn create(zone: &TestZone, size: &str) -> String {
    let told = json(&zone.run(&["discovery", "create", "--size", size, "-o", "json"]).expect_code(0));
    assert_eq!(told["endpoints"], serde_json::json!(["https://127.0.0.1:2379"]), "{told:#}");
    told["token"].as_str().expect("a token").to_owned()
}

/// A bare member, without TLS of its own, that is started with the flags that `discovery create` prints.
#[track_caller]
fn bare(zone: &TestZone, version: &str, token: &str, number: u16) -> Running {
    let (client, peer) = (9000 + 10 * number, 9001 + 10 * number);
    let files = zone.file("clients/admin/current");
    let mut etcd = Command::new(bundle(version).join("etcd"));
    etcd.args(["--name", &format!("bare{number}"), "--data-dir"])
        .arg(zone.around().join(format!("data-{token}-{number}")))
        .args(
            ["listen-client-urls", "advertise-client-urls"]
                .map(|flag| format!("--{flag}=http://127.0.0.1:{client}")),
        )
        .args(
            ["listen-peer-urls", "initial-advertise-peer-urls"]
                .map(|flag| format!("--{flag}=http://127.0.0.1:{peer}")),
        )
        .arg(format!("--discovery-token={token}"))
        .arg("--discovery-endpoints=https://127.0.0.1:2379")
        .args(
            [("cacert", "ca.crt"), ("cert", "client.crt"), ("key", "client.key")]
                .map(|(flag, file)| format!("--discovery-{flag}={}", files.join(file).display())),
        );
    Running::start(&mut etcd, zone.around(), &format!("bare-{token}-{number}"))
}

/// They find each other, the fourth is refused by its own etcd, and nobody begins after the end.
fn bootstraps(version: &str) {
    let (zone, _member) = zone_of_one();
    let token = create(&zone, "3");
    let show = ["discovery", "show", &token, "-o", "json"];
    let told = zone.run(&show).expect_code(75).expect_error_with(&["0 of 3 have registered"]);
    assert_eq!(json(&told)["missing"], 3);
    let mut bare_members = vec![bare(&zone, version, &token, 1), bare(&zone, version, &token, 2)];
    until("two to register", || (json(&zone.run(&show))["missing"] == 1).then_some(()));
    zone.run(&["discovery", "close", &token])
        .expect_code(64)
        .expect_error_with(&["still waited for, 1, are refused", "--yes"]);
    bare_members.push(bare(&zone, version, &token, 3));

    let mut client = Command::new(bundle(version).join("etcdctl"));
    client.env("ETCDCTL_ENDPOINTS", "http://127.0.0.1:9010");
    wait_for_quorum(&client);
    let told = json(&zone.run(&show).expect_code(0));
    let mut expected: Vec<(String, String)> =
        listed(&client).into_iter().map(|(name, id, _)| (name, id)).collect();
    expected.sort();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let shown = told["members"].as_array().expect("members").iter();
    let mut shown: Vec<(String, String)> =
        shown.map(|member| (text(&member["name"]), text(&member["id"]))).collect();
    shown.sort();
    assert_eq!(shown, expected);
    let status = call(&client, &["endpoint", "status", "-w", "json"]).expect_code(0).stdout;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let cluster = status[0]["Status"]["header"]["cluster_id"].as_u64().expect("an id");
    assert_eq!(told["cluster_id"], format!("{cluster:x}"));

    assert_eq!(bare(&zone, version, &token, 4).end().code(), Some(1), "there are enough");
    zone.run(&show).expect_code(0);
    zone.run(&["discovery", "close", &token]).expect_code(0).expect_error_with(&["is closed"]);
    zone.run(&["discovery", "close", &token]).expect_code(0).expect_error_with(&["was closed before"]);
    let told = json(&zone.run(&show).expect_code(0));
    assert_eq!((&told["is_closed"], &told["faults"]), (&true.into(), &serde_json::json!([])), "{told:#}");
    assert_eq!(bare(&zone, version, &token, 5).end().code(), Some(1), "it is closed");
    // One that has lost its data would otherwise find itself registered, and vote a second time.
    drop(bare_members.remove(0));
    std::fs::remove_dir_all(zone.around().join(format!("data-{token}-1"))).expect("data that is lost");
    assert_eq!(bare(&zone, version, &token, 1).end().code(), Some(1), "it has voted");
    zone.run(&["discovery", "create", "--size", "3", "--token", &token])
        .expect_code(78)
        .expect_error_with(&["was used before", "leave out --token"]);
}

#[test]
fn members_of_3_7_find_each_other() {
    isolated(|| bootstraps("3.7.3"));
}

#[test]
fn members_of_3_6_find_each_other() {
    isolated(|| bootstraps("3.6.16"));
}

/// What others wrote there is shown for what it is.
#[test]
fn a_registry_that_is_not_as_it_should_be() {
    isolated(|| {
        let (zone, mut members) = zone_of_one();
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        zone.run(&["discovery", "show", "never-made"])
            .expect_code(66)
            .expect_error_with(&["discovery create"]);
        zone.run(&["discovery", "close", "never-made"]).expect_code(66);
        for wrong in ["a/b", "", "..", "-a"] {
            zone.run(&["discovery", "show", "--", wrong]).expect_code(64);
        }
        zone.run(&["discovery", "create", "--size", "0"]).expect_code(64);
        zone.run(&["discovery", "create", "--size", "3", "--token", "t"]).expect_code(0);
        // A token that is the beginning of another has nothing of it.
        zone.run(&["discovery", "create", "--size", "1", "--token", "t.2"]).expect_code(0);
        let put = |token: &str, key: &str, value: &str| {
            call(&client, &["put", &format!("/_etcd/registry/{token}/{key}"), value]).expect_code(0);
        };
        put("t", "members/1234", "n1=https://10.0.0.1:2380");
        put("t", "members/5678", "n1=https://10.0.0.1:2380");
        put("t", "members/99", "what\u{1b}[31mis this");
        put("t", "members/100", &"x".repeat(10_000));
        // Nobody had registered, and no one takes the token again.
        zone.run(&["discovery", "create", "--size", "3", "--token", "early"]).expect_code(0);
        zone.run(&["discovery", "close", "early", "--yes"]).expect_code(0);
        zone.run(&["discovery", "close", "early"]).expect_code(0).expect_error_with(&["was closed before"]);
        zone.run(&["discovery", "create", "--size", "3", "--token", "early"]).expect_code(78);
        let told = zone.run(&["discovery", "show", "t"]).expect_code(65);
        for fault in [
            "n1 is registered as 1234, and its URLs make ",
            "two members are called n1",
            "two members are reached at https://10.0.0.1:2380",
            "`99` = `what\\u{1b}[31mis this` is no member",
        ] {
            assert!(told.stdout.contains(fault), "no `{fault}` in {}", told.stdout);
        }
        assert!(told.stdout.len() < 2000, "{}", told.stdout);
        put("t.2", "members/1", "one=https://10.0.0.1:2380");
        put("t.2", "members/2", "two=https://10.0.0.2:2380");
        let told = zone.run(&["discovery", "show", "t.2"]).expect_code(65);
        assert!(told.stdout.contains("two came when the cluster was full"), "{}", told.stdout);
        put("t.2", "_config/size", "three");
        zone.run(&["discovery", "show", "t.2"]).expect_code(65).expect_error_with(&["its size is `three`"]);
        members[0].end(nix::sys::signal::Signal::SIGKILL);
        for command in [&["show", "t"][..], &["close", "t"], &["create", "--size", "3"]] {
            zone.run(&[&["discovery"], command].concat()).expect_code(69).expect_error_with(&["next: "]);
        }
    });
}
