//! Whether a node takes a document in place of the one that it has.

use model::config::ZoneName;
use model::error::Exit;
use model::plan::{Acceptance, DocumentRefusal, LastDocument, SignedZoneDocument};
use proptest::prelude::*;
use std::sync::LazyLock;
use time::OffsetDateTime;
use zone_pki::{Authority, KeyAlgorithm};

use super::{EXP, IAT, THREE, authority, signed, verified};

static CA: LazyLock<Authority> = LazyLock::new(|| authority("a CA", KeyAlgorithm::Ed25519));

fn document(text: &str, iat: i64, exp: i64) -> SignedZoneDocument {
    verified(&signed(&CA, text, iat, exp), &[&CA]).expect("a signed document")
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).expect("a time")
}

fn judged(
    new: &SignedZoneDocument,
    last: Option<&SignedZoneDocument>,
    now: i64,
    with_log: Option<&str>,
) -> Result<(), DocumentRefusal> {
    let zone = ZoneName::parse("example.zone").expect("a name");
    let last = last.map(LastDocument::from);
    Acceptance { zone: Some(&zone), now: at(now), last: last.as_ref(), with_log }.judge(new)
}

/// A document with these members, each with its address.
fn of(members: &[(&str, &str)]) -> String {
    let members = members.iter().map(|(node, address)| {
        format!(r#"{{ "node_name": "{node}.example.zone", "address": "{address}" }}"#)
    });
    let members = members.collect::<Vec<_>>().join(",");
    format!(
        r#"{{ "name": "example.zone", "type": "zone", "api_version": "v1",
            "extend": {{ "etcd": [{members}] }} }}"#
    )
}

#[test]
fn times_have_their_limits() {
    let new = document(THREE, IAT, EXP);
    assert_eq!(judged(&new, None, IAT, None), Ok(()));
    assert_eq!(judged(&new, None, IAT - 300, None), Ok(()));
    let refusal = judged(&new, None, IAT - 301, None);
    assert_eq!(refusal, Err(DocumentRefusal::FromTheFuture { iat: at(IAT), now: at(IAT - 301) }));
    assert_eq!(judged(&new, None, EXP - 1, None), Ok(()));
    assert_eq!(judged(&new, None, EXP, None), Err(DocumentRefusal::Expired { exp: at(EXP) }));
}

#[test]
fn an_older_one_is_refused_and_the_same_is_taken() {
    let new = document(THREE, IAT, EXP);
    assert_eq!(judged(&new, Some(&new), IAT, None), Ok(()));
    // The same content signed again, as `EdDSA` signs it with another end.
    assert_eq!(judged(&document(THREE, IAT, EXP + 1), Some(&new), IAT, None), Ok(()));
    assert_eq!(judged(&document(THREE, IAT + 1, EXP), Some(&new), IAT, None), Ok(()));
    let refusal = judged(&document(THREE, IAT - 1, EXP), Some(&new), IAT, None);
    assert_eq!(refusal, Err(DocumentRefusal::Older { iat: at(IAT - 1), last: at(IAT) }));
    let other = document(&THREE.replace("10.0.0.3", "10.0.0.4"), IAT, EXP);
    assert_eq!(judged(&other, Some(&new), IAT, None), Err(DocumentRefusal::SameTime { iat: at(IAT) }));
}

#[test]
fn another_zone_is_refused() {
    let other = document(&THREE.replace("example.zone", "other.zone"), IAT, EXP);
    let name = |name: &str| ZoneName::parse(name).expect("a name");
    let expected = DocumentRefusal::OtherZone { found: name("other.zone"), wanted: name("example.zone") };
    assert_eq!(judged(&other, None, IAT, None), Err(expected.clone()));
    let last = LastDocument::from(&document(THREE, IAT, EXP));
    let with_last = Acceptance { zone: None, now: at(IAT), last: Some(&last), with_log: None };
    assert_eq!(with_last.judge(&other), Err(expected));
    let any = Acceptance { last: None, ..with_last };
    assert_eq!(any.judge(&other), Ok(()));
}

#[test]
fn what_a_log_was_written_as_stays() {
    const NODE1: Option<&str> = Some("Node1.example.zone");
    let one = document(&of(&[("node1", "10.0.0.1")]), IAT, EXP);
    let three = of(&[("node1", "10.0.0.1"), ("node2", "10.0.0.2"), ("node3", "10.0.0.3")]);
    let last = document(&three, IAT, EXP);
    let later = |text: &str| document(text, IAT + 1, EXP);
    let judged = |new: &str, node| judged(&later(new), Some(&last), IAT, node);
    let moved = three.replace("10.0.0.1", "10.0.0.9");
    assert_eq!(judged(&moved, None), Ok(()), "there is no log");
    assert!(matches!(judged(&moved, NODE1), Err(DocumentRefusal::OtherUrls { .. })));
    assert_eq!(judged(&moved, Some("node2.example.zone")), Ok(()), "another member has moved");
    let gone = three.replace("node1.", "node4.");
    let refusal = |is_member| DocumentRefusal::OtherRole { node: "node1.example.zone".to_owned(), is_member };
    assert_eq!(judged(&gone, NODE1), Err(refusal(false)));
    let gone = LastDocument::from(&later(&gone));
    let back = Acceptance { zone: None, now: at(IAT), last: Some(&gone), with_log: NODE1 };
    assert_eq!(back.judge(&document(&three, IAT + 2, EXP)), Err(refusal(true)));
    let shrunk = later(&of(&[("node1", "10.0.0.1")]));
    let count = |was, is| Err(DocumentRefusal::OtherCount { was, is });
    let (last, one) = (LastDocument::from(&last), LastDocument::from(&one));
    let with_log = |last| Acceptance { zone: None, now: at(IAT), last: Some(last), with_log: NODE1 };
    assert_eq!(with_log(&last).judge(&shrunk), count(3, 1));
    assert_eq!(with_log(&one).judge(&later(&three)), count(1, 3));
    let two = later(&of(&[("node1", "10.0.0.1"), ("node2", "10.0.0.2")]));
    assert_eq!(with_log(&last).judge(&two), Ok(()));
    assert_eq!(with_log(&one).judge(&shrunk), Ok(()));
}

#[test]
fn what_failed_has_its_exit_code() {
    let exit = |refusal: DocumentRefusal| refusal.failure("f").exit;
    assert_eq!(exit(DocumentRefusal::NotFound), Exit::MissingInput);
    assert_eq!(exit(DocumentRefusal::NoAnswer), Exit::Unavailable);
    assert_eq!(exit(DocumentRefusal::Expired { exp: at(EXP) }), Exit::BadInput);
    assert_eq!(exit(DocumentRefusal::OtherKey { tried: 1 }), Exit::BadInput);
}

proptest! {
    /// What is accepted is in time and no step back, and what is that is accepted.
    #[test]
    fn accepted_is_what_is_in_time_and_no_step_back(
        iat in -400_i64..400,
        valid in 1_i64..400,
        last in prop::option::of(-400_i64..400),
        same in any::<bool>(),
    ) {
        let now = IAT;
        let text = if same { THREE.to_owned() } else { THREE.replace("10.0.0.3", "10.0.0.4") };
        let new = document(&text, IAT + iat, IAT + iat + valid);
        let last_document = last.map(|last| document(THREE, IAT + last, EXP));
        let is_step_back = last.is_some_and(|last| iat < last || (iat == last && !same));
        let expected = iat <= 300 && iat + valid > 0 && !is_step_back;
        let judged = judged(&new, last_document.as_ref(), now, None);
        prop_assert_eq!(judged.is_ok(), expected, "{:?}", judged);
    }
}
