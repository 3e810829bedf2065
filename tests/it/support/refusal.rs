//! What every failure looks like: an exit code, one `error:` line, one `next:` line, and nothing on standard
//! output.

use crate::harness::Outcome;

/// Assertions on a call that was refused.
pub trait Refusal {
    /// Asserts the form that every failure has, its exit code, and that the message holds every text.
    fn expect_refusal(self, code: i32, texts: &[&str]) -> Outcome;
}

impl Refusal for Outcome {
    #[track_caller]
    fn expect_refusal(self, code: i32, texts: &[&str]) -> Outcome {
        let outcome = self.expect_code(code).expect_error_with(texts);
        assert_eq!(outcome.stdout, "", "a failure prints no data");
        let count = |start: &str| outcome.stderr.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("error: "), 1, "one `error:` line in:\n{}", outcome.stderr);
        assert_eq!(count("next: "), 1, "one `next:` line in:\n{}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        let what =
            outcome.stderr.lines().find_map(|line| line.strip_prefix("error: ")).expect("an error line");
        assert!(!what.ends_with('.'), "a full stop ends: {what}");
        outcome
    }
}
