//! Every explanation has a page, and every page is found from the index.

use std::collections::BTreeSet;
use std::path::PathBuf;

use zone_etcd::diagnosis::log::explanations;

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

#[test]
fn every_explanation_has_a_page_that_names_it() {
    for row in explanations() {
        assert!(pages().contains(row.page), "{}: docs/problems/{}.md is missing", row.id, row.page);
        assert!(
            page(row.page).contains(&format!("`{}`", row.id)),
            "{}.md does not name {}",
            row.page,
            row.id
        );
    }
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
        assert!(text.starts_with("# ") && (8..=60).contains(&lines), "{name}.md has {lines} lines");
        for heading in ["## What it means", "## What to do"] {
            assert!(text.contains(heading), "{name}.md lacks {heading}");
        }
    }
}
