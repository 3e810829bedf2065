//! Whatever bytes there are, what is printed has none that a terminal acts on.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use model::report::{Table, json, shell_quoted};
use proptest::prelude::*;
use zone_pki::Visible;
use zone_pki::printable::{is_visible, visible_lines};

use crate::harness::{outcome, zone_etcd};
use crate::support::assert_harmless;

/// Much that is harmful, some that is not.
fn text() -> impl Strategy<Value = String> {
    let harmful = prop::sample::select(crate::support::HOSTILE.chars().collect::<Vec<_>>());
    let any = prop_oneof![harmful, any::<char>(), prop::char::range('\0', '\u{ff}')];
    prop::collection::vec(any, 0..40).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn lines_stay_lines(text in text()) {
        let shown = visible_lines(&text).into_owned();
        prop_assert!(shown.chars().all(|c| c == '\n' || is_visible(c)));
        prop_assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
        prop_assert_eq!(visible_lines(&shown).into_owned(), shown.clone(), "what is shown is left alone");
        let line = Visible(&text).to_string();
        prop_assert!(line.chars().all(is_visible));
        if text.chars().all(is_visible) {
            prop_assert_eq!(&line, &text);
        }
    }

    #[test]
    fn a_row_stays_a_row(cells in [text(), text()]) {
        let mut table = Table::new(&[]);
        table.row(cells);
        let rendered = table.render();
        prop_assert!(rendered.lines().count() <= 1, "{rendered}");
        prop_assert!(rendered.trim_end_matches('\n').chars().all(is_visible));
    }

    #[test]
    fn json_is_the_same_value(text in text()) {
        let rendered = json(&[&text]).expect("JSON");
        prop_assert!(rendered.chars().all(|c| c == '\n' || is_visible(c)));
        prop_assert_eq!(serde_json::from_str::<Vec<String>>(&rendered).expect("JSON"), vec![text]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shell_reads_the_same_word(text in text()) {
        prop_assume!(!text.contains('\0'));
        let quoted = shell_quoted(&text);
        prop_assert!(quoted.chars().all(is_visible));
        let read = std::process::Command::new("bash").args(["-c", &format!("printf %s {quoted}")]).output();
        prop_assert_eq!(String::from_utf8(read.expect("a shell").stdout).expect("text"), text);
    }

    #[test]
    fn no_word_of_the_command_line_gets_out(bytes in prop::collection::vec(1_u8.., 0..40)) {
        let word = OsStr::from_bytes(&bytes);
        for option in ["--zone", "--config", "--node", "--nothing"] {
            let told = outcome(zone_etcd(["plan", option]).arg(word));
            prop_assert_ne!(told.code, 0);
            assert_harmless(&told);
        }
    }
}
