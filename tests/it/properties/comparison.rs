//! What is made of the hashes that voters give.

use live::{Comparison, DataGroup, VoterHash, compare};

/// The revision that a voter had when it was asked.
const LEAST: i64 = 9;

type Answer = (String, Result<VoterHash, String>);

fn gives(name: &str, hash: u32) -> Answer {
    (name.to_owned(), Ok(VoterHash { read: LEAST, revision: LEAST, compact_revision: 3, hash }))
}

fn changed(mut answer: Answer, change: impl FnOnce(&mut VoterHash)) -> Answer {
    answer.1.as_mut().map(change).expect("a voter that answers");
    answer
}

fn fails(name: &str) -> Answer {
    (name.to_owned(), Err("no answer in time".to_owned()))
}

fn group(members: &[&str], hash: u32) -> DataGroup {
    let members = members.iter().map(|&name| name.to_owned()).collect();
    DataGroup { members, revision: LEAST, compact_revision: 3, hash }
}

#[test]
fn equal_hashes_are_the_same_data() {
    let all = [gives("a", 1), gives("b", 1), gives("c", 1)];
    assert_eq!(compare(&all, LEAST), Comparison::Same(group(&["a", "b", "c"], 1)));
}

#[test]
fn groups_that_differ_are_told_the_largest_first() {
    let all = [gives("a", 1), gives("b", 2), gives("c", 2)];
    assert_eq!(compare(&all, LEAST), Comparison::Different(vec![group(&["b", "c"], 2), group(&["a"], 1)]));
    // Also if another voter says nothing.
    let some = [gives("a", 1), gives("b", 2), fails("c")];
    assert_eq!(compare(&some, LEAST), Comparison::Different(vec![group(&["a"], 1), group(&["b"], 2)]));
}

/// A read through the quorum that brings less than another had before is of another history, whatever the
/// hashes are of.
#[test]
fn a_shorter_history_is_a_difference() {
    let short = changed(gives("c", 1), |answer| (answer.read, answer.revision) = (4, 4));
    let shown = compare(&[gives("a", 1), gives("b", 1), short], LEAST);
    assert!(matches!(shown, Comparison::Different(groups) if groups.len() == 2));
}

/// Hashes at different revisions, or after different compactions, differ in health too.
#[test]
fn hashes_that_are_not_comparable_are_no_difference() {
    let further = changed(gives("c", 2), |answer| (answer.read, answer.revision) = (10, 10));
    let compacted = changed(gives("c", 2), |answer| answer.compact_revision = LEAST);
    for other in [further, compacted] {
        let shown = compare(&[gives("a", 1), gives("b", 1), other], LEAST);
        assert!(matches!(shown, Comparison::NotCompared(_)), "{shown:?}");
    }
}

/// Two that agree do not stand for a third.
#[test]
fn a_voter_without_an_answer_is_named() {
    let shown = compare(&[gives("a", 1), gives("b", 1), fails("c")], LEAST);
    assert_eq!(shown, Comparison::NotCompared(vec!["c: no answer in time".to_owned()]));
    assert_eq!(shown.to_string(), "the data was not compared: c: no answer in time");
    assert!(matches!(compare(&[], LEAST), Comparison::NotCompared(_)));
}
