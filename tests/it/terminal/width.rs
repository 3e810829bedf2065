//! Tables on a terminal of 80 columns, of a zone whose names are long.

use crate::harness::{TestZone, outcome};

const NODES: [&str; 3] =
    ["infrastructure-0=127.0.7.1", "infrastructure-1=127.0.7.2", "infrastructure-2=127.0.7.3"];

fn zone() -> TestZone {
    let zone = TestZone::init("a-long-zone-name.department.example.com", &NODES);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

fn printed(zone: &TestZone, arguments: &[&str], columns: &str) -> String {
    outcome(zone.command(arguments).env("COLUMNS", columns)).stdout
}

/// What is too wide, but for what is to be copied and for words that no line has room for.
fn too_wide(text: &str) -> Vec<&str> {
    let tables = text.split("\ncommand\n").next().expect("a first part");
    let is_long = |line: &&str| line.chars().count() > 80;
    let can_break = |line: &&str| line.split(' ').all(|word| word.len() < 72);
    tables.lines().filter(is_long).filter(can_break).filter(|line| !line.contains("next")).collect()
}

#[test]
fn tables_fit_80_columns() {
    let zone = zone();
    let out = zone.file("out").to_string_lossy().into_owned();
    let bundle = format!("{out}/infrastructure-0.bundle");
    let node = "infrastructure-0";
    for arguments in [
        &["pki", "list"][..],
        &["plan", "--node", node],
        &["check", "--node", node],
        &["doctor"],
        &["status"],
        &["bundle", "--no-encryption", "--out", &out],
    ] {
        let text = printed(&zone, arguments, "80");
        assert!(text.contains("infrastructure-0"), "{arguments:?}: {text}");
        assert!(too_wide(&text).is_empty(), "{arguments:?}: {:#?}", too_wide(&text));
    }
    let inspect = ["bundle", "inspect", &bundle];
    let text = outcome(crate::harness::zone_etcd(inspect).env("COLUMNS", "80")).expect_code(0).stdout;
    assert!(text.contains("infrastructure-0") && too_wide(&text).is_empty(), "{:#?}", too_wide(&text));
}

#[test]
fn columns_that_do_not_fit_stand_below_with_their_heading() {
    let listed = printed(&zone(), &["pki", "list"], "80");
    let server = "server       infrastructure-0  364\n  \
                  subject  CN=infrastructure-0.a-long-zone-name.department.example.com,\n           \
                  O=a-long-zone-name.department.example.com\n  \
                  issuer   CN=a-long-zone-name.department.example.com client CA,\n";
    assert!(listed.starts_with("role         node              days left\n"), "{listed}");
    assert!(listed.contains(server), "{listed}");
}

#[test]
fn a_row_is_a_line_where_nothing_limits_it() {
    let zone = zone();
    let piped = zone.run(&["pki", "list"]).expect_code(0).stdout;
    assert_eq!(piped.lines().count(), 1 + 3 + 3 * 4 + 2, "{piped}");
    assert_eq!(printed(&zone, &["pki", "list"], "500"), piped);
}
