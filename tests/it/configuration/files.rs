//! `zone.toml` as a file: its encoding, its kind, whether it can be read.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{Refusal, Tree, use_as_nobody};

const VALID: &str =
    "[zone]\nname = \"example.zone\"\n\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

fn write(zone: &TestZone, bytes: &[u8]) {
    std::fs::write(zone.file("zone.toml"), bytes).expect("zone.toml");
}

#[test]
fn windows_line_ends_are_line_ends() {
    let zone = TestZone::described(&VALID.replace('\n', "\r\n"));
    zone.run(&["init"]).expect_code(0);
    zone.run(&["plan", "--node", "node1"]).expect_code(0);
    // And the places are right in such a file.
    let zone = TestZone::described(&VALID.replace("10.0.1.10", "localhost").replace('\n', "\r\n"));
    zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["zone.toml:6:11: `localhost`"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let zone = TestZone::described(&format!("\u{feff}{VALID}"));
    zone.run(&["init"]).expect_code(0);
    zone.run(&["plan", "--node", "node1"]).expect_code(0);
}

#[test]
fn a_file_that_is_not_utf_8_says_where() {
    let zone = TestZone::described("");
    write(&zone, b"[zone]\nname = \"ex\xe4mple.zone\"\n");
    let before = Tree::of(&zone.path());
    zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["not UTF-8", "save the file as UTF-8"]);
    write(&zone, b"\xff\xfe[\0z\0");
    zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["not UTF-8"]);
    write(&zone, b"[zone]\nname = \"ex\xe4mple.zone\"\n");
    Tree::of(&zone.path()).assert_same_as(&before, "plan");
}

#[test]
fn a_file_with_a_nul_byte_is_not_toml() {
    let zone = TestZone::described(&format!("{VALID}\0"));
    zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["this is not TOML"]);
}

#[test]
fn no_file_is_told_how_to_make_one() {
    let zone = TestZone::empty();
    zone.run(&["plan", "--node", "node1"])
        .expect_refusal(66, &["cannot read", "zone.toml", "zone-etcd init"]);
    assert!(!zone.path().exists(), "nothing is made by reading");
    // The zone directory of the command line is the working directory unless it is given.
    outcome(zone_etcd(["plan", "--node", "node1"]).current_dir(zone.around()))
        .expect_refusal(66, &["zone.toml"]);
}

#[test]
fn a_directory_is_no_file() {
    let zone = TestZone::empty();
    std::fs::create_dir_all(zone.file("zone.toml")).expect("a directory");
    zone.run(&["plan", "--node", "node1"]).expect_refusal(65, &["cannot read", "zone.toml", "directory"]);
    std::fs::write(zone.around().join("file"), "").expect("a file");
    outcome(zone_etcd(["plan", "--node", "node1", "--zone"]).arg(zone.around().join("file")))
        .expect_refusal(65, &["cannot read", "file/zone.toml"]);
}

#[test]
fn a_file_of_somebody_else_cannot_be_read() {
    let zone = TestZone::described(VALID);
    let file = zone.file("zone.toml");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("a mode");
    std::fs::set_permissions(zone.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
    let mut command = use_as_nobody(zone.around(), &["plan", "--node", "node1"], &zone.path());
    outcome(&mut command).expect_refusal(77, &["cannot read", "zone.toml", "ermission denied"]);
}
