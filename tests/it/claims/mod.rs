//! docs/claims.md has each promise of README.md and SECURITY.md, and commands that are there.

mod statements;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use statements::statements;

use crate::support::names_a_test;

/// What promises nothing: a heading whose section is left out, or the words with which a statement begins.
const NO_PROMISE: &str = include_str!("no_promise.txt");

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(name)).expect("a page")
}

/// A row of docs/claims.md.
struct Claim<'a> {
    page: &'a str,
    /// As the page has it; what is left out is `…`.
    words: &'a str,
    commands: Vec<&'a str>,
}

impl Claim<'_> {
    fn is_of(&self, statement: &str) -> bool {
        let mut rest = statement;
        self.words.split('…').map(str::trim).all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

fn claims(text: &str) -> Vec<Claim<'_>> {
    let mut page = "";
    let mut claims = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            page = heading;
        }
        let Some((words, commands)) =
            line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")?.split_once(" | "))
        else {
            continue;
        };
        if words != "claim" {
            let commands = commands.split(", ").map(|command| command.trim_matches('`')).collect();
            claims.push(Claim { page, words, commands });
        }
    }
    claims
}

/// Why a command shows nothing.
fn fault(command: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words: Vec<&str> = command.split(' ').collect();
    let (directory, filter) = match words[..] {
        ["cargo", "test", "--release", "--test", binary, ref filter @ ..] => {
            (root.join("tests").join(binary), filter)
        }
        ["cargo", "test", "--release", "-p", "zone-pki", "--test", binary, ref filter @ ..] => {
            (root.join("pki/tests").join(binary), filter)
        }
        _ => {
            let script = words[0].trim_start_matches("./");
            let is_ours = script.starts_with("scripts/") || script.starts_with("tests/");
            return (!is_ours || !root.join(script).is_file()).then(|| format!("there is no {script}"));
        }
    };
    let is_there = match filter {
        [] => directory.with_extension("rs").is_file() || directory.is_dir(),
        [path] => names_a_test(&directory, path),
        _ => false,
    };
    (!is_there).then(|| format!("`{command}` runs no test"))
}

#[test]
fn every_promise_has_a_claim_and_every_claim_is_a_promise() {
    let text = page("docs/claims.md");
    let claims = claims(&text);
    let left_out: Vec<&str> = NO_PROMISE.lines().filter(|line| !line.is_empty()).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut faults = Vec::new();
    for name in ["README.md", "SECURITY.md"] {
        let of_page: Vec<&Claim> = claims.iter().filter(|claim| claim.page == name).collect();
        let mut shown = vec![false; of_page.len()];
        for (section, statement) in statements(&page(name)) {
            let mut is_claimed = false;
            for (claim, shown) in of_page.iter().zip(&mut shown) {
                let matches = claim.is_of(&statement);
                is_claimed |= matches;
                *shown |= matches;
            }
            let no_promise =
                left_out.iter().find(|line| **line == section.as_str() || statement.starts_with(**line));
            used.extend(no_promise.copied());
            if !is_claimed && no_promise.is_none() {
                faults.push(format!("{name}: no row of docs/claims.md has: {statement}"));
            }
        }
        let stale = of_page.iter().zip(shown).filter(|(_, shown)| !shown);
        faults.extend(stale.map(|(claim, _)| format!("{name} has no such words: {}", claim.words)));
    }
    let unused = left_out.iter().filter(|line| !used.contains(**line));
    faults.extend(unused.map(|line| format!("no_promise.txt has what no page begins with: {line}")));
    for claim in &claims {
        let named = claim.commands.iter().filter_map(|command| fault(command));
        faults.extend(named.map(|fault| format!("{}: {fault}", claim.words)));
    }
    println!("{} claims", claims.len());
    assert!(faults.is_empty() && claims.len() > 140, "{} claims\n{}", claims.len(), faults.join("\n"));
}

#[test]
fn what_shows_nothing_is_a_fault() {
    for command in [
        "cargo test --release --test it claims::what_shows_nothing_is_a_fault",
        "cargo test --release --test it claims",
        "cargo test --release -p zone-pki --test it pitfalls",
        "./scripts/test",
        "scripts/bench --short issue",
    ] {
        assert_eq!(fault(command), None);
    }
    for command in [
        "cargo test --release --test it claims::a_test_that_is_not_there",
        "cargo test --release --test it no_such_module",
        "cargo test --release --test none",
        "scripts/none",
        "true",
    ] {
        assert!(fault(command).is_some(), "{command}");
    }
    let words = |words| Claim { page: "", words, commands: Vec::new() };
    assert!(words("one … three").is_of("It is one; two; three."));
    assert!(!words("three … one").is_of("It is one; two; three."));
}
