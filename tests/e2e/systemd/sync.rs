//! `sync` of a node with a member, under systemd itself: in its sandbox, and with what lets it restart the
//! member.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::machine::{Machine, ZONE, has_other_users};
use super::manager::Manager;
use super::one_member;
use super::unit::packaged;
use crate::harness::isolation::isolated;
use crate::harness::{Outcome, outcome};

const NODE: &str = "/var/lib/zone-etcd";
const OUT: &str = "/var/lib/zone-etcd/out";
const MEMBER: &str = "zone-etcd.service";
const SYNC: &str = "zone-etcd-sync.service";

fn as_user(machine: &Machine, words: &[&str]) -> Command {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    machine.as_user(&words)
}

/// Makes a bundle of the node. Its number.
#[track_caller]
fn bundle(machine: &Machine, seal: &[&str]) -> u64 {
    let made = ["zone-etcd", "bundle", "node1", "--zone", ZONE, "--out", OUT, "--format", "json"];
    let told = outcome(&mut as_user(machine, &[&made[..], seal].concat())).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    told["bundles"][0]["sequence"].as_u64().expect("a number")
}

/// Has the node's member need a restart, and puts the bundle that says so into etcd.
#[track_caller]
fn deliver(machine: &Machine) -> u64 {
    let text = fs::read_to_string(machine.file("zone.toml")).expect("zone.toml");
    fs::write(machine.file("zone.toml"), text.replace("\"100ms\"", "\"200ms\"")).expect("zone.toml");
    let key = fs::read_to_string(Path::new(NODE).join("delivery.key")).expect("a key");
    let public = key.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("a public key");
    let sequence = bundle(machine, &["--recipient", public]);
    let key = format!("/zone-etcd/delivery/node1.example.zone/bundle/{sequence:010}");
    let mut put = as_user(machine, &["zone-etcd", "ctl", "--zone", ZONE, "--", "put", &key]);
    put.stdin(fs::File::open(format!("{OUT}/node1.bundle")).expect("the bundle"));
    outcome(&mut put).expect_code(0);
    sequence
}

#[track_caller]
fn sync(manager: &Manager) -> (Outcome, String) {
    let started = manager.call(&["systemctl", "start", SYNC]);
    (started, manager.printed(SYNC))
}

#[test]
fn the_sandbox_hides_the_member_and_the_drop_in_restarts_it() {
    if !has_other_users() {
        return;
    }
    isolated(|| {
        let machine = one_member();
        machine.run(&["init"]).expect_code(0);
        bundle(&machine, &["--no-encryption"]);
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(machine.file("ca/root.crt"));
        let fingerprint = outcome(&mut openssl).expect_code(0).stdout.trim().to_owned();
        let file = format!("{OUT}/node1.bundle");
        let words = ["zone-etcd", "activate", &file, "--root-fingerprint", &fingerprint, "--node-dir", NODE];
        outcome(as_user(&machine, &words).stdin(Stdio::null())).expect_code(0);

        let manager = Manager::boot(&machine);
        manager.call(&["systemctl", "start", MEMBER]).expect_code(0);
        let first = manager.property(MEMBER, "MainPID");
        let (started, printed) = sync(&manager);
        assert!(started.code == 0 && printed.contains("is up to date"), "{}\n{printed}", started.stderr);

        // It activates what it finds, and says whom it has to ask for the rest.
        let sequence = deliver(&machine);
        let (started, printed) = sync(&manager);
        assert!(printed.contains(&format!("activated bundle {sequence} of node1.example.zone")), "{printed}");
        assert!(started.code != 0 && printed.contains("node1 is not restarted"), "{printed}");
        assert_eq!(manager.property(SYNC, "ExecMainStatus"), "69", "{printed}");
        assert_eq!(manager.property(MEMBER, "MainPID"), first);

        let drop_in = format!("/run/zone-units/{SYNC}.d/member.conf");
        fs::copy(packaged("zone-etcd-sync-member.conf"), drop_in).expect("the drop-in");
        manager.call(&["systemctl", "daemon-reload"]).expect_code(0);
        let (started, printed) = sync(&manager);
        assert_eq!(started.code, 0, "{}\n{printed}", started.stderr);
        let second = manager.property(MEMBER, "MainPID");
        assert!(second != first && manager.property(MEMBER, "ActiveState") == "active", "{printed}");
        let (started, printed) = sync(&manager);
        assert!(started.code == 0 && printed.ends_with("is in use\n"), "{printed}");
        assert_eq!(manager.property(MEMBER, "MainPID"), second);
    });
}
