//! The start of a node under systemd itself: by `boot` as one service, and by the units that it exports.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::machine::{Machine, has_other_users};
use super::manager::Manager;
use super::one_member;
use crate::harness::elsewhere::Elsewhere;
use crate::harness::isolation::isolated;
use crate::harness::outcome;
use crate::harness::processes::until;

const NODE: &str = "/var/lib/zone-etcd";
const ETCDCTL: &str = "/usr/local/libexec/zone-etcd/3.7.3/etcdctl";
const WRITER: &str = "zone-etcd-process-writer.service";
const NAMESERVICE: &str = "zone-etcd-process-nameservice.service";

/// A machine with a node of one member, its nameservice and a process that writes a key.
#[track_caller]
fn machine() -> Machine {
    // Before the machine has an /etc of its own, in which openssl has no configuration.
    let around = tempfile::tempdir().expect("a directory");
    let made = Elsewhere::new(&around.path().join("made"));
    made.authority("ca").leaf("node1", "ca", "DNS:node1.example.zone,IP:127.0.0.1");
    let pem = |file: &str| made.read(file).replace('\n', "\\n");
    let node = format!(
        r#"{{"name": "node1.example.zone", "ca": "{}", "cert": "{}", "key": "{}",
            "etcd": [{{"node_name": "node1.example.zone", "address": "127.0.0.1"}}]}}"#,
        pem("ca.crt"),
        pem("node1.crt"),
        pem("node1.key")
    );
    let boot = format!(
        "[nameservice]\nurl = [\"http://127.0.0.1:3456\"]\n\
         command = [\"zone-etcd\", \"nameservice\", \"serve\"]\n\
         [[process]]\nname = \"writer\"\ncommand = \"/bin/sh\"\n\
         args = [\"-c\", \"{ETCDCTL} put $ZONE_NAME $NODE_NAME && touch /tmp/written && exec sleep 1000\"]\n\
         ready = \"exec:test -e /tmp/written\"\n"
    );
    let machine = one_member();
    for (name, text) in [("node.json", node), ("boot.toml", boot)] {
        let file = Path::new(NODE).join(name);
        fs::write(&file, text).expect("a file of the node");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
        outcome(Command::new("chown").arg("zone-etcd:zone-etcd").arg(&file)).expect_code(0);
    }
    machine
}

#[track_caller]
fn assert_written(manager: &Manager) {
    let user = ["setpriv", "--reuid=zone-etcd", "--regid=zone-etcd", "--clear-groups", "zone-etcd", "ctl"];
    let config = ["--config", "/var/lib/zone-etcd/node.json", "--"];
    let told = manager.call(&[&user[..], &config, &["get", "example.zone", "--print-value-only"]].concat());
    assert_eq!(told.expect_code(0).stdout.trim(), "node1.example.zone");
}

#[test]
fn a_node_starts_by_the_units_that_are_exported() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let machine = machine();
        let manager = Manager::boot(&machine);
        let told = manager.call(&["zone-etcd", "boot", "export", "systemd", "--out", "/run/zone-units"]);
        let written = told.expect_code(0).stdout;
        for unit in [WRITER, NAMESERVICE, "zone-etcd-zone.service", "zone-etcd.service.d/boot.conf"] {
            assert!(written.contains(unit), "no {unit} in {written}");
        }
        // They stay as they are from then on, also those that were changed.
        let again = ["zone-etcd", "boot", "export", "systemd", "--out", "/run/zone-units"];
        assert_eq!(manager.call(&again).expect_code(0).stdout, "");
        manager.call(&["systemctl", "daemon-reload"]).expect_code(0);
        let started = manager.call(&["systemctl", "start", WRITER]);
        let log = fs::read_to_string(machine.output().join("systemd.log")).expect("the log");
        assert_eq!(started.code, 0, "{}\n{log}", started.stderr);
        for unit in [NAMESERVICE, "zone-etcd.service", "zone-etcd-zone.service", WRITER] {
            assert_eq!(manager.property(unit, "ActiveState"), "active", "{unit}\n{log}");
        }
        assert_written(&manager);
        let verify =
            ["zone-etcd", "nameservice", "verify", "http://127.0.0.1:3456", "--name", "example.zone"];
        manager
            .call(&[&verify[..], &["--ca", "/var/lib/zone-etcd/pki/current/ca.crt"]].concat())
            .expect_code(66);
        fs::write(format!("/run/zone-units/{WRITER}"), "[Unit]\n").expect("another unit");
        manager.call(&again).expect_code(65).expect_error_with(&[WRITER, "differs"]);
    });
}

#[test]
fn a_node_starts_by_boot_as_one_service() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let machine = machine();
        let manager = Manager::boot(&machine);
        let unit = "[Service]\nType=notify\nNotifyAccess=main\nUser=zone-etcd\n\
                    ExecStart=/usr/local/bin/zone-etcd boot\n\
                    TimeoutStartSec=infinity\nRestart=on-failure\n";
        fs::write("/run/zone-units/node.service", unit).expect("a unit");
        manager.call(&["systemctl", "daemon-reload"]).expect_code(0);
        let started = manager.call(&["systemctl", "start", "node.service"]);
        let log = fs::read_to_string(machine.output().join("systemd.log")).expect("the log");
        assert_eq!(started.code, 0, "{}\n{log}", started.stderr);
        // It is ready when the last step is done.
        assert_written(&manager);
        assert!(manager.property("node.service", "StatusText").contains("node1.example.zone runs"));
        let first = manager.property("node.service", "MainPID");
        manager
            .call(&["systemctl", "kill", "--kill-whom=main", "--signal=SIGKILL", "node.service"])
            .expect_code(0);
        until("another start", || {
            let is_active = manager.property("node.service", "ActiveState") == "active";
            (is_active && manager.property("node.service", "MainPID") != first).then_some(())
        });
        assert_written(&manager);
        manager.call(&["systemctl", "stop", "node.service"]).expect_code(0);
        assert_eq!(manager.property("node.service", "Result"), "success");
    });
}
