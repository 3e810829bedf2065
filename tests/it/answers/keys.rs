//! Where things are in etcd.

use model::config::{NodeName, ZoneName};
use model::formats::DeliveryHead;
use model::plan::{DeliveryKeys, end_of_prefix, node_of_answer_key};

fn keys(node: &str) -> DeliveryKeys {
    let zone = ZoneName::parse("example.zone").expect("a name");
    DeliveryKeys::of(&NodeName::parse(node, &zone).expect("a name"))
}

#[test]
fn are_those_that_are_documented() {
    let keys = keys("node1");
    assert_eq!(keys.head(), "/zone-etcd/delivery/node1.example.zone/head");
    assert_eq!(keys.bundle(42), "/zone-etcd/delivery/node1.example.zone/bundle/0000000042");
    assert_eq!(keys.answer(), "/zone-etcd/answer/node1.example.zone");
    assert_eq!(DeliveryHead::of(42).encode(), br#"{"version":1,"sequence":42}"#);
}

#[test]
fn one_number_has_one_key() {
    let keys = keys("node1");
    for sequence in [0, 1, 42, 9_999_999_999, u64::MAX] {
        assert_eq!(keys.sequence_of(keys.bundle(sequence).as_bytes()), Some(sequence));
    }
    let bundles = keys.bundles();
    for bad in ["42", "+000000042", "00000000042", "000000004x", "", "0000000042/x"] {
        assert_eq!(keys.sequence_of(format!("{bundles}{bad}").as_bytes()), None, "{bad}");
    }
    assert_eq!(keys.sequence_of(keys.head().as_bytes()), None);
}

/// A name may begin as another does.
#[test]
fn those_of_one_node_are_not_in_the_range_of_another() {
    let (short, long) = (keys("node1"), keys("node1.example.zone.example.zone"));
    let end = end_of_prefix(short.prefix());
    let inside = |key: &str| key.as_bytes() >= short.prefix().as_bytes() && key.as_bytes() < end.as_slice();
    assert!(inside(&short.bundle(u64::MAX)) && inside(&short.head()));
    assert!(!inside(&long.head()) && !inside(&keys("node10").head()) && !inside(short.answer()));
}

#[test]
fn whose_answer_it_is() {
    assert_eq!(node_of_answer_key(b"/zone-etcd/answer/node1.example.zone"), Some("node1.example.zone"));
    for bad in [b"/zone-etcd/answer/".as_slice(), b"/zone-etcd/answer/\xff", b"/zone-etcd/answers"] {
        assert_eq!(node_of_answer_key(bad), None);
    }
}

#[test]
fn a_head_of_another_version_is_not_read() {
    assert_eq!(DeliveryHead::parse(br#"{"version":1,"sequence":3,"more":1}"#), Some(DeliveryHead::of(3)));
    for bad in [br#"{"version":2,"sequence":3}"#.as_slice(), b"", b"3", br#"{"sequence":3}"#] {
        assert_eq!(DeliveryHead::parse(bad), None);
    }
}
