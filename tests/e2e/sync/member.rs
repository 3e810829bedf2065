//! Nodes with members: they restart themselves where their member needs it, one after the other.

use std::process::Stdio;

use operations::lock::OperationLock;
use store::site::Site;
use store::zone_directory::CaPassphrase;

use super::Fleet;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// A zone of three members, each in a directory of its own as on a machine of its own.
fn three() -> (Fleet, Vec<Supervised>) {
    let zone: TestZone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
    let fleet = Fleet { zone, members: Vec::<Running>::new(), etcdctl };
    let start = |node: &&str| {
        fleet.join(node);
        let parent = std::process::id().to_string();
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        run.arg(fleet.directory(node).join("node.json"));
        Supervised::start(run, fleet.zone.around().to_owned(), node)
    };
    let members: Vec<Supervised> = NODES.iter().map(start).collect();
    for member in &members {
        member.wait_for_line(&["\"serving client traffic securely\""]);
    }
    wait_for_quorum(&fleet.etcdctl);
    (fleet, members)
}

/// A setting of etcd that a member reads at its start alone.
fn change_setting(fleet: &Fleet) {
    let file = fleet.zone.file("zone.toml");
    let text = std::fs::read_to_string(&file).expect("zone.toml").replace("\"10ms\"", "\"20ms\"");
    std::fs::write(&file, text).expect("zone.toml");
}

#[test]
fn a_member_restarts_only_if_it_has_to() {
    isolated(|| {
        let (fleet, members) = three();
        assert_eq!(fleet.synced("node2", &[])["restarted"], serde_json::Value::Null);
        let answer = fleet.answer("node2");
        assert!(answer.is_member && !answer.needs_restart);
        assert_eq!(answer.etcd.as_deref(), Some("3.7.3"));
        // Certificates are read at every handshake.
        fleet.deliver("node2");
        assert_eq!(fleet.synced("node2", &[])["restarted"], serde_json::Value::Null);
        let pid = members[1].pid();

        change_setting(&fleet);
        fleet.deliver("node2");
        let told = fleet.synced("node2", &["--no-restart"]);
        assert_eq!(told["restart_reasons"], serde_json::json!(["[etcd] changed"]));
        assert!(fleet.answer("node2").needs_restart && members[1].pid() == pid);
        // It is known as long as it lasts, also without another bundle.
        let told = fleet.synced("node2", &[]);
        assert_eq!(
            (&told["activated"], &told["restart_reasons"]),
            (&serde_json::json!([]), &serde_json::json!([]))
        );
        assert_eq!(told["restarted"]["pid_before"], pid);
        assert_eq!(told["restarted"]["pid_after"], members[1].pid());
        let answer = fleet.answer("node2");
        assert!(!answer.needs_restart && answer.restart_reasons.is_empty());
        assert_eq!(fleet.synced("node2", &[])["restarted"], serde_json::Value::Null);
        assert_eq!(members[1].starts(), 2);
    });
}

/// Has every member trust another CA beside the old one: bundles as they are made for that, put into etcd.
fn deliver_trust(fleet: &Fleet) {
    let out = fleet.zone.around().join("carried");
    let mut rotate = fleet.zone.command(&["pki", "rotate-ca", "--plane", "client", "--force"]);
    for node in NODES {
        rotate.args(["--recipient", &format!("{node}={}", fleet.recipient(node))]);
    }
    outcome(rotate.arg("--out").arg(&out)).expect_code(0);
    let log = std::fs::read_to_string(fleet.zone.file("bundles.jsonl")).expect("the log");
    for node in NODES {
        let name = format!("\"node\":\"{node}.example.zone\"");
        let last = log.lines().rfind(|line| line.contains(&name)).expect("a record");
        let record: serde_json::Value = serde_json::from_str(last).expect("JSON");
        let sealed = std::fs::read(out.join(format!("{node}.bundle"))).expect("a bundle");
        fleet.put_bundle(node, record["sequence"].as_u64().expect("a number"), &sealed);
    }
}

/// All at once, as timers may have it: while one has the lock, the others wait, and writes go on.
#[test]
fn three_whose_trust_has_changed_take_turns() {
    isolated(|| {
        let (fleet, members) = three();
        deliver_trust(&fleet);
        let start = |node: &&str| {
            let mut sync = fleet.sync_command(node, &["--format", "json"]);
            Running::start(sync.stdin(Stdio::null()), fleet.zone.around(), &format!("sync-{node}"))
        };
        let mut running: Vec<Running> = NODES.iter().map(start).collect();
        let mut writes = 0;
        let all: Vec<String> =
            (0..3).map(|number| format!("https://127.0.0.1:{}", 2379 + 10 * number)).collect();
        let any = etcdctl(&fleet.zone, &all.join(","));
        until("the end of all three", || {
            writes += usize::from(call(&any, &["put", "key", "value"]).code == 0);
            running.iter_mut().all(|sync| !sync.is_alive()).then_some(())
        });
        let mut turns: Vec<(String, u64)> = Vec::new();
        for (sync, node) in running.iter_mut().zip(NODES) {
            let told = sync.outcome().expect_code(0);
            let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
            assert_eq!(told["restarted"]["interrupted"], false, "{told}");
            let trusts = |when: &str| told["restarted"][when]["client"].as_array().map(Vec::len);
            assert_eq!((trusts("trusted_before"), trusts("trusted_after")), (Some(1), Some(2)), "{told}");
            turns.push((node.to_owned(), told["restarted"]["took_ms"].as_u64().expect("a time")));
        }
        assert!(members.iter().all(|member| member.starts() == 2), "{turns:?}");
        assert!(writes > 2, "{writes} writes while {turns:?}");
        for node in NODES {
            assert!(!fleet.answer(node).needs_restart);
        }
    });
}

/// What another operation keeps it from is left for the next time.
#[test]
fn another_operation_is_waited_for_no_longer_than_said() {
    isolated(|| {
        let (fleet, members) = three();
        change_setting(&fleet);
        let sequence = fleet.deliver("node3");
        let none = CaPassphrase::new(None, None).expect("no passphrase");
        let site = Site::open(Some(&fleet.zone.path()), None, none).expect("the zone");
        let held = OperationLock::take(&site, "pki rotate-ca").expect("a free lock");
        let told = fleet.sync("node3", &["--timeout", "1s", "--format", "json"]).expect_code(75);
        assert!(told.stderr.contains("another operation on this zone is under way"), "{}", told.stderr);
        let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
        assert_eq!(
            (&told["activated"], &told["restarted"]),
            (&serde_json::json!([sequence]), &serde_json::Value::Null)
        );
        assert!(fleet.answer("node3").needs_restart && members[2].starts() == 1);
        // Once it is given up, the node that waits has its turn.
        let mut sync = fleet.sync_command("node3", &["--timeout", "30s"]);
        let mut waits = Running::start(sync.stdin(Stdio::null()), fleet.zone.around(), "waits");
        waits.wait_for_line(&["node3 waits for its turn"]);
        drop(held);
        waits.outcome().expect_code(0);
        assert!(!fleet.answer("node3").needs_restart && members[2].starts() == 2);
    });
}
