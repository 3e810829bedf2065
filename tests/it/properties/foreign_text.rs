//! What others said, made fit for a person: once is enough.

use model::foreign_text::said;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_said_stays_as_it_is(text in "\\PC{0,30}[\u{7f}\u{1b}a é]{0,450}") {
        let once = said(&text);
        prop_assert!(once.chars().count() <= 400, "{once:?}");
        prop_assert_eq!(said(&once), once);
    }
}
