//! Others that run another cluster, or are of another zone.

use super::{argv, bare_stranger, issued_zone, peer_url, planned, refused, start};
use crate::harness::isolation::isolated;
use crate::harness::members::{found_without, start_alone, start_on_loopback};

/// With two nodes more in the description the new ones would be the majority of another cluster.
#[test]
fn plan_refuses_another_cluster() {
    isolated(|| {
        let zone = issued_zone(1);
        let mut first = start_alone(&zone);
        let mut description = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        for number in [2, 3] {
            description += &format!(
                "\n[[node]]\nname = \"node{number}\"\naddress = \"127.0.0.{number}\"\n\
                 metrics_port = {number}\n"
            );
        }
        std::fs::write(zone.file("zone.toml"), description).expect("zone.toml");
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        for node in ["node2", "node3"] {
            let add = format!("member add {node} ");
            let texts =
                ["the other members run cluster", &add, "as they were when the zone was bootstrapped"];
            refused(&zone, node, &[], 65, &texts);
        }
        // Nor when nobody answers: what the others have on this machine tells.
        first.stop();
        refused(
            &zone,
            "node2",
            &[],
            65,
            &["this zone runs cluster", "start the members that have data first"],
        );
        // The one that is there goes on, and says that its description has changed.
        let again = start_alone(&zone);
        let told = again.stderr();
        assert!(told.contains("were changed since, and etcd goes by its data"), "{told}");
    });
}

/// The two others are each a cluster of their own: nobody knows which of them is the zone's.
#[test]
fn plan_refuses_two_clusters() {
    isolated(|| {
        let zone = issued_zone(3);
        let command_lines = ["node2", "node3"].map(|node| (node, argv(&zone, node)));
        let mut others = command_lines.map(|(node, argv)| {
            let own = format!("{node}={}", peer_url(node[4..].parse().expect("a number")));
            bare_stranger(&zone, node, &argv, &own, &format!("token-of-{node}"))
        });
        others.iter_mut().for_each(|other| drop(other.wait_for_line(&["ready to serve client requests"])));
        refused(
            &zone,
            "node1",
            &[],
            65,
            &["node2 answers for cluster", "and node3 for", "the zone has split"],
        );
    });
}

/// It has data of the zone's cluster, and the majority has founded another one.
#[test]
fn plan_refuses_when_the_others_run_another_cluster() {
    isolated(|| {
        let zone = issued_zone(3);
        let mut first = found_without(&zone, &["node1", "node2"], &["node3"]);
        first.iter_mut().for_each(|member| {
            let _ = member.stop();
        });
        planned(&zone, "node1", "resume", &["not there"]);
        let both = format!("node2={},node3={}", peer_url(2), peer_url(3));
        let command_lines = ["node2", "node3"].map(|node| (node, argv(&zone, node)));
        let mut others =
            command_lines.map(|(node, argv)| bare_stranger(&zone, node, &argv, &both, "another-token"));
        others.iter_mut().for_each(|other| drop(other.wait_for_line(&["ready to serve client requests"])));
        let texts = ["but the other members run cluster", "this one would be alone", "--move-data-aside"];
        refused(&zone, "node1", &[], 65, &texts);
    });
}

/// Where the other member should be, one of another zone is: it refuses our certificate, and we refuse its.
#[test]
fn plan_refuses_unusable_peers() {
    isolated(|| {
        let (zone, other) = (issued_zone(2), issued_zone(1));
        let text = std::fs::read_to_string(other.file("zone.toml")).expect("zone.toml");
        let moved = text.replace("2379", "2389").replace("2380", "2390");
        std::fs::write(other.file("zone.toml"), moved).expect("zone.toml");
        let mut stranger = start(&other, "node1");
        stranger.wait_for_line(&["ready to serve client requests"]);
        let texts = ["node2: unusable: its certificate is refused", "that takes all of its members"];
        refused(&zone, "node1", &[], 69, &texts);

        // A member that has data does not need to know, and is only told.
        stranger.stop();
        let mut members = start_on_loopback(&zone, &["node1", "node2"]);
        members.iter_mut().for_each(|member| {
            let _ = member.stop();
        });
        let mut stranger = start(&other, "node1");
        stranger.wait_for_line(&["ready to serve client requests"]);
        let plan = planned(&zone, "node1", "resume", &["unusable: its certificate is refused"]);
        assert_eq!(plan["peers"][0]["state"], "unusable");
        let mut first = start(&zone, "node1");
        first.wait_for_line(&["warning: node2 at https://127.0.0.1:2390 cannot be used"]);
        first.wait_for_line(&["\"starting an etcd server\""]);
    });
}
