//! What a node has signed itself is believed, and shown as what others said.

use model::formats::{NotActivated, SignedAnswer};
use time::Duration;

use super::{answer_of, judged, keys_in, node_keys, now, refused, signed};
use crate::support::three_members_issued;

#[test]
fn that_of_the_node_itself() {
    let zone = three_members_issued();
    let mut answer = answer_of("node1.example.zone", now());
    answer.recipient = Some("age1recipient".to_owned());
    answer.restart_reasons = vec!["the CAs that its member trusts have changed".to_owned()];
    answer.not_activated = Some(NotActivated { sequence: 8, why: "it is damaged".to_owned(), exit: 65 });
    answer.next_sync_at = Some(answer.at + Duration::minutes(10));
    let value = signed(&answer, &node_keys(&zone, "node1"));
    assert_eq!(judged(&zone, "node1", &value, Duration::ZERO).expect("an answer"), answer);
}

/// Its certificate has just expired: it tells so. A day later it does not count any more.
#[test]
fn that_of_a_node_whose_certificate_has_just_expired() {
    let zone = three_members_issued();
    let keys = node_keys(&zone, "node1");
    let value = signed(&answer_of("node1.example.zone", now()), &keys);
    let end = keys.0.not_after() - now();
    judged(&zone, "node1", &value, end + Duration::hours(23)).expect("an answer");
    let told = refused(&zone, "node1", &value, end + Duration::hours(25));
    assert!(told.starts_with("its certificate expired at 20"), "{told}");
}

#[test]
fn fields_that_are_not_known_are_passed_over_and_another_version_is_not() {
    let zone = three_members_issued();
    let keys = node_keys(&zone, "node1");
    let text = serde_json::to_string(&answer_of("node1.example.zone", now())).expect("JSON");
    let value = super::forged::signed_text(&text.replacen('{', "{\"since_then\":[1],", 1), &keys);
    judged(&zone, "node1", &value, Duration::ZERO).expect("an answer");
    let value = super::forged::signed_text(&text.replacen("\"version\":1", "\"version\":2", 1), &keys);
    let told = refused(&zone, "node1", &value, Duration::ZERO);
    assert_eq!(told, "it has version 2, and this program knows 1");
}

/// A node may be in other hands: what it says does nothing to a terminal.
#[test]
fn its_texts_are_those_of_others() {
    let zone = three_members_issued();
    let mut answer = answer_of("node1.example.zone", now());
    answer.generation = "\u{1b}[2Jcleared\nerror: none".to_owned();
    let value = signed(&answer, &node_keys(&zone, "node1"));
    let taken = judged(&zone, "node1", &value, Duration::ZERO).expect("an answer");
    assert!(!taken.generation.contains(['\u{1b}', '\n']), "{:?}", taken.generation);
    assert!(value.len() < SignedAnswer::AT_MOST);
}

#[test]
fn the_time_alone_makes_no_other_answer() {
    let answer = answer_of("node1.example.zone", now());
    let later = answer_of("node1.example.zone", now() + Duration::hours(1));
    assert!(answer.says_the_same(&later) && answer != later);
    let mut other = later.clone();
    other.needs_restart = true;
    assert!(!answer.says_the_same(&other));
}

/// A certificate of a client says nothing of a node, whatever it is called.
#[test]
fn only_by_the_certificate_of_a_node() {
    let zone = three_members_issued();
    let answer = answer_of("node1.example.zone", now());
    for (directory, stem, why) in [
        ("clients/admin", "client", "its certificate is that of root"),
        ("nodes/node1/pki", "server", "its certificate is not taken: "),
        ("nodes/node1/pki", "peer", "its certificate is not taken: "),
        ("nodes/node1/pki", "gateway", "its certificate is that of a holder without a name"),
        ("nodes/node2/pki", "client", "its certificate is that of node2.example.zone"),
    ] {
        let value = signed(&answer, &keys_in(&zone, directory, stem));
        let told = refused(&zone, "node1", &value, Duration::ZERO);
        assert!(told.starts_with(why), "{directory} {stem}: {told}");
    }
}
