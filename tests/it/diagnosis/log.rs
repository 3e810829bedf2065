//! The table of etcd's lines, against lines that etcd printed: see README.md beside them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diagnosis::log::{Explanation, Harm, LogDiagnosis, explain_log, explanations};

pub fn explained(log: impl AsRef<[u8]>) -> LogDiagnosis {
    explain_log(log.as_ref()).expect("memory does not fail")
}

/// The names of what a log says, in the order of harm.
pub fn names(diagnosis: &LogDiagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.explanation.id).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/diagnosis").join(name)
}

/// The fixtures of a folder: the name without `.txt`, and the text.
pub fn fixtures(name: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder(name)).expect("a folder of fixtures");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    let stem = |file: &Path| file.file_stem().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|file| (stem(file), std::fs::read_to_string(file).expect("a fixture"))).collect()
}

fn all_fixtures() -> Vec<(String, String)> {
    [fixtures("lines"), fixtures("from_source")].concat()
}

#[test]
fn every_line_is_explained_by_the_row_of_its_file() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (id, text) in all_fixtures() {
        for line in text.lines() {
            count += 1;
            let diagnosis = explained(line);
            if names(&diagnosis) != [id.as_str()] {
                wrong.push(format!("{id}: {:?}: {line}", names(&diagnosis)));
            }
        }
    }
    println!("{count} lines were explained");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_has_a_line_and_every_file_a_row() {
    let rows: BTreeSet<String> = explanations().map(|row| row.id.to_owned()).collect();
    let files: BTreeSet<String> = all_fixtures().into_iter().map(|(id, _)| id).collect();
    assert_eq!(rows, files);
}

#[test]
fn what_is_from_the_source_was_not_printed() {
    let printed: BTreeSet<String> = fixtures("lines").into_iter().map(|(id, _)| id).collect();
    for (id, _) in fixtures("from_source") {
        assert!(!printed.contains(&id), "{id} has lines that were printed");
    }
}

#[test]
fn rows_are_told_apart_and_complete() {
    let mut ids = BTreeSet::new();
    for Explanation { id, title, cause, why_it_matters, remedy, page, .. } in explanations() {
        assert!(ids.insert(id), "{id} is there twice");
        let is_kebab =
            id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(is_kebab && !id.is_empty(), "{id}");
        for text in [title, cause, why_it_matters, remedy, page] {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{id}: {text}");
        }
    }
}

/// Only who is at the other end may be missing from a line: the text then says "the other side".
#[test]
fn each_place_for_a_fact_is_filled_by_every_line() {
    let mut missing = Vec::new();
    for (id, text) in all_fixtures() {
        for finding in text.lines().flat_map(|line| explained(line).findings) {
            let (cause, remedy) = (finding.explanation.cause, finding.explanation.remedy);
            let places = [cause, remedy].into_iter().flat_map(|text| text.split('{').skip(1));
            for name in places.map(|rest| rest.split_once('}').expect("closed").0) {
                if !finding.facts.contains_key(name) && name != "remote-addr" {
                    missing.push(format!("{id}: {name}: {}", finding.sample));
                }
            }
            assert!(!finding.cause().contains(['{', '}']) && !finding.remedy().contains(['{', '}']), "{id}");
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_healthy_log_holds_no_harm() {
    let logs = fixtures("healthy");
    assert_eq!(
        logs.iter().map(|(version, _)| version.as_str()).collect::<Vec<_>>(),
        ["3.5.35", "3.6.16", "3.7.3"]
    );
    for (version, text) in logs {
        let diagnosis = explained(&text);
        assert!(diagnosis.lines > 80, "{version}: {} lines", diagnosis.lines);
        assert!(diagnosis.worst() <= Some(Harm::Notice), "{version}: {:?}", names(&diagnosis));
        assert_eq!(diagnosis.unknown, 0, "{version}: {:?}", diagnosis.unknown_lines);
    }
}

#[test]
fn the_refused_address_is_named_with_the_line_to_add() {
    let (_, text) =
        fixtures("lines").into_iter().find(|(id, _)| id == "peer-source-address-refused").expect("it");
    for finding in explained(text).findings {
        assert_eq!(finding.facts["source"], "127.0.0.1");
        assert!(finding.remedy().contains("`sans = [\"127.0.0.1\"]`"), "{}", finding.remedy());
        assert!(!finding.facts["remote-addr"].contains(':'), "{:?}", finding.facts);
    }
}

#[test]
fn the_member_to_remove_is_named() {
    let (_, text) = fixtures("lines").into_iter().find(|(id, _)| id == "already-bootstrapped").expect("it");
    let diagnosis = explained(text);
    let member = &diagnosis.findings[0].facts["member"];
    assert!(member.len() > 10 && member.bytes().all(|byte| byte.is_ascii_hexdigit()), "{member}");
    let remedy = diagnosis.findings[0].remedy();
    assert!(remedy.contains(&format!("member {member}: `zone-etcd member replace NODE`")), "{remedy}");
}
