//! A healthy member is not stopped for a start that would be refused, whatever stops members and however they
//! are reached.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, make_leader, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_in_order, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
const ENDPOINTS: [&str; 3] = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];

/// A zone whose members run from node directories of their own, which the command of [access] reaches.
struct Reached {
    zone: TestZone,
    place: PathBuf,
    members: Vec<Supervised>,
}

impl Reached {
    /// `command` is that of [access].
    #[track_caller]
    fn with(command: &str) -> Self {
        let place = std::env::temp_dir().join("nodes");
        fs::create_dir(&place).expect("a directory");
        let shown = place.display();
        let zone = loopback_zone(
            3,
            &format!("[access]\ncommand = \"{command}\"\nnode_dir = \"{shown}/{{name}}\"\nlimit = \"20s\"\n"),
        );
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let mut members: Vec<Supervised> = Vec::new();
        for node in NODES {
            let parent = std::process::id().to_string();
            let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
            run.arg(place.join(node).join("node.json"));
            members.push(Supervised::start(run, zone.around().to_owned(), node));
        }
        for (endpoint, member) in ENDPOINTS.iter().zip(&members) {
            member.wait_for_line(&["\"serving client traffic securely\""]);
            wait_for_quorum(&etcdctl(&zone, endpoint));
        }
        Self { zone, place, members }
    }

    fn new() -> Self {
        Self::with(&program().display().to_string())
    }

    fn file(&self, node: &str, name: &str) -> PathBuf {
        self.place.join(node).join(name)
    }

    /// A command on the machine of node2.
    fn on_node2(&self, arguments: &[&str]) -> Outcome {
        outcome(zone_etcd(arguments).arg("--config").arg(self.file("node2", "node.json")))
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn starts(members: &[Supervised]) -> Vec<usize> {
    members.iter().map(Supervised::starts).collect()
}

/// Asserts that a command has refused, with this code and these words, and that every member is the process
/// that it was.
#[track_caller]
fn refused(members: &[Supervised], code: i32, texts: &[&str], command: impl FnOnce() -> Outcome) {
    let before: Vec<u32> = members.iter().map(Supervised::pid).collect();
    let told = command().expect_code(code).expect_error_with(texts);
    assert!(!told.stderr.contains("leadership moved"), "{}", told.stderr);
    assert!(
        !told.stderr.contains("supervisor") && !told.stderr.contains("nobody has started"),
        "{}",
        told.stderr
    );
    assert_eq!(members.iter().map(Supervised::pid).collect::<Vec<_>>(), before);
    assert_eq!(starts(members), [1; 3]);
    assert!(members.iter().all(|member| !member.has_ended()));
}

/// Asks by every command that restarts node2, and then `run` itself. Others may be restarted, as long as they
/// would start again.
#[track_caller]
fn nobody_stops(damage: impl FnOnce(&Reached), code: i32, texts: &[&str]) {
    let reached = Reached::new();
    damage(&reached);
    nobody_stops_there(reached, code, texts, |reached, texts| {
        refused(&reached.members, code, texts, || reached.zone.run(&["restart", "--rolling"]));
        reached.zone.run(&["restart", "--rolling", "node3"]).expect_code(0);
        assert_eq!(starts(&reached.members), [1, 1, 2]);
    });
}

#[track_caller]
fn nobody_stops_there(
    mut reached: Reached,
    code: i32,
    texts: &[&str],
    others: impl FnOnce(&Reached, &[&str]),
) {
    let texts = &[&["node2 is not restarted: it would not start again"], texts].concat()[..];
    let Reached { zone, members, .. } = &reached;
    refused(members, code, texts, || reached.on_node2(&["restart"]));
    refused(members, code, texts, || reached.on_node2(&["restart", "--dry-run"]));
    refused(members, code, texts, || zone.run(&["restart", "--rolling", "node2"]));
    others(&reached, texts);
    // It is the verdict of `run`, and that of `plan` and `check`.
    reached.on_node2(&["plan"]).expect_code(code).expect_error_with(&texts[1..]);
    reached.on_node2(&["check"]).expect_code(code);
    reached.members[1].end(Signal::SIGKILL);
    reached.on_node2(&["run"]).expect_code(code).expect_error_with(&texts[1..]);
}

#[test]
fn a_key_that_others_can_read() {
    isolated(|| {
        let damage = |reached: &Reached| chmod(&reached.file("node2", "pki/current/peer.key"), 0o644);
        nobody_stops(damage, 65, &["peer.key: its mode is 0644", "chmod 600"]);
    });
}

/// It serves by what it has read, and would trust nobody after the next start.
#[test]
fn a_ca_file_that_etcd_passes_over() {
    isolated(|| {
        let damage = |reached: &Reached| {
            let path = reached.file("node2", "pki/current/peer-ca.crt");
            let text = fs::read_to_string(&path).expect("the CAs");
            fs::write(path, format!("{} # old\n", text.trim_end())).expect("written");
        };
        let reached = Reached::new();
        damage(&reached);
        let texts = ["peer-ca.crt cannot be used", "something follows an END line on the same line"];
        refused(&reached.members, 65, &texts, || reached.on_node2(&["restart"]));
        refused(&reached.members, 65, &texts[1..], || reached.zone.run(&["restart", "--rolling"]));
        reached.on_node2(&["plan"]).expect_code(65).expect_error_with(&texts);
    });
}

#[test]
fn a_foreign_peer_certificate() {
    isolated(|| {
        let reached = Reached::new();
        let other = fs::read(reached.file("node1", "pki/current/server.crt")).expect("a certificate");
        fs::write(reached.file("node2", "pki/current/peer.crt"), other).expect("written");
        let texts = ["peer.crt: it was issued by another CA", "zone-etcd pki renew node2"];
        nobody_stops_there(reached, 65, &texts, |Reached { zone, members, .. }, _| {
            // It serves by the connections that it has, and another one that is stopped would get none: least
            // of all if it leads.
            make_leader(&etcdctl(zone, &ENDPOINTS.join(",")), "node2");
            let texts =
                ["node3 is not restarted", "node2 takes no connections from members", "zone-etcd doctor"];
            refused(members, 69, &texts, || zone.run(&["restart", "--rolling", "node3"]));
        });
    });
}

/// The gates are waited for, so a certificate that is put right meanwhile opens them.
#[test]
fn a_peer_certificate_that_is_put_right_meanwhile() {
    isolated(|| {
        let reached = Reached::new();
        let file = reached.file("node2", "pki/current/peer.crt");
        let sound = fs::read(&file).expect("a certificate");
        fs::copy(reached.file("node1", "pki/current/server.crt"), &file).expect("written");
        let mut command = zone_etcd(["restart", "--config"]);
        command.arg(reached.file("node3", "node.json"));
        let mut restart = Running::start(&mut command, reached.zone.around(), "restart");
        restart.wait_for_line(&["node3 is not restarted yet", "node2 takes no connections from members"]);
        fs::write(&file, sound).expect("put right");
        assert!(restart.end().success(), "{}", restart.stderr());
        assert_eq!(starts(&reached.members), [1, 1, 2]);
    });
}

/// A member that is cut off from one of the others, and served by the third, is not stopped either.
#[test]
fn a_peer_port_that_the_member_does_not_reach() {
    isolated(|| {
        let network = Network::new(&[("node1", "10.0.1.10"), ("node2", "10.0.1.11"), ("node3", "10.0.1.12")]);
        let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
        let members = supervise_in_order(&zone, &NODES, |node, run| network.on(node, &run));
        let ask = |command: &[&str]| outcome(&mut network.on("node3", &zone.command(command)));
        until("the zone to be healthy", || (ask(&["status"]).code == 0).then_some(()));
        let endpoints = "https://10.0.1.10:2379,https://10.0.1.11:2379,https://10.0.1.12:2379";
        make_leader(&network.on("node3", &etcdctl(&zone, endpoints)), "node1");
        let rule = "-n node3 rule add to 10.0.1.11 ipproto tcp dport 2380 blackhole";
        outcome(Command::new("ip").args(rule.split(' '))).expect_code(0);
        let texts = ["node3 is not restarted", "node2 takes no connections from members"];
        refused(&members, 69, &texts, || ask(&["restart", "--node", "node3"]));
        let listed = ask(&["restart", "--node", "node3", "--dry-run"]).expect_code(69);
        assert!(listed.stdout.contains(texts[1]), "{}", listed.stdout);
    });
}

/// A rotation and a move bring new certificates to the node, so it is something else that is wrong with it.
#[test]
fn nor_by_a_rotation_or_a_move_on_a_node_that_is_reached() {
    isolated(|| {
        let reached = Reached::new();
        let Reached { zone, members, .. } = &reached;
        let state = reached.file("node2", "state.json");
        let sound = fs::read(&state).expect("the state");
        fs::write(&state, "{").expect("written");
        let texts = ["node2 is not restarted: it would not start again", "state.json is damaged"];
        refused(members, 65, &texts, || zone.run(&["pki", "rotate-ca", "--plane", "peer"]));
        fs::write(&state, &sound).expect("written");
        zone.run(&["pki", "rotate-ca", "--rollback"]).expect_code(0);

        let before = starts(members);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let text = text.replace("= 2389", "= 2489").replace("= 2390", "= 2490");
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        fs::write(&state, "{").expect("written");
        zone.run(&["member", "update", "node2"]).expect_code(65).expect_error_with(&texts);
        assert_eq!(starts(members), before);
        fs::write(&state, &sound).expect("written");
        zone.run(&["member", "update", "node2"]).expect_code(0);
        assert_eq!(starts(members), [before[0], before[1] + 1, before[2]]);
    });
}

/// The line that is typed on a node to which files are carried.
#[test]
fn nor_by_what_is_typed_where_a_bundle_was_carried() {
    isolated(|| {
        let reached = Reached::new();
        let Reached { zone, members, .. } = &reached;
        let out = zone.around().join("out");
        let mut rotate = zone.command(&["pki", "rotate-ca", "--plane", "peer", "--no-encryption"]);
        let rotate = outcome(rotate.arg("--out").arg(&out)).expect_code(0);
        assert!(
            rotate.stderr.contains("&& zone-etcd restart --format json > node2.restarted"),
            "{}",
            rotate.stderr
        );
        let mut activate = zone_etcd(["activate"]);
        activate.arg(out.join("node2.bundle")).arg("--node-dir").arg(reached.place.join("node2"));
        outcome(&mut activate).expect_code(0);
        chmod(&reached.file("node2", "data"), 0o755);
        let texts =
            ["node2 is not restarted: it would not start again", "data", "its mode is 0755", "chmod 700"];
        refused(members, 77, &texts, || reached.on_node2(&["restart", "--format", "json"]));
        chmod(&reached.file("node2", "data"), 0o700);
        reached.on_node2(&["restart", "--format", "json"]).expect_code(0);
        assert_eq!(starts(members), [1, 2, 1]);
    });
}

/// One that does not know the question is restarted as before.
#[test]
fn an_older_program_on_the_nodes_is_not_in_the_way() {
    isolated(|| {
        let older = std::env::temp_dir().join("older");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *--dry-run*) echo \"error: unexpected argument '--dry-run' found\" \
             >&2; exit 64;; esac\n\
             exec {} \"$@\"\n",
            program().display()
        );
        fs::write(&older, script).expect("a program");
        chmod(&older, 0o755);
        let reached = Reached::with(&older.display().to_string());
        let told = reached.zone.run(&["restart", "--rolling", "node1", "node3"]).expect_code(0);
        assert!(told.stderr.contains("node1 runs an older zone-etcd"), "{}", told.stderr);
        assert_eq!(starts(&reached.members), [2, 1, 2]);
    });
}

/// Members that run from the zone directory: `run` issues again what is wrong with certificates, and refuses
/// other things.
#[test]
fn nobody_is_stopped_in_a_zone_directory() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &NODES);
        let would_not = "node2 is not restarted: it would not start again";
        let data = zone.file("nodes/node2/data");
        chmod(&data, 0o755);
        let texts = [would_not, "its mode is 0755", "chmod 700"];
        for arguments in [
            &["restart", "--node", "node2"][..],
            &["restart", "--node", "node2", "--dry-run"],
            &["restart", "--rolling"],
            &["pki", "rotate-ca", "--plane", "peer"],
        ] {
            refused(&members, 77, &texts, || zone.run(arguments));
        }
        chmod(&data, 0o700);
        zone.run(&["pki", "rotate-ca", "--rollback"]).expect_code(0);
        let would = zone.run(&["restart", "--node", "node2", "--dry-run"]).expect_code(0).stdout;
        let words = would.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("would start again node2 open resume"), "{would}");

        // What is issued at a start takes the key, and nobody is there to unlock it.
        let passphrase = zone.around().join("passphrase");
        fs::write(&passphrase, "correct horse battery staple\n").expect("a passphrase");
        chmod(&passphrase, 0o600);
        let locked = ["ca", "lock", "--ca-passphrase-file", passphrase.to_str().expect("a path")];
        zone.run(&locked).expect_code(0);
        let before = starts(&members);
        let key = zone.file("nodes/node2/pki/current/peer.key");
        chmod(&key, 0o644);
        zone.run(&["restart", "--node", "node2"]).expect_code(66).expect_error_with(&[
            would_not,
            "the keys of the CAs are locked",
            "pki issue node2",
        ]);
        assert_eq!(starts(&members), before);
        chmod(&key, 0o600);
        zone.run(&["restart", "--node", "node2"]).expect_code(0);
    });
}

/// The cluster is not told of a place where the member could not start.
#[test]
fn a_member_does_not_move_to_a_port_that_is_taken() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &NODES);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let taken = TcpListener::bind("127.0.0.1:2490").expect("the port is free");
        let moved = text.replace("= 2389", "= 2489").replace("= 2390", "= 2490");
        fs::write(zone.file("zone.toml"), moved).expect("zone.toml");
        let texts = ["node2 is not moved: it would not start there", "port 2490 of 127.0.0.1 is in use by"];
        refused(&members, 75, &texts, || zone.run(&["member", "update", "node2"]));
        let list = call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["member", "list"]).expect_code(0).stdout;
        assert!(list.contains("127.0.0.1:2390") && !list.contains("2490"), "{list}");
        drop(taken);
        until("the move", || (zone.run(&["member", "update", "node2"]).code == 0).then_some(()));
        assert_eq!(starts(&members), [1, 2, 1]);
    });
}

/// The program on the node is another one by now, with an etcd packed into it that the disk has no room for.
#[test]
fn an_etcd_that_cannot_be_unpacked() {
    isolated(|| {
        let reached = Reached::new();
        let bundle = reached.zone.around().join("3.7.3");
        fs::create_dir(&bundle).expect("a directory");
        let mut etcd = vec![0; 1 << 20];
        aws_lc_rs::rand::fill(&mut etcd).expect("random bytes");
        fs::write(bundle.join("etcd"), &etcd).expect("a file");
        let sha256 = zone_pki::hex::encode(digest(&SHA256, &etcd).as_ref());
        let files = serde_json::json!({ "etcd": { "sha256": sha256, "size": etcd.len() } });
        let manifest = serde_json::json!({
            "format": 1, "version": "3.7.3", "source": "a test", "files": files,
        });
        fs::write(bundle.join("manifest.json"), manifest.to_string()).expect("a manifest");
        let packed = reached.zone.around().join("zone-etcd");
        payload::append(&program(), &[&bundle], &packed).expect("packed");
        let cache = reached.zone.around().join("cache");
        fs::create_dir(&cache).expect("a directory");
        mount(Some("tmpfs"), &cache, Some("tmpfs"), MsFlags::empty(), Some("size=256k,mode=700"))
            .expect("a disk");
        let texts = ["node2 is not restarted: it would not start again", "No space left on device"];
        refused(&reached.members, 73, &texts, || {
            let mut restart = Command::new(&packed);
            restart.args(["restart", "--config"]).arg(reached.file("node2", "node.json"));
            outcome(restart.env("ZONE_ETCD_CACHE", &cache).env("NO_COLOR", "1"))
        });
    });
}
