//! Data that is gone, and the commands that replace its member.

use super::told::do_as_told;
use super::{NODES, client, issued_zone, planned, refused, remove, running_zone, start};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, id_of, listed, start_alone, wait_for_quorum};
use crate::harness::processes::until;

/// What is left of a node: nothing but its certificates, all but its data, or not even its directory.
#[test]
fn plan_refuses_lost_data_that_peers_know() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
        let before = id_of(&client(&zone, 1), "node3");
        members[2].stop();
        remove(&zone.file("nodes/node3/data"));
        std::fs::remove_file(zone.file("nodes/node3/state.json")).expect("the state");

        let refusal = refused(&zone, "node3", &[], 65, &["has run, and its data is not here", &before]);
        members[2] = do_as_told(&zone, "node3", &refusal);
        assert_replaced(&zone, &before);
        // From now on it is a member like the others, though its ids no longer follow from zone.toml.
        members[2].stop();
        planned(&zone, "node3", "resume", &["serves"]);
        let again = zone.run(&["plan", "--node", "node3"]).expect_code(0);
        assert_eq!(again.stderr, "", "nothing to warn of");
        members[2] = start(&zone, "node3");
        wait_for_quorum(&client(&zone, 3));
    });
}

#[test]
fn plan_refuses_forgotten_votes() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
        let before = id_of(&client(&zone, 1), "node3");
        members[2].stop();
        remove(&zone.file("nodes/node3/data"));
        // Once the cluster lists it as one that has run, and once with nobody there to ask: its own past is
        // enough.
        refused(&zone, "node3", &[], 65, &["lost its votes"]);
        members.iter_mut().take(2).for_each(|member| {
            let _ = member.stop();
        });
        let refusal =
            refused(&zone, "node3", &[], 65, &["was started here, and its write-ahead log is gone"]);
        for (member, node) in members.iter_mut().zip(NODES).take(2) {
            *member = start(&zone, node);
        }
        wait_for_quorum(&client(&zone, 1));
        members[2] = do_as_told(&zone, "node3", &refusal);
        assert_replaced(&zone, &before);
    });
}

#[test]
fn a_node_whose_whole_directory_is_lost_is_replaced_as_told() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
        let before = id_of(&client(&zone, 1), "node3");
        members[2].stop();
        remove(&zone.file("nodes/node3"));
        let refusal =
            refused(&zone, "node3", &[], 65, &["certificates were issued for it", "nodes/node3/pki is gone"]);
        members[2] = do_as_told(&zone, "node3", &refusal);
        assert_replaced(&zone, &before);
    });
}

/// With the data of the only member all is lost, and nobody is left to be told of another.
#[test]
fn the_only_member_begins_again_as_told() {
    isolated(|| {
        for lost in ["nodes/node1/data", "nodes/node1"] {
            let zone = issued_zone(1);
            start_alone(&zone).stop();
            remove(&zone.file(lost));
            let refusal =
                refused(&zone, "node1", &[], 65, &["so is all that this zone held", "to begin again"]);
            assert!(!refusal.stderr.contains("member remove"), "{}", refusal.stderr);
            let mut member = do_as_told(&zone, "node1", &refusal);
            wait_for_quorum(&client(&zone, 1));
            member.stop();
        }
    });
}

/// The member has another id, votes, and holds what was written before it was lost.
#[track_caller]
fn assert_replaced(zone: &TestZone, before: &str) {
    let third = client(zone, 3);
    wait_for_quorum(&third);
    until("three voters", || {
        let members = listed(&third);
        let third = members.iter().find(|(name, ..)| name == "node3")?;
        assert_ne!(third.1, before, "it is another member now");
        (members.len() == 3 && !third.2).then_some(())
    });
    let local = call(&third, &["get", "kept", "--print-value-only", "--consistency=s"]);
    assert_eq!(local.stdout.trim(), "here");
}
