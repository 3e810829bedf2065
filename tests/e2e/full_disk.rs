//! The signing host's disk is full in the middle of a command: the same command ends what it began, once
//! there is space.

use std::fs;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use zone_pki::RevocationList;

use crate::harness::isolation::isolated;
use crate::harness::{Outcome, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// A disk of 1 MiB, on which a file leaves so many KiB.
struct Disk {
    _around: tempfile::TempDir,
    place: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let around = tempfile::tempdir().expect("a directory");
        let place = around.path().join("disk");
        fs::create_dir(&place).expect("a directory");
        let flags = MsFlags::empty();
        mount(Some("tmpfs"), &place, Some("tmpfs"), flags, Some("size=1m,mode=700")).expect("a disk");
        Self { _around: around, place }
    }

    fn zone(&self) -> PathBuf {
        self.place.join("zone")
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(zone_etcd(arguments).arg("--zone").arg(self.zone()))
    }

    /// Runs a command with so many KiB left, and once more with all that there is.
    fn run_short_of_space(&self, left: u64, arguments: &[&str]) -> [Outcome; 2] {
        let filling = self.place.join("filling");
        let free = nix::sys::statvfs::statvfs(&self.place).expect("its size");
        let size = free.blocks_available() * free.fragment_size();
        fs::write(&filling, vec![0; usize::try_from(size - left * 1024).expect("a size")])
            .expect("a filling");
        let short = self.run(arguments);
        fs::remove_file(filling).expect("the filling");
        [short, self.run(arguments)]
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = nix::mount::umount(&self.place);
    }
}

fn list(path: &Path) -> RevocationList {
    RevocationList::from_der(&fs::read(path).expect("a list")).expect("a list")
}

#[test]
fn a_revocation_is_ended_by_the_same_command() {
    isolated(|| {
        let mut failed = 0;
        for left in (0..=64).step_by(4) {
            let disk = Disk::new();
            let nodes: Vec<String> = NODES
                .iter()
                .enumerate()
                .map(|(at, name)| format!("{name}=127.0.0.1:{}:{}", 2380 + 10 * at, 2379 + 10 * at))
                .collect();
            let nodes = nodes.iter().flat_map(|node| ["--node", node]);
            disk.run(&[&["init", "--name", "example.zone"][..], &nodes.collect::<Vec<_>>()].concat())
                .expect_code(0);
            disk.run(&["pki", "issue", "--all"]).expect_code(0);
            disk.run(&["pki", "issue", "--client", "app"]).expect_code(0);
            let text = fs::read(disk.zone().join("clients/app/current/client.crt")).expect("a certificate");
            let leaf = zone_pki::Certificate::from_pem(&text).expect("a certificate");

            let [short, again] = disk.run_short_of_space(left, &["pki", "revoke", "client/app"]);
            failed += usize::from(short.code != 0);
            again.expect_code(0);
            let zones = list(&disk.zone().join("ca/client.crl"));
            assert!(zones.lists(&leaf), "{left} KiB: {}", short.stderr);
            for node in NODES {
                let of_node = list(&disk.zone().join(format!("nodes/{node}/pki/current/client.crl")));
                assert_eq!(of_node, zones, "{left} KiB, {node}: {}", short.stderr);
            }
            assert!(!disk.zone().join("clients/app").exists(), "{left} KiB");
            disk.run(&["pki", "check"]).expect_code(0);
        }
        assert!(failed > 3, "the disk was full {failed} times");
    });
}

#[test]
fn a_zone_and_its_first_bundles_are_made_by_the_same_commands() {
    isolated(|| {
        let mut failed = [0, 0];
        for left in (0..=96).step_by(8) {
            let disk = Disk::new();
            let init = ["init", "--name", "example.zone", "--node", "node1=127.0.0.1"];
            let [short, again] = disk.run_short_of_space(left, &init);
            failed[0] += usize::from(short.code != 0);
            // What was made by the first call is there already, and is said.
            assert!(matches!(again.code, 0 | 73), "{left} KiB: {} {}", short.stderr, again.stderr);
            disk.run(&["pki", "check"]);
            let out = disk.place.join("out").display().to_string();
            let [short, again] = disk.run_short_of_space(left, &["bundle", "--no-encryption", "--out", &out]);
            failed[1] += usize::from(short.code != 0);
            again.expect_code(0);
            let told = outcome(
                zone_etcd(["bundle", "inspect", "--format", "json"]).arg(format!("{out}/node1.bundle")),
            );
            assert!(
                told.expect_code(0).stdout.contains("\"may_bootstrap\": true"),
                "{left} KiB: {}",
                short.stderr
            );
        }
        assert!(failed.iter().all(|failed| *failed > 2), "the disk was full {failed:?} times");
    });
}
