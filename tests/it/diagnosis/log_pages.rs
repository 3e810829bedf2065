//! Every explanation has a page, and every page is found from the index.

use std::collections::BTreeSet;
use std::path::PathBuf;

use diagnosis::log::explanations;

fn problems() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/problems")
}

fn pages() -> BTreeSet<String> {
    let entries = std::fs::read_dir(problems()).expect("docs/problems");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect()
}

fn page(name: &str) -> String {
    std::fs::read_to_string(problems().join(format!("{name}.md"))).expect("a page")
}

/// An entry of a page that no row has would say what no line brings about. That every row has an entry, the
/// fixtures tell.
#[test]
fn every_entry_of_a_page_is_of_a_row() {
    let texts: Vec<String> = pages().iter().map(|name| page(name)).collect();
    let entries = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    let entries: Vec<&str> = entries.map(|(id, _)| id).collect();
    let rows: BTreeSet<&str> = explanations().map(|row| row.id).collect();
    assert_eq!(entries.len(), rows.len(), "an entry is there twice");
    assert_eq!(entries.into_iter().collect::<BTreeSet<&str>>(), rows);
}

#[test]
fn every_page_is_reached_from_the_index() {
    let index = page("README");
    for name in pages() {
        assert!(index.contains(&format!("]({name}.md)")), "the index does not lead to {name}.md");
    }
    for link in index.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
        assert!(problems().join(link.0).is_file(), "the index leads to {}, which is not there", link.0);
    }
}

#[test]
fn pages_are_short_and_tell_what_to_do() {
    for name in pages() {
        let text = page(&name);
        let lines = text.lines().count();
        assert!(text.starts_with("# ") && (8..=70).contains(&lines), "{name}.md has {lines} lines");
        assert!(text.contains("## What to do"), "{name}.md lacks it");
        let heads = ["## What it means", "## What `doctor --log` says"];
        let says_what = heads.iter().any(|head| text.contains(head));
        assert!(says_what, "{name}.md says nothing of what it is about");
    }
}

/// What is said of a line is said by its entry; above the entries is what none of them says.
#[test]
fn a_page_says_each_thing_once() {
    for name in pages() {
        let text = page(&name);
        let section = |head: &str| {
            let rest = text.split_once(head).map(|(_, rest)| rest).unwrap_or_default();
            rest.split("\n## ").next().unwrap_or_default()
        };
        let entries = words(section("## What `doctor --log` says"));
        for phrase in words(section("## What it means")).windows(5) {
            assert!(!entries.windows(5).any(|other| other == phrase), "{name}.md says {phrase:?} twice");
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
