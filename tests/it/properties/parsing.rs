//! Reading a description: whatever the text, there is an answer, and every problem has a place within it.

use etcd::EtcdVersion;
use model::config::{Address, ClientName, NodeName, Severity, ZoneConfig, ZoneName};
use proptest::prelude::*;

use super::strategies::{description, nodes};

const WORDS: [&str; 28] = [
    "[zone]",
    "[[node]]",
    "[pki]",
    "[etcd]",
    "[etcd.flags]",
    "name",
    "address",
    "sans",
    "member",
    "peer_port",
    "=",
    "\"",
    "[",
    "]",
    "\n",
    "example.zone",
    "node1",
    "10.0.1.1",
    "\"365d\"",
    "heartbeat",
    "2380",
    "true",
    "{",
    "}",
    "é",
    "\u{0}",
    "#",
    ",",
];

/// Reads it, and looks at what came of it.
fn read(text: &str) -> Result<(), TestCaseError> {
    match ZoneConfig::parse(text) {
        Ok((zone, warnings)) => {
            prop_assert!(zone.members().count() > 0);
            prop_assert!(warnings.iter().all(|problem| problem.severity == Severity::Warning));
        }
        Err(problems) => {
            prop_assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
            let lines = text.matches('\n').count() + 1;
            for place in problems.iter().filter_map(|problem| problem.location) {
                prop_assert!(
                    (1..=lines).contains(&place.line) && place.column >= 1,
                    "{place:?} of {lines} lines"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_an_answer(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn any_sequence_of_its_words_has_an_answer(
        words in prop::collection::vec(prop::sample::select(WORDS.as_slice()), 0..60),
    ) {
        read(&words.join(" "))?;
        read(&words.concat())?;
    }

    #[test]
    fn a_valid_file_with_a_change_has_an_answer(
        nodes in nodes(), at in any::<prop::sample::Index>(), removed in 0..20_usize, added in "\\PC{0,12}",
    ) {
        let text: Vec<char> = description(&nodes).chars().collect();
        let at = at.index(text.len());
        let rest = text[at..].iter().skip(removed);
        let changed: String = text[..at].iter().copied().chain(added.chars()).chain(rest.copied()).collect();
        read(&changed)?;
    }

    #[test]
    fn any_value_has_an_answer(text in any::<String>()) {
        let zone = ZoneName::parse("example.zone").expect("a zone name");
        let _ = NodeName::parse(&text, &zone);
        let _ = ClientName::parse(&text);
        let _ = text.parse::<EtcdVersion>();
        if let Ok(address) = Address::parse(&text) {
            // What is accepted is written into URLs and read again.
            prop_assert_eq!(Address::parse(&address.url_host()).ok(), Some(address));
        }
    }
}
