//! Nodes with directories of their own: reached by the command of `[access]`, or by files that are carried.

use std::fmt::Display;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use super::keys;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::programs::write_program;
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program, zone_etcd};
use crate::snapshot::{NODES, fill, json, save};

fn directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("machines").join(node)
}

pub(super) fn run_there(zone: &TestZone, node: &str) -> Supervised {
    let parent = std::process::id().to_string();
    let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
    run.arg(directory(node).join("node.json"));
    Supervised::start(run, zone.around().to_owned(), node)
}

/// A zone whose nodes the command of [access] reaches.
#[track_caller]
pub(super) fn reached_zone(members: u16, command: impl Display, more: &str) -> TestZone {
    let place = std::env::temp_dir().join("machines");
    fs::create_dir_all(&place).expect("a directory");
    let access =
        format!("[access]\ncommand = \"{command}\"\nnode_dir = \"{}/{{name}}\"\n{more}", place.display());
    let zone = loopback_zone(members, &access);
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    zone
}

/// Its members, with a key and a snapshot.
#[track_caller]
pub(super) fn run_all(zone: &TestZone) -> (Vec<Supervised>, PathBuf) {
    let running = NODES.iter().map(|node| run_there(zone, node)).collect();
    for port in [2379, 2389, 2399] {
        wait_for_quorum(&etcdctl(zone, &format!("https://127.0.0.1:{port}")));
    }
    call(&etcdctl(zone, "https://127.0.0.1:2379"), &["put", "kept", "value"]).expect_code(0);
    let (file, _) = save(zone, &[]);
    (running, file)
}

pub(super) fn path(file: &Path) -> &str {
    file.to_str().expect("a path")
}

/// One of the three is alive, and is stopped; the snapshot is sealed, and its key stays where it is.
#[test]
fn by_the_command_of_access() {
    isolated(|| {
        let zone = reached_zone(3, program().display(), "");
        let (mut running, plain) = run_all(&zone);
        fs::remove_dir_all(plain.parent().expect("a directory")).expect("removed");
        let (key, public) = key_pair(&zone);
        let (file, _) = save(&zone, &["--recipient", &public]);
        for node in [0, 1] {
            running[node].end(Signal::SIGKILL);
            fs::remove_dir_all(directory(NODES[node]).join("data")).expect("data that is lost");
        }
        let arguments = ["snapshot", "restore", path(&file), "--identity", path(&key), "--yes", "-o", "json"];
        let mut restoring = Running::start(&mut zone.command(&arguments), zone.around(), "restoring");
        restoring.wait_for_line(&["node1", "has to be started", "--config"]);
        // Its own supervisor has started the third again, unless it was quicker than the data was replaced.
        until("the end of the restore", || {
            running.iter_mut().filter(|member| member.has_ended()).for_each(Supervised::start_again);
            (!restoring.is_alive()).then_some(())
        });
        assert!(restoring.end().success(), "{}", restoring.stderr());
        let told: serde_json::Value = serde_json::from_str(&restoring.stdout()).expect("JSON");
        assert_eq!(told["is_compared"], true, "{told}");
        assert_eq!(told["nodes"].as_array().expect("nodes").len(), 3, "{told}");
        assert!(told["nodes"][2]["old_data"].as_str().expect("a path").contains("data.aside-"), "{told}");
        assert_eq!(keys(&zone, 2399), ["kept"]);
        zone.run(&["status"]).expect_code(0);
        // Nothing of the database is left beside it.
        let left = fs::read_dir(directory("node1")).expect("a directory");
        let left: Vec<String> = left
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .filter(|name| name.contains(".restored-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

/// Its whole directory is gone before all were seen to serve: it may have voted.
#[test]
fn a_node_that_has_lost_all_is_not_given_it_again_by_access() {
    isolated(|| {
        let zone = reached_zone(3, program().display(), "");
        let (mut running, file) = run_all(&zone);
        super::kill(&mut running);
        let arguments = ["snapshot", "restore", path(&file), "--yes", "--timeout", "1s"];
        zone.run(&arguments).expect_code(75).expect_error_with(&["has to be started"]);
        fs::remove_dir_all(directory("node2")).expect("a machine that is lost");
        zone.run(&arguments)
            .expect_code(65)
            .expect_error_with(&["node2 had the restored data, and has lost it", "member replace node2"]);
        assert!(!directory("node2").join("data").exists());
    });
}

/// The zone is another cluster from the first step on, so what a node could not take is known before.
#[test]
fn a_node_without_room_is_named_before_anything_is_changed() {
    isolated(|| {
        let disk = directory("node2");
        fs::create_dir_all(&disk).expect("a directory");
        mount(Some("tmpfs"), &disk, Some("tmpfs"), MsFlags::empty(), Some("size=400m,mode=700"))
            .expect("a disk");
        let zone = reached_zone(3, program().display(), "");
        let (mut running, file) = run_all(&zone);
        super::kill(&mut running);
        let filled = File::create(disk.join("filled")).expect("a file");
        let mut left = nix::sys::statvfs::statvfs(&disk).expect("its size");
        let bytes = left.blocks_available() * left.fragment_size() - (50 << 20);
        nix::fcntl::posix_fallocate(&filled, 0, i64::try_from(bytes).expect("a size")).expect("filled");
        left = nix::sys::statvfs::statvfs(&disk).expect("its size");
        assert!(left.blocks_available() * left.fragment_size() <= 50 << 20);

        let arguments = ["snapshot", "restore", path(&file), "--yes", "--timeout", "1s"];
        let texts = ["node2: there is no room for the restored data", "50.0 MiB are free"];
        zone.run(&arguments).expect_code(73).expect_error_with(&texts);
        let told = zone.run(&[&arguments[..], &["--dry-run"]].concat()).expect_code(73);
        assert!(told.stdout.contains("node2: there is no room"), "{}", told.stdout);
        assert!(!zone.file("ca/restored.json").exists());
        for node in NODES {
            assert!(!directory(node).join("restored.json").exists(), "{node}");
        }
        drop(filled);
        fs::remove_file(disk.join("filled")).expect("removed");
        zone.run(&arguments).expect_code(75).expect_error_with(&["node1 has to be started"]);
        assert!(zone.file("ca/restored.json").exists());
    });
}

fn key_pair(zone: &TestZone) -> (PathBuf, String) {
    let key = zone.around().join("backup");
    let mut keygen = Command::new("ssh-keygen");
    outcome(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)).expect_code(0);
    let public = fs::read_to_string(key.with_extension("pub")).expect("a public key");
    (key, public.trim().to_owned())
}

/// The lines that are printed are typed on each node; the same command sees that it is done.
#[test]
fn by_files_that_are_carried() {
    isolated(|| {
        fs::create_dir(std::env::temp_dir().join("machines")).expect("a directory");
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let out = zone.around().join("out");
        let mut bundle = zone.command(&["bundle", "--no-encryption"]);
        outcome(bundle.arg("--out").arg(&out)).expect_code(0);
        NODES.iter().for_each(|node| activate(&zone, &out, node));
        let (mut running, file) = run_all(&zone);
        super::kill(&mut running);
        fs::remove_dir_all(directory("node2").join("data")).expect("data that is lost");

        let out = zone.around().join("restored");
        let arguments = [
            "snapshot",
            "restore",
            path(&file),
            "--yes",
            "-o",
            "json",
            "--out",
            path(&out),
            "--no-encryption",
        ];
        zone.run(&arguments[..4]).expect_code(64).expect_error_with(&["--out DIR --recipient KEY"]);
        let name = file.file_name().expect("a name").to_str().expect("a name");
        let line = format!("node2: zone-etcd snapshot restore {name}");
        let told = zone.run(&arguments).expect_code(75).expect_error_with(&["activate", &line, "start it"]);
        assert!(told.stderr.contains("node1, node2 and node3"), "{}", told.stderr);
        // Without the data none begins, and what is of before does not go on.
        for node in NODES {
            activate(&zone, &out, node);
            let config = directory(node).join("node.json");
            outcome(zone_etcd(["run", "--config"]).arg(&config))
                .expect_code(65)
                .expect_error_with(&["zone-etcd snapshot restore FILE --config"]);
            let mut restore = zone_etcd(["snapshot", "restore", path(&file), "-o", "json", "--config"]);
            let restored = json(&outcome(restore.arg(&config)).expect_code(0));
            assert_eq!(restored["state"], "in-place", "{restored}");
            assert_eq!(restored["old_data"].is_string(), node != "node2", "{restored}");
        }
        let mut back = zone_etcd(["activate", "--rollback", "--node-dir"]);
        outcome(back.arg(directory("node1")))
            .expect_code(65)
            .expect_error_with(&["the zone was restored since"]);
        running.iter_mut().for_each(Supervised::start_again);
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2399"));
        let told = json(&zone.run(&arguments).expect_code(0));
        assert_eq!((&told["is_compared"], &told["epoch"]), (&true.into(), &1.into()), "{told}");
        assert_eq!(keys(&zone, 2389), ["kept"]);
        a_disk_that_is_lost_since_takes_its_votes_along(&zone, &mut running, (&file, &out));
    });
}

/// Given the restored data once more, the member would have forgotten what it has acknowledged.
#[track_caller]
fn a_disk_that_is_lost_since_takes_its_votes_along(
    zone: &TestZone,
    running: &mut [Supervised],
    (file, early): (&Path, &Path),
) {
    let config = directory("node2").join("node.json");
    let refused = || {
        let mut restore = zone_etcd(["snapshot", "restore", path(file), "--config"]);
        outcome(restore.arg(&config))
            .expect_code(65)
            .expect_error_with(&["was restored before, and its data is gone", "member replace node2"]);
    };
    running[1].end(Signal::SIGKILL);
    fs::remove_dir_all(directory("node2")).expect("a disk that is lost");
    // The order of before does not know that it was complete; the others do.
    activate(zone, early, "node2");
    refused();
    let later = zone.around().join("later");
    let mut bundle = zone.command(&["bundle", "node2", "--no-encryption"]);
    outcome(bundle.arg("--out").arg(&later)).expect_code(0);
    fs::remove_dir_all(directory("node2")).expect("a disk that is lost");
    activate(zone, &later, "node2");
    let others = [0, 2];
    others.iter().for_each(|other| running[*other].signal(Signal::SIGSTOP));
    refused();
    others.iter().for_each(|other| running[*other].signal(Signal::SIGCONT));
    outcome(zone_etcd(["run", "--config"]).arg(&config))
        .expect_code(65)
        .expect_error_with(&["member replace node2"]);
}

#[track_caller]
fn activate(zone: &TestZone, out: &Path, node: &str) {
    zone.activate(&out.join(format!("{node}.bundle")), &directory(node));
}

/// However long it takes: the limit is for each piece of the snapshot. One that takes nothing is given up.
#[test]
fn a_slow_line_is_no_stall() {
    isolated(|| {
        let place = std::env::temp_dir().join("machines");
        fs::create_dir(&place).expect("a directory");
        let stand_in = place.join("slow");
        let slow = format!(
            "#!/bin/sh\ncase $* in\n*--stage\\ *) if [ -e {0}/stalled ]; then exec sleep 60; fi\n\
             for piece in $(seq 24); do dd bs=1M count=1 iflag=fullblock 2>/dev/null; sleep 0.25; done |\n\
             {1} \"$@\" ;;\n*) exec {1} \"$@\" ;;\nesac\n",
            place.display(),
            program().display()
        );
        write_program(&stand_in, slow);
        let zone = reached_zone(1, stand_in.display(), "limit = \"3s\"\n");
        let mut member = run_there(&zone, "node1");
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        fill(&zone, 7);
        let (file, _) = save(&zone, &[]);
        member.end(Signal::SIGKILL);
        fs::write(place.join("stalled"), "").expect("a file");
        zone.run(&["snapshot", "restore", path(&file), "--yes"])
            .expect_code(69)
            .expect_error_with(&["node1 is not reached", "it took longer than 3s"]);
        fs::remove_file(place.join("stalled")).expect("removed");
        let arguments = ["snapshot", "restore", path(&file), "--yes"];
        let mut restoring = Running::start(&mut zone.command(&arguments), zone.around(), "restoring");
        restoring.wait_for_line(&["has to be started"]);
        member.start_again();
        assert!(restoring.end().success(), "{}", restoring.stderr());
    });
}

/// The bundle of a version that must not follow on the data of before is activated: that data is not used.
#[test]
fn of_3_5_onto_3_7_by_the_command_of_access() {
    isolated(|| {
        let place = std::env::temp_dir().join("machines");
        fs::create_dir(&place).expect("a directory");
        let more = format!(
            "[etcd]\nversion = \"3.5.35\"\n[access]\ncommand = \"{}\"\nnode_dir = \"{}/{{name}}\"\n",
            program().display(),
            place.display()
        );
        let zone = loopback_zone(1, &more);
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let mut member = run_there(&zone, "node1");
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        let (file, _) = save(&zone, &[]);
        member.end(Signal::SIGKILL);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        fs::write(zone.file("zone.toml"), text.replace("3.5.35", "3.7.3")).expect("zone.toml");
        let arguments = ["snapshot", "restore", path(&file), "--yes"];
        let mut restoring = Running::start(&mut zone.command(&arguments), zone.around(), "restoring");
        restoring.wait_for_line(&["has to be started"]);
        member.start_again();
        assert!(restoring.end().success(), "{}", restoring.stderr());
    });
}
