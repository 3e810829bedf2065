//! The units under systemd itself.

use super::machine::{Machine, ZONE, has_other_users};
use super::manager::Manager;
use super::three_members;
use crate::harness::isolation::isolated;
use crate::harness::processes::until;

const SERVICES: [&str; 3] = ["zone-etcd@node1.service", "zone-etcd@node2.service", "zone-etcd@node3.service"];

fn pids(manager: &Manager) -> Vec<String> {
    SERVICES.iter().map(|service| manager.property(service, "MainPID")).collect()
}

/// A machine with three members that run.
#[track_caller]
fn running() -> (Machine, Manager) {
    let machine = three_members();
    let manager = Manager::boot(&machine);
    manager.call(&[&["systemctl", "start", "--no-block"], &SERVICES[..2]].concat()).expect_code(0);
    // They wait for the last one to bootstrap the cluster; who starts that waits until it is ready.
    manager.call(&["systemctl", "start", SERVICES[2]]).expect_code(0);
    for service in &SERVICES[..2] {
        until("the others to be ready", || {
            (manager.property(service, "ActiveState") == "active").then_some(())
        });
    }
    (machine, manager)
}

/// A member in its sandbox hides more from its own user than one without: who has its ports, for one.
#[test]
fn the_check_finds_a_member_in_order() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let (machine, manager) = running();
        let check = "zone-etcd-check@node1.service";
        let started = manager.call(&["systemctl", "start", check]);
        let printed = manager.printed(check);
        assert_eq!(started.code, 0, "{}\n{printed}", started.stderr);
        assert!(printed.contains("held by the member, which runs (process "), "{printed}");
        assert!(std::path::Path::new("/var/lib/prometheus/node-exporter/zone-etcd.prom").exists());
        // The same by hand, as the user of the service, and from outside of the process namespace of the
        // members.
        let user =
            ["setpriv", "--reuid=zone-etcd", "--regid=zone-etcd", "--clear-groups", "zone-etcd", "check"];
        let told = manager.call(&[&user[..], &["--node", "node1", "--zone", ZONE]].concat());
        assert!(told.code == 0, "{}", told.stdout);
        let told = machine.run(&["check", "--node", "node1"]);
        assert!(told.code == 0, "{}", told.stdout);
    });
}

/// systemd starts them again, and knows each new process; nobody waits for `RestartSec`.
#[test]
fn long_cas_are_rotated_through_systemctl() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let (machine, manager) = running();
        let before = pids(&manager);
        let told = manager.zone_etcd(&["restart", "--node", "node1", "--format", "json"]).expect_code(0);
        assert!(told.stdout.contains("\"service\": \"zone-etcd@node1.service\""), "{}", told.stdout);
        let told = manager.zone_etcd(&["pki", "rotate-ca"]).expect_code(0);
        assert!(told.stderr.contains("every member trusts the new CA alone"), "{}", told.stderr);
        let after = pids(&manager);
        assert!(before.iter().all(|pid| !after.contains(pid)), "{before:?} {after:?}");
        for service in SERVICES {
            assert_eq!(manager.property(service, "ActiveState"), "active");
            assert_eq!(manager.property(service, "NRestarts"), "0", "they were restarted, not recovered");
        }
        machine.etcdctl(&["put", "greeting", "hello"]).expect_code(0);
        let owners = manager.call(&["find", "/var/lib/zone-etcd", "!", "-user", "zone-etcd"]).expect_code(0);
        assert_eq!(owners.stdout, "", "files that the user of the service does not own");
    });
}

/// systemd would start a member that is stopped for its new data at once: it is refused until that is there,
/// and comes back by itself. Nobody types anything on the machine.
#[test]
fn a_restore_needs_nobody_who_starts_members() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let (machine, manager) = running();
        machine.etcdctl(&["put", "early", "a value"]).expect_code(0);
        let told = manager.zone_etcd(&["snapshot", "save", "--format", "json"]).expect_code(0);
        let saved: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
        machine.etcdctl(&["put", "late", "a value"]).expect_code(0);
        let before = pids(&manager);
        let file = saved["file"].as_str().expect("a file");
        let restore = ["snapshot", "restore", file, "--although-quorum-answers", "--yes", "--format", "json"];
        let told = manager.zone_etcd(&restore).expect_code(0);
        let restored: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
        assert_eq!(restored["is_compared"], true, "{restored:#}");
        for (node, service) in restored["nodes"].as_array().expect("nodes").iter().zip(SERVICES) {
            assert_eq!(node["service"], service, "{restored:#}");
            assert_eq!(manager.property(service, "ActiveState"), "active");
        }
        let after = pids(&manager);
        assert!(before.iter().all(|pid| !after.contains(pid)), "{before:?} {after:?}");
        let keys = machine.etcdctl(&["get", "", "--prefix", "--keys-only"]).expect_code(0).stdout;
        assert!(keys.contains("early") && !keys.contains("late"), "{keys}");
        let owners = manager.call(&["find", "/var/lib/zone-etcd", "!", "-user", "zone-etcd"]).expect_code(0);
        assert_eq!(owners.stdout, "", "files that the user of the service does not own");
    });
}

/// A refusal is final, a crash is not.
#[test]
fn a_crash_is_repeated_and_a_refusal_is_not() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let (machine, manager) = running();
        let before = pids(&manager);
        manager.call(&["systemctl", "kill", "--signal=SIGKILL", SERVICES[2]]).expect_code(0);
        until("a new process", || {
            let now = manager.property(SERVICES[2], "MainPID");
            let is_active = manager.property(SERVICES[2], "ActiveState") == "active";
            (is_active && now != before[2]).then_some(())
        });
        assert_eq!(manager.property(SERVICES[2], "NRestarts"), "1");

        manager.call(&["systemctl", "stop", SERVICES[2]]).expect_code(0);
        assert_eq!(manager.property(SERVICES[2], "Result"), "success");
        std::fs::remove_dir_all(machine.file("nodes/node3/data/member/wal")).expect("its log is lost");
        assert_ne!(manager.call(&["systemctl", "start", SERVICES[2]]).code, 0);
        assert_eq!(manager.property(SERVICES[2], "ActiveState"), "failed");
        assert_eq!(manager.property(SERVICES[2], "ExecMainStatus"), "65");
        let printed = manager.printed(SERVICES[2]);
        assert!(printed.contains("error: ") && printed.contains("next: "), "{printed}");
    });
}

/// `plan --format env` is what `EnvironmentFile=` takes, whatever the directory is called: etcd starts as the
/// member that was planned.
#[test]
fn systemd_reads_the_settings_of_a_plan() {
    isolated(|| {
        let machine = three_members();
        let manager = Manager::boot(&machine);
        let zone = r#"/var/lib/zone-etcd/it's a "$HOME" \t `id` #1"#;
        let call = |arguments: &[&str]| {
            manager.call(&[&["zone-etcd"], arguments, &["--zone", zone]].concat()).expect_code(0).stdout
        };
        call(&["init", "--name", "example.zone", "--node", "node1=127.0.0.1"]);
        call(&["pki", "issue", "--all"]);
        let planned: serde_json::Value =
            serde_json::from_str(&call(&["plan", "--node", "node1", "--format", "json"])).expect("JSON");
        std::fs::write("/run/by-hand.env", call(&["plan", "--node", "node1", "--format", "env"]))
            .expect("the settings");
        let unit = "[Unit]\nDefaultDependencies=no\n[Service]\nType=notify\n\
                    EnvironmentFile=/run/by-hand.env\nExecStart=/usr/local/libexec/zone-etcd/3.7.3/etcd\n\
                    StandardError=append:/run/zone-logs/by-hand.service\n";
        std::fs::write("/run/zone-units/by-hand.service", unit).expect("a unit");
        manager.call(&["systemctl", "daemon-reload"]).expect_code(0);
        let started = manager.call(&["systemctl", "start", "by-hand.service"]);
        assert_eq!(started.code, 0, "{}\n{}", started.stderr, manager.printed("by-hand.service"));
        let ctl = ["zone-etcd", "ctl", "--zone", zone, "--", "member", "list"];
        let listed = manager.call(&ctl).expect_code(0).stdout;
        let id = planned["member"]["id"].as_str().expect("an id");
        assert!(listed.starts_with(&format!("{id}, started, node1, ")), "{id}: {listed}");
    });
}
