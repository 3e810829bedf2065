//! Names in one spelling, and common names that fit.

use std::net::IpAddr;

use proptest::prelude::*;
use zone_pki::{Certificate, KeyAlgorithm, NameError, Subject, SubjectAltName, SubjectAltNames, go};

use crate::support::Files;

#[test]
fn names_are_canonical_unique_and_sorted() {
    let mut names = SubjectAltNames::new();
    names.insert_ip("::ffff:10.0.0.1".parse().unwrap());
    names.insert_ip("10.0.0.1".parse().unwrap());
    names.insert_dns("Node1.Example.Zone.").unwrap();
    names.insert_dns("node1.example.zone").unwrap();
    names.insert_dns("*.A.example.zone").unwrap();
    names.insert_ip("::1".parse().unwrap());
    assert_eq!(names.to_string(), "*.a.example.zone,node1.example.zone,10.0.0.1,::1");
    assert_eq!(names.len(), 4);
    assert!(names.contains(&SubjectAltName::Dns("NODE1.example.zone.".into())));
    assert!(!names.contains(&SubjectAltName::Dns("b.a.example.zone".into())));
    let by_hand: SubjectAltNames = names.iter().rev_spelled().collect();
    assert_eq!(by_hand, names);
}

trait RevSpelled<'a> {
    fn rev_spelled(self) -> impl Iterator<Item = SubjectAltName>;
}

impl<'a, I: Iterator<Item = &'a SubjectAltName>> RevSpelled<'a> for I {
    /// The same names in other spellings, last first.
    fn rev_spelled(self) -> impl Iterator<Item = SubjectAltName> {
        let mut names: Vec<SubjectAltName> = self
            .map(|name| match name {
                SubjectAltName::Dns(name) => SubjectAltName::Dns(format!("{}.", name.to_uppercase())),
                SubjectAltName::Ip(IpAddr::V4(address)) => {
                    SubjectAltName::Ip(address.to_ipv6_mapped().into())
                }
                other => other.clone(),
            })
            .collect();
        names.reverse();
        names.into_iter()
    }
}

#[test]
fn what_is_not_a_name_is_refused_by_kind() {
    let refused = |name: &str| SubjectAltNames::new().insert_dns(name).unwrap_err();
    assert_eq!(refused(""), NameError::Empty);
    assert_eq!(refused("."), NameError::Empty);
    for name in
        ["a..b", ".a", "a..", "-a.b", "a-.b", "a_b.c", "a b", "a.b:80", &format!("{}.b", "a".repeat(64))]
    {
        assert!(matches!(refused(name), NameError::Label { .. }), "{name}");
    }
    for name in ["*", "*.zone", "a.*.zone", "a*.b.c", "*.*.b.c", "**.b.c"] {
        assert!(matches!(refused(name), NameError::Wildcard { .. }), "{name}");
    }
    for name in ["10.0.0.300", "1.2.3", "a.7"] {
        assert!(matches!(refused(name), NameError::Address { .. }), "{name}");
    }
    let message = refused("caf\u{e9}.zone").to_string();
    assert!(message.contains("xn--"), "{message}");
    let long = format!("{}a.zone", "abcdefg.".repeat(32));
    assert!(matches!(refused(&long), NameError::TooLong { length } if length == long.len()));
    let longest = format!("{}{}", "abcdefg.".repeat(31), "abcde");
    assert_eq!(longest.len(), 253);
    SubjectAltNames::new().insert_dns(&longest).unwrap();
}

#[test]
fn names_and_algorithms_go_through_text_and_json() {
    let names: SubjectAltNames = ["b.zone", "10.0.0.1"].iter().map(|name| name.parse().unwrap()).collect();
    let json = serde_json::to_string(&names).unwrap();
    assert_eq!(json, r#"["b.zone","10.0.0.1"]"#);
    assert_eq!(serde_json::from_str::<SubjectAltNames>(&json).unwrap(), names);
    assert!(serde_json::from_str::<SubjectAltNames>(r#"["a_b"]"#).is_err());
    for algorithm in KeyAlgorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        let json = serde_json::to_string(&algorithm).unwrap();
        assert_eq!(serde_json::from_str::<KeyAlgorithm>(&json).unwrap(), algorithm);
    }
    assert_eq!(KeyAlgorithm::default(), KeyAlgorithm::P256);
    assert!("P256".parse::<KeyAlgorithm>().is_err());
}

#[test]
fn common_names_fall_back_to_the_short_one_and_then_to_a_hash() {
    let long = format!("{}.zone", "n".repeat(60));
    assert_eq!(Subject::fit_common_name("node1.zone", "node1"), "node1.zone");
    assert_eq!(Subject::fit_common_name(&long, "node1"), "node1");
    let fitted = Subject::fit_common_name(&long, &long);
    assert_eq!(fitted.len(), 64);
    assert!(fitted.starts_with(&long[..47]) && fitted.as_bytes()[47] == b'-');
    assert_ne!(fitted, Subject::fit_common_name(&format!("{long}2"), ""));
}

/// Go takes `*` for the leftmost of several labels alone.
#[test]
fn a_bare_wildcard_covers_no_host() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    let names = ["-addext", "subjectAltName=DNS:*,DNS:*.example.zone"];
    let (certificate, _) = files.authority_by_openssl("/CN=any", &names);
    let certificate = Certificate::from_pem(&certificate).unwrap();
    assert!(go::covers(&certificate, "node1.example.zone"));
    assert!(!go::covers(&certificate, "localhost"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn canonical_names_stay_as_they_are(text in "[a-zA-Z0-9*._:-]{0,30}") {
        if let Ok(name) = text.parse::<SubjectAltName>() {
            prop_assert_eq!(name.to_string().parse::<SubjectAltName>(), Ok(name.clone()));
            let set: SubjectAltNames = [name.clone()].into_iter().collect();
            prop_assert!(set.iter().eq([&name]));
        }
    }

    #[test]
    fn well_formed_names_are_taken(labels in prop::collection::vec("[a-z]([a-z0-9-]{0,10}[a-z0-9])?", 1..6)) {
        let name = labels.join(".");
        prop_assert_eq!(SubjectAltName::dns(&name.to_uppercase()), Ok(SubjectAltName::Dns(name)));
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in "\\PC{0,80}") {
        let _ = text.parse::<SubjectAltName>();
        let _ = text.parse::<KeyAlgorithm>();
    }

    #[test]
    fn common_names_fit_and_are_the_same_each_time(full in "\\PC{0,120}", short in "\\PC{0,120}") {
        let fitted = Subject::fit_common_name(&full, &short);
        prop_assert!((1..=64).contains(&fitted.chars().count()));
        prop_assert_eq!(fitted, Subject::fit_common_name(&full, &short));
    }
}
