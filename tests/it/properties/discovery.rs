//! What a registry of the discovery service says.

use model::config::{ClusterSize, DiscoveryToken};
use model::plan::{Registry, RegistryFault, member_id};
use proptest::prelude::*;

fn token() -> DiscoveryToken {
    DiscoveryToken::parse("t").expect("a token")
}

/// An entry as a member of etcd writes it.
fn entry(name: &str, urls: &[&str], revision: i64) -> (String, String, i64) {
    let value: Vec<String> = urls.iter().map(|url| format!("{name}={url}")).collect();
    (member_id(urls, "t").to_string(), value.join(","), revision)
}

#[test]
fn the_first_count_and_the_others_came_too_late() {
    let entries = [
        entry("late", &["http://c:1"], 9),
        entry("one", &["http://a:1"], 3),
        entry("two", &["http://b:1"], 5),
    ];
    let registry = Registry::read(&token(), Some("2"), &entries);
    let names: Vec<&str> = registry.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(registry.faults, [RegistryFault::Surplus("late".to_owned())]);
    assert!(registry.cluster_id().is_some());
}

#[test]
fn a_member_may_have_several_urls() {
    let entries = [entry("one", &["http://b:1", "http://a:1"], 3)];
    let registry = Registry::read(&token(), Some("1"), &entries);
    assert_eq!(registry.faults, []);
    assert_eq!(registry.members[0].peer_urls, ["http://b:1", "http://a:1"]);
}

#[test]
fn a_size_is_a_number_of_members() {
    for (size, fault) in [
        (None, RegistryFault::NoSize),
        (Some("0"), RegistryFault::BadSize("0".to_owned())),
        (Some("100"), RegistryFault::BadSize("100".to_owned())),
        (Some("three"), RegistryFault::BadSize("three".to_owned())),
    ] {
        let registry = Registry::read(&token(), size, &[]);
        assert_eq!((registry.size, registry.missing()), (None, 0));
        assert_eq!(registry.faults, [fault]);
    }
    let registry = Registry::read(&token(), Some("99"), &[]);
    assert_eq!((registry.size, registry.missing()), (ClusterSize::new(99), 99));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written there: as many members as there are places, and every other entry is a fault.
    #[test]
    fn every_entry_is_a_member_or_a_fault(
        size in 1_u32..5,
        entries in proptest::collection::vec((".{0,20}", ".{0,40}", 1_i64..100), 0..8),
    ) {
        let registry = Registry::read(&token(), Some(&size.to_string()), &entries);
        let place = usize::try_from(size).expect("a size");
        prop_assert!(registry.members.len() <= place);
        prop_assert!(registry.members.len() + registry.faults.len() >= entries.len());
        prop_assert_eq!(registry.cluster_id().is_some(), registry.members.len() == place);
        for fault in &registry.faults {
            let is_shown_raw = fault.to_string().contains(char::is_control);
            prop_assert!(!is_shown_raw, "{}", fault);
        }
    }
}
