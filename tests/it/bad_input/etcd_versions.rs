//! Data on which the version of etcd must not start. What real etcd leaves is in the tests with etcd.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{issued_zone_of_one, refused_by};
use crate::harness::{TestZone, outcome};
use crate::support::{Bucket, StandIn, backend_file, entry, old_request, write_log_with};

const PLAN: [&[&str]; 1] = [&["plan", "--node", "node1"]];

/// Data of node1 whose log holds these requests.
fn give_data(zone: &TestZone, requests: &[Vec<u8>]) -> PathBuf {
    let text = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let id =
        |value: &serde_json::Value| u64::from_str_radix(value.as_str().expect("an id"), 16).expect("an id");
    let data = zone.file("nodes/node1/data");
    let records: Vec<_> = (1..).zip(requests).map(|(index, request)| entry(index, request)).collect();
    write_log_with(&data, id(&plan["member"]["id"]), id(&plan["cluster_id"]), &records);
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).expect("a mode");
    data
}

fn write_backend(data: &Path, cluster: &str) {
    let bucket = |name, key: &str, value: &str| Bucket {
        name,
        entries: vec![(key.as_bytes().to_vec(), value.as_bytes().to_vec())],
        own_pages: false,
    };
    let mut buckets = vec![bucket("cluster", "clusterVersion", cluster)];
    if cluster >= "3.6" {
        buckets.push(bucket("meta", "storageVersion", cluster));
    }
    std::fs::create_dir_all(data.join("member/snap")).expect("a directory");
    std::fs::write(data.join("member/snap/db"), backend_file(&buckets)).expect("the backend");
}

#[test]
fn a_backend_that_is_damaged_is_named() {
    let (zone, etcd) = issued_zone_of_one();
    let data = give_data(&zone, &[]);
    std::fs::create_dir_all(data.join("member/snap")).expect("a directory");
    std::fs::write(data.join("member/snap/db"), [7; 8192]).expect("the damage");
    let texts =
        ["nodes/node1/data/member/snap/db is not a database of etcd, or is damaged", "restore the data"];
    refused_by(&zone, &etcd, &PLAN, 65, &texts);
}

#[test]
fn a_version_is_skipped() {
    let (zone, etcd) = issued_zone_of_one();
    let data = give_data(&zone, &[old_request("PUT", "/0/version")]);
    write_backend(&data, "3.5.0");
    let texts =
        ["must not start with this version", "the data is of etcd 3.5", "run 3.6.16 on every member first"];
    refused_by(&zone, &etcd, &PLAN, 65, &texts);
}

#[test]
fn an_older_version_than_the_data() {
    let (zone, _) = issued_zone_of_one();
    let etcd = StandIn::new(zone.around(), "3.6.16");
    write_backend(&give_data(&zone, &[]), "3.7.0");
    let plan = ["plan", "--node", "node1", "--etcd", etcd.as_argument()];
    refused_by(&zone, &etcd, &[&plan], 65, &["the data is of etcd 3.7", "downgrade enable 3.6"]);
}

/// The version of the last start is in `state.json`; without it nothing tells the patch.
#[test]
fn a_patch_that_is_not_known() {
    let (zone, etcd) = issued_zone_of_one();
    let data = give_data(&zone, &[]);
    write_backend(&data, "3.6.0");
    refused_by(
        &zone,
        &etcd,
        &PLAN,
        65,
        &["nothing tells which 3.6 it last ran", "3.6.11", "run 3.6.16 first"],
    );
    let older = StandIn::new(zone.around(), "3.6.16");
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", older.as_argument()])).expect_code(0);
    let etcd = StandIn::new(zone.around(), "3.7.3");
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    // From here on it is the same minor, and what the data says is not even read.
    std::fs::write(data.join("member/snap/db"), [7; 8192]).expect("the damage");
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
}

/// Members that were started at the same time agree on a version some seconds later; until then it is given
/// as 3.0.
#[test]
fn a_cluster_that_has_not_agreed_on_a_version() {
    let (zone, _) = issued_zone_of_one();
    let data = give_data(&zone, &[old_request("PUT", "/0/version")]);
    let start = |version: &str| {
        let etcd = StandIn::new(zone.around(), version);
        outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()]))
    };
    start("3.5.35").expect_code(0);
    write_backend(&data, "3.0.0");
    start("3.6.16").expect_code(0);
    start("3.7.3").expect_code(65).expect_error_with(&["no snapshot of 3.6"]);
}
