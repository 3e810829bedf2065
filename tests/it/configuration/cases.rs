//! Runs tables of faulty files. In a file, `▸` marks the place at which a problem is expected; it is taken
//! out before the program reads the file.

use std::path::Path;

use crate::harness::{Outcome, TestZone};
use crate::support::{Refusal, Tree};

const MARK: char = '▸';
const ZONE: &str = "[zone]\nname = \"example.zone\"\n";
const NODE: &str = "[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

/// A file, and what is expected of it: one list of words for each problem, in the order of the file. Those
/// without a place come first.
pub struct Case {
    text: String,
    without_place: Vec<&'static [&'static str]>,
    expected: Vec<&'static [&'static str]>,
}

impl Case {
    /// Expects one more problem, of the file as a whole.
    pub fn and_of_the_file(mut self, words: &'static [&'static str]) -> Self {
        self.without_place.push(words);
        self
    }

    /// Expects one more problem, at the next mark.
    pub fn and(mut self, words: &'static [&'static str]) -> Self {
        self.expected.push(words);
        self
    }
}

/// One problem at the one mark in `text`.
pub fn fault(text: impl Into<String>, words: &'static [&'static str]) -> Case {
    Case { text: text.into(), without_place: Vec::new(), expected: vec![words] }
}

/// One problem of the file as a whole.
pub fn whole(text: impl Into<String>, words: &'static [&'static str]) -> Case {
    Case { text: text.into(), without_place: vec![words], expected: Vec::new() }
}

/// A problem in the one node of a zone.
pub fn node(body: &str, words: &'static [&'static str]) -> Case {
    fault(format!("{ZONE}\n[[node]]\n{body}\n"), words)
}

/// A problem in `[etcd]`.
pub fn etcd(body: &str, words: &'static [&'static str]) -> Case {
    fault(format!("{ZONE}\n{NODE}\n[etcd]\n{body}\n"), words)
}

/// A problem in `[pki]`.
pub fn pki(body: &str, words: &'static [&'static str]) -> Case {
    fault(format!("{ZONE}\n{NODE}\n[pki]\n{body}\n"), words)
}

/// A zone of one node, with more at its end.
pub fn zone_with(more: &str) -> String {
    format!("{ZONE}\n{NODE}\n{more}")
}

/// Asserts of each case that `plan` refuses it with exactly the expected problems, and leaves the directory
/// as it was.
#[track_caller]
pub fn check(cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        let (text, places) = without_marks(&case.text);
        assert_eq!(places.len(), case.expected.len(), "as many marks as problems in:\n{}", case.text);
        let zone = TestZone::described(&text);
        let before = Tree::of(&zone.path());
        let outcome = zone.run(&["plan", "--node", "node1"]).expect_refusal(78, &["nothing was changed"]);
        Tree::of(&zone.path()).assert_same_as(&before, "plan");
        let file = zone.file("zone.toml");
        let problems = problems(&outcome, &file);
        let shown = format!("file:\n{text}\nstderr:\n{}", outcome.stderr);
        let places = case.without_place.iter().map(|_| String::new()).chain(places);
        let expected: Vec<_> = places.zip(case.without_place.iter().chain(&case.expected)).collect();
        assert_eq!(problems.len(), expected.len(), "{shown}");
        for ((place, said), (expected_place, words)) in problems.iter().zip(expected) {
            assert_eq!(*place, expected_place, "the place of: {said}\n{shown}");
            for word in *words {
                assert!(said.contains(word), "no `{word}` in: {said}\n{shown}");
            }
            assert!(said.lines().count() > 1, "nothing to write instead in: {said}\n{shown}");
        }
    }
}

/// Asserts that a file is accepted with one warning at its mark.
#[track_caller]
pub fn warning(text: &str, words: &[&str]) {
    let (text, places) = without_marks(text);
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    let outcome = zone.run(&["plan", "--node", "node1"]).expect_code(0);
    let problems = problems(&outcome, &zone.file("zone.toml"));
    let [(place, said)] = problems.as_slice() else { panic!("not one warning:\n{}", outcome.stderr) };
    assert_eq!(*place, places[0], "{said}");
    assert!(said.starts_with("warning: "), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
    assert!(!outcome.stderr.contains("error: "), "{}", outcome.stderr);
}

/// The problems in standard error, each with its place (`line:column`, or nothing) and its text.
pub fn problems(outcome: &Outcome, file: &Path) -> Vec<(String, String)> {
    let start = file.display().to_string();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in outcome.stderr.lines().filter(|line| !line.starts_with("error: ")) {
        if line.starts_with("next: ") {
            break;
        }
        match line.trim_start().strip_prefix(&start) {
            Some(rest) => {
                let (place, said) = rest.split_once(": ").expect("a place and a text");
                found.push((place.trim_start_matches(':').to_owned(), said.to_owned()));
            }
            None => {
                let last = found.last_mut().expect("a problem that goes on");
                last.1 += &format!("\n{line}");
            }
        }
    }
    found
}

/// The text without the marks, and the places of these.
fn without_marks(text: &str) -> (String, Vec<String>) {
    let mut places = Vec::new();
    let (mut line, mut column) = (1, 1);
    for c in text.chars() {
        match c {
            MARK => places.push(format!("{line}:{column}")),
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    (text.replace(MARK, ""), places)
}
