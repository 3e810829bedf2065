//! Zones to damage, and the assertion that a refused command left them as they were.

use crate::harness::{Outcome, TestZone, outcome};
use crate::support::{Refusal, StandIn, Tree, one_member_issued, three_members_issued};

/// A zone of three members on this machine, all certificates issued, and a stand-in for etcd beside it.
pub fn issued_zone() -> (TestZone, StandIn) {
    let zone = three_members_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    (zone, etcd)
}

/// The same with a zone of one member, which waits for nobody when it starts.
pub fn issued_zone_of_one() -> (TestZone, StandIn) {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    (zone, etcd)
}

/// Runs a command that has to be refused, and asserts that the zone directory is what it was. A lock may be
/// left behind.
#[track_caller]
pub fn untouched(zone: &TestZone, arguments: &[&str], code: i32, texts: &[&str]) -> Outcome {
    let before = Tree::of(&zone.path()).without_locks();
    let refused = outcome(&mut zone.command(arguments)).expect_refusal(code, texts);
    Tree::of(&zone.path()).without_locks().assert_same_as(&before, &arguments.join(" "));
    refused
}

/// The same for `run`, which must not have come as far as starting etcd, and for every command in `others`.
#[track_caller]
pub fn refused_by(zone: &TestZone, etcd: &StandIn, others: &[&[&str]], code: i32, texts: &[&str]) {
    untouched(zone, &["run", "--node", "node1", "--etcd", etcd.as_argument()], code, texts);
    assert_eq!(etcd.arguments(), None, "etcd was started");
    for arguments in others {
        untouched(zone, arguments, code, texts);
    }
}
