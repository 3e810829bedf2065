//! Help, messages and documents use the terms of docs/terms.md, and none of these.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{outcome, zone_etcd};
use crate::rooms::sources;

/// What readers had to translate, and the term for it.
const INSTEAD: [(&str, &str); 24] = [
    (" anew", " again, or restart"),
    ("is none\"", "is not a valid …\""),
    ("signing machine", "signing host"),
    ("take up a bundle", "activate a bundle"),
    ("takes up a bundle", "activates a bundle"),
    ("taken up a bundle", "activated a bundle"),
    ("in force", "in effect"),
    ("told to end", "stopped"),
    ("lead to their plane's CA", "chain to"),
    ("leads to its plane's CA", "chains to"),
    ("stand for every URL", "cover every URL"),
    ("does not stand for", "does not cover"),
    ("forgotten its votes", "lost its votes"),
    ("takes connections and says nothing", "accepts TCP, no TLS reply"),
    ("nobody has started it again", "it was not restarted"),
    ("which nobody else may read", "which must be mode 0600"),
    ("The same from an open file descriptor", "Like --OPTION, from file descriptor N"),
    ("For a person", "Text"),
    ("For a program", "JSON"),
    ("in earnest", "in production"),
    ("somebody came without", "connection without"),
    (" mend ", "fix"),
    (" mended", "fixed"),
    ("found or join", "bootstrap or join"),
];

/// Say who: the operator, a client, no member.
const PERSONS: [&str; 5] = ["nobody", "somebody", "anybody", "everybody", "whoever"];

fn faults(place: &str, text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase);
    let persons = words.filter(|word| PERSONS.contains(&word.as_str()));
    let persons = persons.map(|word| format!("{place}: `{word}`, better who it is"));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = INSTEAD.iter().filter(|(word, _)| text.contains(word));
    let found = found.map(|(word, term)| format!("{place}: `{word}`, better `{term}`"));
    found.chain(persons).collect()
}

fn below(directory: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(&path, end));
        } else if path.extension().is_some_and(|extension| extension == end) {
            found.push(path);
        }
    }
    found
}

fn rust_sources() -> Vec<PathBuf> {
    sources().into_iter().flat_map(|source| below(&source, "rs")).collect()
}

#[test]
fn documents_use_the_terms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = below(&root.join("docs"), "md");
    pages.extend(
        ["README.md", "SECURITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|page| root.join(page)),
    );
    assert!(pages.len() > 50, "{pages:?}");
    let found = pages
        .iter()
        .flat_map(|page| faults(&page.display().to_string(), &fs::read_to_string(page).expect("a page")));
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Messages are in the sources, comments beside them.
#[test]
fn messages_use_the_terms() {
    let sources = rust_sources();
    let found = sources.iter().flat_map(|source| {
        faults(&source.display().to_string(), &fs::read_to_string(source).expect("a source"))
    });
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Also where rustfmt gives up: comments, and what has a long string in it. Of tests and benches as well.
#[test]
fn lines_have_110_columns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside =
        ["tests", "fuzz", "benches", "examples", "pki/tests"].map(|place| below(&root.join(place), "rs"));
    let mut long = Vec::new();
    for path in rust_sources().into_iter().chain(beside.into_iter().flatten()) {
        let text = fs::read_to_string(&path).expect("a source");
        let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > 110);
        long.extend(lines.map(|(number, _)| format!("{}:{}", path.display(), number + 1)));
    }
    assert!(long.is_empty(), "lines of more than 110 columns:\n{}", long.join("\n"));
}

#[test]
fn help_uses_the_terms() {
    let all = outcome(&mut zone_etcd(["--help"])).expect_code(0).stdout;
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let mut found = faults("--help", &all);
    for name in names.iter().filter(|name| **name != "help") {
        let page = outcome(&mut zone_etcd(["man", name])).expect_code(0).stdout;
        found.extend(faults(name, &page));
        found.extend(faults(name, &outcome(&mut zone_etcd([*name, "--help"])).expect_code(0).stdout));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
