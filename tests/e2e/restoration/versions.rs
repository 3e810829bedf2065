//! Snapshots of older and of newer lines of etcd.

use std::fs;

use super::{keys, kill, restore};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::snapshot::{save, zone_of};

fn set_version(zone: &TestZone, from: &str, to: &str) {
    let path = zone.file("zone.toml");
    let text = fs::read_to_string(&path).expect("zone.toml");
    assert!(text.contains(from));
    fs::write(&path, text.replace(from, to)).expect("zone.toml");
}

#[test]
fn of_3_5_onto_3_7_at_once() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "[etcd]\nversion = \"3.5.35\"\n");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        set_version(&zone, "3.5.35", "3.7.3");
        let (told, _running) = restore(&zone, &file, &[]);
        assert_eq!(told["is_compared"], true, "{told}");
        assert_eq!(keys(&zone, 2399), ["one", "three", "two"]);
        let status = zone.run(&["status"]).expect_code(0);
        assert!(status.stdout.contains("3.7.3"), "{}", status.stdout);
    });
}

/// etcd itself would start on it, and misread it.
#[test]
fn of_3_6_onto_3_5_is_refused() {
    isolated(|| {
        let (zone, mut running) = zone_of(1, "[etcd]\nversion = \"3.6.16\"\n");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        set_version(&zone, "3.6.16", "3.5.35");
        let path = file.to_str().expect("a path");
        zone.run(&["snapshot", "restore", path, "--yes"])
            .expect_code(78)
            .expect_error_with(&["the snapshot is of etcd 3.6, and the zone runs 3.5.35"]);
        assert!(!zone.file("ca/restored.json").exists());
        set_version(&zone, "3.5.35", "3.6.16");
        let (_, _running) = restore(&zone, &file, &[]);
    });
}
