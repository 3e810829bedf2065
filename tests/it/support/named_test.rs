//! Tests that documents name.

use std::fs;
use std::path::Path;

/// Whether it is there, and run: also with attributes below `#[test]`, and within `proptest!`.
pub fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begins = format!("fn {name}(");
    let Some(index) = lines.iter().position(|line| line.starts_with(&begins)) else { return false };
    lines[..index].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
}

/// Whether `path`, as `cargo test` takes it, is a test below a directory, or a module of tests.
pub fn names_a_test(directory: &Path, path: &str) -> bool {
    let module = |path: &str| {
        let place = directory.join(path.replace("::", "/"));
        [place.with_extension("rs"), place.join("mod.rs")].into_iter().find(|file| file.is_file())
    };
    match path.rsplit_once("::") {
        _ if module(path).is_some() => true,
        Some((parent, name)) => module(parent)
            .is_some_and(|file| fs::read_to_string(file).is_ok_and(|text| has_test(&text, name))),
        None => false,
    }
}
