//! A node without a member: up to date, brought up to date, and told of.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::Fleet;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, turn_authentication_on};
use crate::harness::processes::{Running, until};
use crate::harness::{outcome, zone_etcd};

#[test]
fn up_to_date_twice_and_then_a_new_bundle() {
    isolated(|| {
        let fleet = Fleet::of_one();
        let joined = fleet.join("worker");
        let key = fleet.directory("worker").join("delivery.key");
        assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
        assert_eq!(joined["recipient"], fleet.recipient("worker"));
        let (made, first) = (fs::read(&key).expect("a key"), joined["sequence"].as_u64().expect("a number"));

        let told = fleet.sync("worker", &[]).expect_code(0);
        let line = format!("worker.example.zone is up to date: bundle {first} is in use");
        assert!(told.stderr.contains(&line) && told.stdout.is_empty(), "{}", told.stderr);
        let before = fleet.answer("worker");
        assert_eq!((before.sequence, before.is_member, before.needs_restart), (first, false, false));
        assert_eq!(before.recipient.as_deref(), joined["recipient"].as_str());
        assert_eq!(before.manifest_sha256, joined["manifest_sha256"].as_str().expect("a digest"));
        assert_eq!((before.etcd.clone(), before.not_activated.clone()), (None, None));
        let again = fleet.synced("worker", &[]);
        assert_eq!((&again["activated"], &again["sequence"]), (&serde_json::json!([]), &first.into()));
        let after = fleet.answer("worker");
        assert!(after.says_the_same(&before) && after.at >= before.at);

        let second = fleet.deliver("worker");
        assert!(second > first);
        let told = fleet.synced("worker", &[]);
        assert_eq!(told["activated"], serde_json::json!([second]));
        assert_eq!((fleet.in_use("worker"), fleet.answer("worker").sequence), (second, second));
        assert_eq!(fs::read(&key).expect("a key"), made, "the key is never replaced");
        assert_eq!(fleet.synced("worker", &[])["activated"], serde_json::json!([]));
        let doctor =
            zone_etcd(["doctor", "--config"]).arg(fleet.directory("worker").join("node.json")).output();
        let doctor = doctor.expect("it starts");
        let told = String::from_utf8_lossy(&doctor.stdout);
        assert_eq!(doctor.status.code(), Some(0), "{told}");
        assert!(told.contains("has no member") && told.contains("example.zone: "), "{told}");
    });
}

/// A node directory of an older version has no key of its own: it gets one, and tells it.
#[test]
fn a_key_that_is_missing_is_made() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        let key = fleet.directory("worker").join("delivery.key");
        let first = fleet.recipient("worker");
        fs::remove_file(&key).expect("removed");
        fleet.synced("worker", &[]);
        let second = fleet.recipient("worker");
        assert!(second != first && fleet.answer("worker").recipient == Some(second));
        // Something else in its place is not replaced.
        fs::write(&key, "something else\n").expect("written");
        let told = fleet.sync("worker", &[]).expect_code(65);
        let told = told.expect_error_with(&["delivery.key is not an age key", "put it back from a copy"]);
        assert!(told.stdout.is_empty() && fs::read(&key).expect("a file") == b"something else\n");
    });
}

/// What the operator went back from is not activated again by the timer.
#[test]
fn a_rollback_stays() {
    isolated(|| {
        let fleet = Fleet::of_one();
        let first = fleet.join("worker")["sequence"].as_u64().expect("a number");
        let second = fleet.deliver("worker");
        fleet.synced("worker", &[]);
        let directory = fleet.directory("worker");
        outcome(zone_etcd(["activate", "--rollback", "--node-dir"]).arg(&directory)).expect_code(0);
        assert_eq!(fleet.in_use("worker"), first);
        assert_eq!(fleet.synced("worker", &[])["activated"], serde_json::json!([]));
        assert_eq!((fleet.in_use("worker"), fleet.answer("worker").sequence), (first, first));
        let third = fleet.deliver("worker");
        assert!(third > second);
        assert_eq!(fleet.synced("worker", &[])["activated"], serde_json::json!([third]));
    });
}

/// With the SSH host key in the place of a key of its own.
#[test]
fn opened_with_another_key() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        let key = fleet.zone.around().join("ssh_host_ed25519_key");
        let mut keygen = std::process::Command::new("ssh-keygen");
        outcome(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)).expect_code(0);
        let public = fs::read_to_string(key.with_extension("pub")).expect("a public key");
        let (_, before) = fleet.made("worker", &["--recipient", public.trim()]);
        let above = before.to_string();
        let (file, sequence) = fleet.made("worker", &["--recipient", public.trim(), "--above", &above]);
        fleet.put_bundle("worker", sequence, &fs::read(file).expect("a bundle"));
        fleet.sync("worker", &[]).expect_code(65).expect_error_with(&["was not activated"]);
        let told = fleet.synced("worker", &["--identity", key.to_str().expect("a path")]);
        assert_eq!(told["activated"], serde_json::json!([sequence]));
        let answer = fleet.answer("worker");
        assert_eq!((answer.sequence, answer.recipient), (sequence, None));
    });
}

/// With etcd's authentication on, a node needs a role for its keys.
#[test]
fn without_permission_in_etcd() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        fleet.deliver("worker");
        let first = fleet.in_use("worker");
        turn_authentication_on(&fleet.zone);
        let mut sync = fleet.sync_command("worker", &[]);
        let mut sync = Running::start(sync.stdin(Stdio::null()), fleet.zone.around(), "sync");
        let told = sync.outcome().expect_code(77);
        assert!(told.stderr.contains("this node may not read its bundles in etcd"), "{}", told.stderr);
        assert_eq!(fleet.in_use("worker"), first);
        // A role that reads its prefix and writes its answer is all that it needs.
        let name = "worker.example.zone";
        let (delivery, answer) =
            (format!("/zone-etcd/delivery/{name}/"), format!("/zone-etcd/answer/{name}"));
        for words in [
            vec!["user", "add", name, "--no-password"],
            vec!["role", "add", name],
            vec!["role", "grant-permission", name, "read", &delivery, "--prefix"],
            vec!["role", "grant-permission", name, "readwrite", &answer],
            vec!["user", "grant-role", name, name],
        ] {
            call(&fleet.etcdctl, &words).expect_code(0);
        }
        let told = fleet.synced("worker", &[]);
        assert_eq!(told["activated"].as_array().map(Vec::len), Some(1));
        assert_eq!(fleet.answer("worker").sequence, fleet.in_use("worker"));
        let mut watch = fleet.sync_command("worker", &["--watch"]);
        let mut watch = Running::start(watch.stdin(Stdio::null()), fleet.zone.around(), "watch");
        let next = fleet.deliver("worker");
        until("the next bundle", || (fleet.in_use("worker") == next).then_some(()));
        watch.stop();
    });
}

#[test]
fn only_an_activated_node_and_only_with_members() {
    isolated(|| {
        let mut fleet = Fleet::of_one();
        fleet.join("worker");
        let mut elsewhere = zone_etcd(["sync", "--config"]);
        outcome(elsewhere.arg(fleet.zone.file("node.json"))).expect_code(66);
        for member in &mut fleet.members {
            member.stop();
        }
        fleet.sync("worker", &[]).expect_code(69).expect_error_with(&[
            "no member is reached",
            "nothing listens at 127.0.0.1:2379",
            "status --config",
        ]);
    });
}
