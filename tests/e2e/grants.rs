//! `access grants` on a cluster whose authentication is on: each node reads its own bundles and writes its
//! own answer, and nothing else.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use operations::lock::OperationLock;
use store::site::Site;
use store::zone_directory::CaPassphrase;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    again, call, etcdctl, loopback_zone, turn_authentication_on, wait_for_quorum, wait_until_serving,
};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, outcome, program, typed_at, zone_etcd};

const ENDPOINT: &str = "https://127.0.0.1:2379";

fn directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("nodes").join(node)
}

/// One member, `node1`, and two nodes with a client certificate alone, `n17` and `n18`, each with a
/// directory of its own.
#[track_caller]
fn zone() -> (TestZone, Running) {
    zone_of("3.7.3")
}

#[track_caller]
fn zone_of(version: &str) -> (TestZone, Running) {
    let place = std::env::temp_dir().join("nodes");
    fs::create_dir(&place).expect("a directory");
    let client = |name: &str, address: &str| {
        format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\nmember = false\n")
    };
    let more = format!(
        "{}{}[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\nlimit = \"40s\"\n[etcd]\nversion = \
         \"{version}\"\n",
        client("n17", "127.0.0.17"),
        client("n18", "127.0.0.18"),
        program().display(),
        place.display()
    );
    let zone = loopback_zone(1, &more);
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    let mut run = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
    run.arg(directory("node1").join("node.json"));
    let mut members = [Running::start(&mut run, zone.around(), "node1")];
    wait_until_serving(&mut members);
    wait_for_quorum(&etcdctl(&zone, ENDPOINT));
    let [member] = members;
    (zone, member)
}

/// etcdctl with the node's own certificate.
#[track_caller]
fn as_node(node: &str, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(["ctl", "--config"]);
    command.arg(directory(node).join("node.json")).arg("--").args(arguments);
    command.env("ETCDCTL_COMMAND_TIMEOUT", "5s");
    outcome(&mut command)
}

#[track_caller]
fn refused(node: &str, arguments: &[&str]) {
    as_node(node, arguments).expect_code(1).expect_error_with(&["permission denied"]);
}

#[track_caller]
fn apply(zone: &TestZone) -> String {
    zone.run(&["access", "grants", "--format", "apply"]).expect_code(0).stderr
}

#[test]
fn a_node_has_its_own_bundles_and_its_own_answer() {
    isolated(|| {
        let (zone, _member) = zone();
        let admin = etcdctl(&zone, ENDPOINT);
        let off = apply(&zone);
        assert!(off.contains("nodes that have what they need: 3; "), "{off}");
        assert!(off.contains("etcd's authentication is off"), "{off}");
        turn_authentication_on(&zone);
        let head = |full: &str| format!("/zone-etcd/delivery/{full}/head");
        let answer = |full: &str| format!("/zone-etcd/answer/{full}");
        let (n17, n18, member) = ("n17.example.zone", "n18.example.zone", "node1.example.zone");
        for full in [n17, n18, member] {
            call(&admin, &["put", &head(full), "{}"]).expect_code(0);
            call(&admin, &["put", &answer(full), "from admin"]).expect_code(0);
        }
        for (node, full, other) in [("n17", n17, n18), ("n18", n18, n17), ("node1", member, n17)] {
            let prefix = format!("/zone-etcd/delivery/{full}/");
            let read = as_node(node, &["get", "--prefix", &prefix]).expect_code(0).stdout;
            assert_eq!(read, format!("{prefix}head\n{{}}\n"));
            as_node(node, &["put", &answer(full), "of its own"]).expect_code(0);
            assert!(as_node(node, &["get", &answer(full)]).expect_code(0).stdout.contains("of its own"));
            refused(node, &["get", &head(other)]);
            refused(node, &["get", "--prefix", "/zone-etcd/delivery/"]);
            // Without its last character it is the prefix of other names.
            refused(node, &["get", "--prefix", &prefix[..prefix.len() - 1]]);
            refused(node, &["put", &head(full), "of its own"]);
            refused(node, &["del", &head(full)]);
            refused(node, &["get", &answer(other)]);
            refused(node, &["put", &answer(other), "forged"]);
            refused(node, &["del", &answer(other)]);
            refused(node, &["put", &format!("{}/more", answer(full)), "more"]);
            refused(node, &["put", "anything", "else"]);
            refused(node, &["user", "list"]);
        }
        let kept = call(&admin, &["get", &answer(n17)]).expect_code(0).stdout;
        assert!(kept.ends_with("of its own\n"), "{kept}");
    });
}

fn site(node: &str) -> Site {
    let config = directory(node).join("node.json");
    Site::open(None, Some(&config), CaPassphrase::new(None, None).expect("no passphrase")).expect("a site")
}

/// What members take turns by when they restart themselves.
#[test]
fn the_operation_lock_is_for_nodes_with_a_member() {
    isolated(|| the_lock_is_granted("3.7.3"));
}

#[test]
fn the_operation_lock_is_granted_by_etcd_3_5() {
    isolated(|| the_lock_is_granted("3.5.35"));
}

fn the_lock_is_granted(version: &str) {
    let (zone, _member) = zone_of(version);
    turn_authentication_on(&zone);
    let without = OperationLock::take(&site("node1"), "restart").expect_err("nothing is granted");
    assert_eq!(without.exit, model::error::Exit::Permission, "{without}");
    assert!(without.next.expect("a step").contains("access grants --format apply"));
    apply(&zone);
    let lock = OperationLock::take(&site("node1"), "restart").expect("it is granted");
    lock.still_held().expect("nobody took it");
    zone.run(&["restart", "--rolling"]).expect_code(75).expect_error_with(&["`restart` on "]);
    drop(lock);
    let again = OperationLock::take(&site("node1"), "restart").expect("it was given up");
    drop(again);
    let other = OperationLock::take(&site("n17"), "restart").expect_err("it has no member");
    assert_eq!(other.exit, model::error::Exit::Permission, "{other}");
    let leases = call(&etcdctl(&zone, ENDPOINT), &["lease", "list"]).expect_code(0).stdout;
    assert!(leases.starts_with("found 0 leases"), "{leases}");
}

/// What differs is changed, and nothing else: `apply` can be run as often as one likes.
#[test]
fn grants_follow_the_zone() {
    isolated(|| {
        let (zone, _member) = zone();
        turn_authentication_on(&zone);
        let admin = etcdctl(&zone, ENDPOINT);
        apply(&zone);
        assert!(apply(&zone).contains("nothing was done"));
        let users = || call(&admin, &["user", "list"]).expect_code(0).stdout;
        assert_eq!(users(), "n17.example.zone\nn18.example.zone\nnode1.example.zone\nroot\n");

        // What someone has added to a role of ours goes, what is missing comes.
        let role = "zone-etcd-node-n17.example.zone";
        call(&admin, &["role", "grant-permission", role, "readwrite", "a", "z"]).expect_code(0);
        call(&admin, &["role", "revoke-permission", role, "/zone-etcd/answer/n17.example.zone"])
            .expect_code(0);
        call(&admin, &["role", "grant-permission", role, "readwrite", "--prefix", DELIVERY]).expect_code(0);
        let told = apply(&zone);
        assert!(told.contains("permissions granted 2, taken away 1,"), "{told}");
        refused("n17", &["put", "b", "c"]);
        refused("n17", &["put", &format!("{DELIVERY}head"), "c"]);
        as_node("n17", &["put", "/zone-etcd/answer/n17.example.zone", "c"]).expect_code(0);

        // Roles and users of others are none of ours, whatever they are called.
        call(&admin, &["role", "add", "app"]).expect_code(0);
        call(&admin, &["role", "grant-permission", "app", "readwrite", "app"]).expect_code(0);
        call(&admin, &["user", "grant-role", "n18.example.zone", "app"]).expect_code(0);
        call(&admin, &["user", "add", "n99.example.zone", "--no-password"]).expect_code(0);
        assert!(apply(&zone).contains("nothing was done"));

        // One that was revoked, and one that is gone and has another role.
        zone.run(&["pki", "revoke", "n17"]);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let gone = text.find("[[node]]\nname = \"n18\"").expect("n18");
        let end = text[gone..].find("[access]").expect("what follows") + gone;
        fs::write(zone.file("zone.toml"), format!("{}{}", &text[..gone], &text[end..])).expect("zone.toml");
        let told = apply(&zone);
        assert!(told.contains("nodes that have what they need: 1; "), "{told}");
        assert!(told.contains("users added 0, taken away 1"), "{told}");
        assert_eq!(users(), "n18.example.zone\nn99.example.zone\nnode1.example.zone\nroot\n");
        assert_eq!(
            call(&admin, &["role", "list"]).expect_code(0).stdout,
            "app\nzone-etcd-node-node1.example.zone\n"
        );
        as_node("n18", &["put", "app", "1"]).expect_code(0);
        refused("n18", &["put", "/zone-etcd/answer/n18.example.zone", "1"]);
    });
}

const DELIVERY: &str = "/zone-etcd/delivery/n17.example.zone/";

/// Of the nodes that are named alone.
#[test]
fn only_those_that_are_named() {
    isolated(|| {
        let (zone, mut member) = zone();
        turn_authentication_on(&zone);
        let admin = etcdctl(&zone, ENDPOINT);
        zone.run(&["access", "grants", "--format", "apply", "n18"]).expect_code(0);
        let users = call(&admin, &["user", "list"]).expect_code(0).stdout;
        assert_eq!(users, "n18.example.zone\nroot\n");
        zone.run(&["access", "grants", "--format", "apply", "n17", "n17.example.zone"]).expect_code(0);
        zone.run(&["access", "grants", "nobody"]).expect_code(64);
        let users = call(&admin, &["user", "list"]).expect_code(0).stdout;
        assert_eq!(users, "n17.example.zone\nn18.example.zone\nroot\n");
        member.signal(Signal::SIGKILL);
        member.end();
        zone.run(&["access", "grants", "--format", "apply"]).expect_code(69).expect_error_with(&["next: "]);
    });
}

/// The lines for etcdctl, typed as they stand, and what only `apply` can name.
#[test]
fn etcdctl_takes_the_lines() {
    isolated(|| {
        let (zone, _member) = zone();
        turn_authentication_on(&zone);
        let printed = zone.run(&["access", "grants"]).expect_code(0);
        assert!(printed.stderr.contains("access grants --format apply node1"), "{}", printed.stderr);
        let settings = zone.run(&["env"]).expect_code(0).stdout;
        let etcdctl_here = again(&etcdctl(&zone, ENDPOINT), &[]);
        let directory = std::path::Path::new(etcdctl_here.get_program()).parent().expect("a directory");
        let lines = format!("set -e\n{settings}PATH={}:$PATH\n{}", directory.display(), printed.stdout);
        typed_at(&lines, zone.around()).expect_code(0);
        as_node("n17", &["get", "--prefix", DELIVERY]).expect_code(0);
        refused("n17", &["put", &format!("{DELIVERY}head"), "1"]);
        let told = apply(&zone);
        assert!(told.contains("roles added 0, taken away 0, permissions granted 1, taken away 0"), "{told}");
    });
}
