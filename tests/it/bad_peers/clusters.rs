//! Peers that answer as members do, and do not agree with each other, or with themselves.

use super::fake_peer::{FakePeer, members_answer};
use super::{Case, SUBJECT};

/// Each connection gets the answer of the other cluster; what is believed is one whole answer.
#[test]
fn one_that_is_of_two_clusters_in_turn() {
    let case = Case::new();
    let _peer = FakePeer::answering(&case, "node1", |number| {
        members_answer(if number % 2 == 0 { "aaaa" } else { "bbbb" }, "[]")
    });
    for _ in 0..3 {
        case.expect_refusal(65, &["the other members run cluster ", "but zone.toml leads to cluster"]);
    }
}

#[test]
fn two_that_are_of_two_clusters() {
    let case = Case::new();
    let _one = FakePeer::answering(&case, "node1", |_| members_answer("aaaa", "[]"));
    let _other = FakePeer::answering(&case, "node3", |_| members_answer("bbbb", "[]"));
    let texts = ["node1 answers for cluster aaaa and node3 for cluster bbbb", "the zone has split"];
    case.expect_refusal(65, &texts);
}

/// One is behind, and knows this member only as one that is to come; the other knows that it has run. It must not start as if it
/// had not.
#[test]
fn one_that_is_behind_does_not_hide_that_data_is_lost() {
    let case = Case::new();
    let (cluster, members) = case.predicted();
    let own = u64::from_str_radix(&members[1], 16).expect("an id");
    let url = case.peer_url(SUBJECT);
    let body =
        |client: &str| format!("[{{\"id\":{own},\"peerURLs\":[\"{url}\"],\"clientURLs\":[{client}]}}]");
    let (behind, ahead) =
        (members_answer(&cluster, &body("")), members_answer(&cluster, &body("\"https://127.0.0.1:1\"")));
    for (first, third) in [(behind.clone(), ahead.clone()), (ahead, behind)] {
        let _one = FakePeer::answering(&case, "node1", move |_| first.clone());
        let _other = FakePeer::answering(&case, "node3", move |_| third.clone());
        case.expect_refusal(65, &[&members[1], "has run, and its data is not here"]);
    }
}

/// Whatever else is in a list of members is left to newer versions of etcd.
#[test]
fn one_whose_list_says_more_than_is_known() {
    let case = Case::new();
    let (cluster, members) = case.predicted();
    let own = u64::from_str_radix(&members[1], 16).expect("an id");
    let url = case.peer_url(SUBJECT);
    let body = format!("[{{\"id\":{own},\"peerURLs\":[\"{url}\"],\"isWitness\":true,\"more\":{{}}}}]");
    // It was founded with the commit of this member.
    let state = format!(
        "{{\"format\":2,\"zone\":\"example.zone\",\"node\":\"node2.example.zone\",\"cluster_id\":\"{cluster}\",\
         \"member_id\":\"{}\",\"token\":\"\",\"etcd_version\":\"3.7.3\",\"phase\":\"committed\",\"joins\":false,\
         \"decided_at\":\"2026-01-01T00:00:00Z\"}}",
        members[1]
    );
    std::fs::write(case.zone.file("nodes/node2/state.json"), state).expect("the commit");
    let _peer = FakePeer::answering(&case, "node1", move |_| members_answer(&cluster, &body));
    let plan = case.plan().expect_code(0);
    assert!(plan.stdout.contains("\"decision\": \"bootstrap\""), "{}", plan.stdout);
    assert!(plan.stdout.contains("\"state\": \"serves\""), "{}", plan.stdout);
    case.run().expect_code(0);
}
