//! `explain`: every page of `docs/` is in the program, and whatever a message names is a page.

use std::fs;
use std::path::{Path, PathBuf};

use diagnosis::CHECKS;
use diagnosis::log::explanations;
use documents::{TOPICS, page, rendered};

use crate::harness::{outcome, zone_etcd};
use crate::rooms::sources;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn below(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| if path.is_dir() { below(&path, end) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == end)).collect()
}

fn explained(name: &str) -> String {
    outcome(&mut zone_etcd(["explain", name])).expect_code(0).stdout
}

#[test]
fn has_every_page_as_it_is_in_the_repository() {
    let files = below(&root().join("docs"), "md");
    let listed = outcome(&mut zone_etcd(["explain"])).expect_code(0).stdout;
    for file in &files {
        let text = fs::read_to_string(file).expect("a page");
        let path = file.strip_prefix(root()).expect("below").to_string_lossy().into_owned();
        let known = page(&path).unwrap_or_else(|| panic!("{path} is in no topic of crates/documents"));
        assert_eq!(known.text, text, "{path}");
        assert_eq!(explained(known.name()), text, "{path}: what is no terminal gets Markdown");
        let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a title");
        let row = format!("  {} ", known.name());
        assert!(
            listed.lines().any(|line| line.starts_with(&row) && line.ends_with(title)),
            "{path}\n{listed}"
        );
    }
    let in_program: usize = TOPICS.iter().map(|topic| topic.pages.len()).sum();
    assert_eq!(in_program, files.len());
}

#[test]
fn has_every_unit_to_install() {
    let listed = outcome(&mut zone_etcd(["explain"])).expect_code(0).stdout;
    for entry in fs::read_dir(root().join("packaging/systemd")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = format!("systemd/{}", path.file_name().expect("a name").to_string_lossy());
        assert_eq!(explained(&name), fs::read_to_string(&path).expect("a unit"), "{name}");
        assert!(listed.lines().any(|line| line.trim() == name), "{name}\n{listed}");
    }
}

#[test]
fn finds_a_page_by_the_last_part_of_its_name() {
    assert_eq!(explained("2-three-machines"), explained("tutorials/2-three-machines"));
}

#[test]
fn finds_a_page_by_what_reports_call_a_problem() {
    let quota = fs::read_to_string(root().join("docs/problems/quota.md")).expect("a page");
    for name in ["quota", "problems/quota", "docs/problems/quota.md", "problems/quota.md"] {
        assert_eq!(explained(name), quota, "{name}");
    }
    for check in CHECKS {
        let text = fs::read_to_string(root().join(check.page_path())).expect("a page");
        assert_eq!(
            page(check.more().strip_prefix("zone-etcd explain ").expect("a command")).map(|page| page.text),
            Some(text.as_str()),
            "{}",
            check.name
        );
        // A page that is called as the check is comes first.
        let called = page(check.name).map_or(text, |page| page.text.to_owned());
        assert_eq!(explained(check.name), called, "{}", check.name);
    }
    for row in explanations().step_by(20) {
        let text = explained(row.id);
        assert!(text.contains(&format!("`{}`", row.id)) || page(row.id).is_some(), "{}", row.id);
    }
}

#[test]
fn of_two_pages_with_a_name_the_other_is_told() {
    let members = outcome(&mut zone_etcd(["explain", "members"])).expect_code(0);
    assert!(members.stdout.starts_with("# Members that come and go\n"), "{}", members.stdout);
    assert!(
        members.stderr.starts_with("see also: zone-etcd explain problems/members ("),
        "{}",
        members.stderr
    );
    assert_eq!(outcome(&mut zone_etcd(["explain", "quota"])).expect_code(0).stderr, "");
}

#[test]
fn proposes_what_is_near() {
    for (asked, next) in [
        ("renewl", "next: did you mean `renewal`? zone-etcd explain renewal\n"),
        ("peer-reachble", "next: did you mean `peer-reachable`? zone-etcd explain peer-reachable\n"),
        ("nothing-like-this-at-all", "next: see which pages there are: zone-etcd explain\n"),
    ] {
        let refused = outcome(&mut zone_etcd(["explain", asked])).expect_code(64);
        assert!(refused.stderr.ends_with(next), "{asked}: {}", refused.stderr);
    }
}

/// The text of a page as its lines are on a terminal, without styles.
fn lines_of(name: &str, columns: usize) -> Vec<String> {
    let lines = rendered(page(name).expect("a page"), columns);
    lines.iter().map(|line| line.iter().map(|span| span.text.as_str()).collect()).collect()
}

/// What is in fences is shown as it is, and is to be copied.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_within = false;
    text.lines().filter_map(move |line| {
        let bare = line.trim_start();
        if bare.starts_with("```") {
            is_within = !is_within;
            return None;
        }
        is_within.then_some(bare)
    })
}

#[test]
fn every_page_fits_the_terminal() {
    for known in TOPICS.iter().flat_map(|topic| topic.pages) {
        for columns in [40, 80, 200] {
            let lines = lines_of(known.path, columns);
            let mut shown =
                lines.iter().map(|line| line.trim_start()).collect::<std::collections::BTreeSet<_>>();
            for code in code_lines(known.text) {
                assert!(lines.iter().any(|line| line.ends_with(code)), "{}: {code:?}", known.path);
                shown.remove(code);
            }
            for line in shown.iter().filter(|line| line.chars().count() > columns) {
                // A path or a command to copy is not broken.
                let longest = line.split("  ").flat_map(|cell| cell.split(' ')).map(str::len).max();
                let is_command =
                    line.contains("zone-etcd explain ") || known.text.contains(&format!("\n    {line}\n"));
                assert!(longest > Some(columns / 2) || is_command, "{} at {columns}: {line}", known.path);
            }
            let markup = lines.iter().find(|line| line.contains("](") || line.starts_with('#'));
            assert!(
                markup.is_none()
                    || markup.is_some_and(|line| code_lines(known.text).any(|code| line.ends_with(code))),
                "{}: {markup:?}",
                known.path
            );
        }
    }
}

#[test]
fn shows_tables_lists_and_links_on_a_terminal() {
    let pki = lines_of("pki", 80);
    assert_eq!(pki[0], "The PKI");
    assert!(
        pki.iter().any(|line| line
            == "      issued.jsonl                      one line for each certificate that was ever issued"),
        "{pki:#?}"
    );
    let head = pki.iter().position(|line| line.starts_with("role         issuer     may ")).expect("a table");
    assert!(pki[head + 2].starts_with("peer         peer CA    serve and dial  the node "), "{pki:#?}");
    let text = pki.join(" ");
    assert!(text.contains("pki rotate-ca (zone-etcd explain rotation)"), "{text}");
    // Too narrow for columns: a row is a list of its cells.
    let narrow = lines_of("pki", 50);
    assert!(narrow.iter().any(|line| line == "issuer: peer CA"), "{narrow:#?}");
    let index = lines_of("problems", 100);
    assert!(index.iter().any(|line| line.ends_with("  zone-etcd explain problems/ports")), "{index:#?}");
}

/// In messages, reports and documents: `zone-etcd explain PAGE`.
#[test]
fn every_page_that_is_named_exists() {
    let mut named = 0;
    let files = sources().into_iter().flat_map(|source| below(&source, "rs"));
    for file in files.chain(below(&root().join("docs"), "md")) {
        let text = fs::read_to_string(&file).expect("a file");
        for rest in text.split("zone-etcd explain ").skip(1) {
            let name: String =
                rest.chars().take_while(|c| c.is_ascii_lowercase() || "-/.".contains(*c)).collect();
            let name = name.trim_end_matches('.');
            if name.is_empty() {
                continue;
            }
            named += 1;
            outcome(&mut zone_etcd(["explain", name])).expect_code(0);
        }
    }
    assert!(named > 8, "{named}");
}

/// A node has no `docs/`.
#[test]
fn no_message_names_a_file_of_the_repository() {
    let mut found = Vec::new();
    for file in sources().into_iter().flat_map(|source| below(&source, "rs")) {
        let text = fs::read_to_string(&file).expect("a source");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names_one =
            |line: &&str| line.contains("docs/") && line.contains(".md") && !line.contains("include_str!");
        // For programs: the field `page` of reports stays what it was.
        let is_field = |line: &&str| line.contains("format!(\"docs/problems/{}.md\"");
        found.extend(code.filter(names_one).filter(|line| !is_field(line)).map(str::to_owned));
    }
    assert!(found.is_empty(), "{found:#?}");
}
