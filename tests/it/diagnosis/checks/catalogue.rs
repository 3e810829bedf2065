//! The list of checks has no gaps: each has its page, its row in the index, and a test that provokes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diagnosis::{CHECKS, Use};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn names_are_unique_and_kebab_case() {
    let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), CHECKS.len());
    for check in CHECKS {
        assert!(check.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", check.name);
        assert_eq!(check.id.row().name, check.name);
        for text in [check.title, check.why] {
            assert!(!text.ends_with('.') && text.len() > 10, "{}: {text}", check.name);
        }
    }
}

#[test]
fn every_check_has_its_page_and_its_row() {
    let index = read("docs/checks.md");
    for check in CHECKS {
        let text = read(&check.page_path());
        assert!(
            text.contains(&format!("`{}`", check.name)),
            "{} does not name {}",
            check.page_path(),
            check.name
        );
        let row = index
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", check.name)))
            .unwrap_or_else(|| panic!("docs/checks.md has no row for {}", check.name));
        assert!(row.contains(&format!("](problems/{}.md)", check.page)), "{row}");
        let used = match check.used {
            Use::Run => "run, check, doctor",
            Use::Check => "check, doctor",
            Use::Doctor => "doctor",
        };
        assert!(row.contains(&format!("| {used} |")), "{row}");
    }
}

/// A test is called as its check is, with underscores.
#[test]
fn every_check_has_a_test() {
    let mut sources = String::new();
    for directory in ["tests/it/diagnosis/checks", "tests/e2e/diagnosis"] {
        let entries = std::fs::read_dir(root().join(directory)).expect("a directory");
        let files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        for file in files {
            sources += &std::fs::read_to_string(file).expect("a source file");
        }
    }
    for check in CHECKS {
        let name = format!("#[test]\nfn {}()", check.name.replace('-', "_"));
        assert!(sources.contains(&name), "no test is called {}", check.name);
    }
}
