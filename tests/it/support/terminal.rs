//! Text that would take over a terminal, and what must not reach one.

use crate::harness::Outcome;

/// Clears the screen, colours, turns the direction of writing, hides, and forges a line, which begins with
/// `next: FORGED`.
pub const HOSTILE: &str = "a\u{1b}[2J\u{1b}[H\u{9b}31m\
     \u{7f}\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{feff}\u{ad}\u{2028}\r\nnext: FORGED\n\tb";

/// Asserts that nothing but text and line breaks was written, and no line that somebody else made up.
#[track_caller]
pub fn assert_harmless(outcome: &Outcome) {
    for written in [&outcome.stdout, &outcome.stderr] {
        if let Some(c) = written.chars().find(|c| is_harmful(*c)) {
            panic!("{c:?} in:\n{written:?}");
        }
        assert!(
            !written.lines().any(|line| line.starts_with("next: FORGED")),
            "a forged line in:\n{written}"
        );
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

/// Written out, and not as the program decides it.
fn is_harmful(c: char) -> bool {
    let others = ['\u{7f}', '\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}', '\u{fff9}', '\u{e0001}'];
    (c < ' ' && c != '\n')
        || others.contains(&c)
        || ('\u{80}'..='\u{9f}').contains(&c)
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
}
