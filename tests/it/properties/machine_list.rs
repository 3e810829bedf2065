//! A list of machines: whatever the text, each machine and each problem has its line.

use model::config::read_machine_list;
use proptest::prelude::*;

/// What lines of such lists are made of.
const WORDS: [&str; 20] = [
    "\n", "\n", "\n", "|", ",", " ", "\t", "- ", ":", ": ", "\"", "#", "---", "Name", "IP", "Hostname",
    "address", "infra0", "fd00::1", "\u{feff}",
];

fn text() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60);
    prop_oneof![any::<String>(), words.prop_map(|words| words.concat()),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 900, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_machine_and_every_problem_has_its_line(text in text()) {
        let (machines, problems) = read_machine_list(&text);
        let lines = 1..=text.lines().count();
        prop_assert!(machines.is_sorted_by_key(|machine| machine.line));
        for machine in &machines {
            prop_assert!(lines.contains(&machine.line));
            prop_assert!(!machine.node.name.is_empty());
            prop_assert!(machine.node.address.as_ref().is_some_and(|address| !address.is_empty()));
            prop_assert!(machine.node.names.iter().all(|name| !name.is_empty()));
        }
        for problem in &problems {
            prop_assert!(problem.location.is_some_and(|location| lines.contains(&location.line)));
        }
    }
}
