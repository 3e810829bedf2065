//! Peers that answer as members do, and do not agree with each other, or with themselves.

use super::fake_peer::{FakePeer, members_answer};
use super::{Case, SUBJECT};
use crate::support::{Bucket, backend_file, committed, entry, put_request, write_log_with};

/// Each connection gets the answer of the other cluster; what is believed is one whole answer.
#[test]
fn one_that_is_of_two_clusters_in_turn() {
    let case = Case::new();
    let _peer = FakePeer::answering(&case, "node1", |number| {
        members_answer(if number % 2 == 0 { "aaaa" } else { "bbbb" }, "[]")
    });
    for _ in 0..3 {
        case.expect_refusal(65, &["the other members run cluster ", "but zone.toml describes cluster"]);
    }
}

#[test]
fn two_that_are_of_two_clusters() {
    let case = Case::new();
    let _one = FakePeer::answering(&case, "node1", |_| members_answer("aaaa", "[]"));
    // etcd that has applied nothing of its log yet has no list (`Members` in
    // `server/etcdserver/api/membership/cluster.go`).
    let _other = FakePeer::answering(&case, "node3", |_| members_answer("bbbb", "null"));
    let texts = ["node1 answers for cluster aaaa and node3 for cluster bbbb", "the zone has split"];
    case.expect_refusal(65, &texts);
}

/// One is behind, and knows this member only as one that is to come; the other knows that it has run. It must
/// not start as if it had not.
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
    // It was bootstrapped with the commit of this member.
    let state = format!(
        "{{\"format\":2,\"zone\":\"example.zone\",\
         \"node\":\"node2.example.zone\",\"cluster_id\":\"{cluster}\",\
         \"member_id\":\"{}\",\"token\":\"\",\
         \"etcd_version\":\"3.7.3\",\"phase\":\"committed\",\"joins\":false,\
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

/// Members that come back together are behind for a moment: they list this one as it was before it ran, and
/// its own data knows better. Those that go on saying so are a quorum that never saw it, and with its data it
/// would be in another history.
#[test]
fn most_that_never_saw_this_member_keep_it_from_starting_unless_they_were_behind() {
    // Heard at once, heard only when its turn has come, and never.
    for (silent, behind_for) in [(0, 4), (2, 6), (0, usize::MAX)] {
        let case = Case::new();
        let (cluster, members) = case.predicted();
        let own = u64::from_str_radix(&members[1], 16).expect("an id");
        has_run(&case, &members[1], &cluster);
        let url = case.peer_url(SUBJECT);
        let list = move |client: &str| {
            format!("[{{\"id\":{own},\"peerURLs\":[\"{url}\"],\"clientURLs\":[{client}]}}]")
        };
        let lists = [list(""), list("\"https://127.0.0.1:1\"")].map(|list| members_answer(&cluster, &list));
        let _others = ["node1", "node3"].map(|node| {
            let lists = lists.clone();
            FakePeer::answering_late(&case, node, silent, move |number| {
                lists[usize::from(number >= behind_for)].clone()
            })
        });
        if behind_for == usize::MAX {
            case.run().expect_code(65).expect_error_with(&["have no record that member", &members[1]]);
            assert_eq!(case.etcd.arguments(), None, "etcd was started");
        } else {
            case.run().expect_code(0);
            assert!(case.etcd.arguments().is_some(), "etcd was not started");
        }
    }
}

/// Gives the subject data of the zone's cluster, which has agreed to its client URLs.
fn has_run(case: &Case, member: &str, cluster: &str) {
    let node = case.zone.file(&format!("nodes/{SUBJECT}"));
    let id = |text: &str| u64::from_str_radix(text, 16).expect("an id");
    let records = [entry(1, &put_request()), committed(1)];
    write_log_with(&node.join("data"), id(member), id(cluster), &records);
    let listed =
        format!("{{\"id\":{},\"peerURLs\":[],\"clientURLs\":[\"https://127.0.0.1:1\"]}}", id(member));
    let bucket = |name, entries| Bucket { name, own_pages: false, entries };
    let buckets = [
        bucket("cluster", Vec::new()),
        bucket("members", vec![(member.as_bytes().to_vec(), listed.into_bytes())]),
        bucket("members_removed", Vec::new()),
        bucket("meta", Vec::new()),
    ];
    let snap = node.join("data/member/snap");
    std::fs::create_dir_all(&snap).expect("a directory");
    std::fs::write(snap.join("db"), backend_file(&buckets)).expect("the backend");
    for directory in ["data", "data/member"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(node.join(directory), mode).expect("a mode");
    }
    let state = format!(
        "{{\"format\":2,\"zone\":\"example.zone\",\
         \"node\":\"{SUBJECT}.example.zone\",\"cluster_id\":\"{cluster}\",\
         \"member_id\":\"{member}\",\"token\":\"\",\
         \"etcd_version\":\"3.7.3\",\"phase\":\"ran\",\"joins\":false,\
         \"decided_at\":\"2026-01-01T00:00:00Z\"}}"
    );
    std::fs::write(node.join("state.json"), state).expect("the state");
}
