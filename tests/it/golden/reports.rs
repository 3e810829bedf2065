//! The reports of `plan`, for people and for programs.

use super::compare;
use super::zones::{KINDS, with_placeholders, zone};
use crate::support::Tree;

#[test]
fn the_reports_are_the_golden_ones() {
    let zone = zone(KINDS[0].1, "3.7.3");
    let before = Tree::of(&zone.path());
    for format in ["text", "json"] {
        let plan = zone.run(&["plan", "--node", "node1", "--format", format]).expect_code(0);
        compare(&format!("plan.{format}"), &with_placeholders(&plan.stdout, &zone, "3.7.3"));
    }
    Tree::of(&zone.path()).assert_same_as(&before, "plan");
}

#[test]
fn once_issued_the_report_has_the_certificates() {
    let zone = zone(KINDS[0].1, "3.7.3");
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let before = Tree::of(&zone.path());
    let plan = zone.run(&["plan", "--node", "node1"]).expect_code(0);
    compare("plan-issued.text", &with_placeholders(&plan.stdout, &zone, "3.7.3"));
    Tree::of(&zone.path()).assert_same_as(&before, "plan");
}
