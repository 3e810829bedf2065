//! Pages lead to files and headings that exist, every page is reached from README.md, and diagrams are those
//! of their sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in ["", "docs", "docs/problems", "docs/tutorials", "examples"] {
        let entries = fs::read_dir(root().join(directory)).expect("a directory of pages");
        found.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

/// The text without blocks of code.
fn prose(text: &str) -> String {
    let mut fence = None;
    let mut prose = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let ticks = bare.len() - bare.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(opened) if ticks >= opened => fence = None,
            None => prose = prose + line + "\n",
            Some(_) => {}
        }
    }
    prose
}

/// Where the links and pictures of a page lead, but for those to other hosts.
fn links(text: &str) -> Vec<String> {
    let text = prose(text);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.to_owned());
    targets.filter(|target| !target.contains("://") && !target.contains(char::is_whitespace)).collect()
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let text = prose(text);
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    let anchor = |heading: &str| {
        let kept: String = heading.trim().to_lowercase().chars().filter(|c| plain(*c)).collect();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

fn resolved(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().expect("a directory").to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut faults = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for link in links(&text) {
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = if file.is_empty() { page.clone() } else { resolved(&page, file) };
            let there = if anchor.is_empty() {
                path.exists()
            } else {
                fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor))
            };
            if !there {
                faults.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(count > 300 && faults.is_empty(), "{count} links\n{}", faults.join("\n"));
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let mut reached = BTreeSet::from([root().join("README.md")]);
    let mut next: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(page) = next.pop() {
        let Ok(text) = fs::read_to_string(&page) else { continue };
        for link in links(&text) {
            let path = resolved(&page, link.split('#').next().unwrap_or_default());
            if path.extension().is_some_and(|extension| extension == "md") && reached.insert(path.clone()) {
                next.push(path);
            }
        }
    }
    let missed: Vec<PathBuf> = pages().into_iter().filter(|page| !reached.contains(page)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// Versions of graphviz draw differently, so it is the source that is compared.
#[test]
fn every_diagram_is_that_of_its_source() {
    let place = root().join("docs/diagrams");
    let style = fs::read(place.join("style.css")).expect("the style");
    let mut count = 0;
    for entry in fs::read_dir(&place).expect("the diagrams") {
        let source = entry.expect("an entry").path();
        if source.extension().is_none_or(|extension| extension != "dot") {
            continue;
        }
        count += 1;
        let bytes = [fs::read(&source).expect("a source"), style.clone()].concat();
        let wanted = zone_pki::hex::encode(digest(&SHA256, &bytes).as_ref());
        let picture = fs::read_to_string(source.with_extension("svg")).unwrap_or_default();
        let name = source.display();
        assert!(picture.contains(&format!("<!-- source: {wanted} -->")), "{name}: run scripts/diagrams");
        assert!(picture.contains("prefers-color-scheme: dark"), "{name}");
    }
    assert!(count >= 4, "{count} diagrams");
}
