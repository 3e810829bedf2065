//! `check` without etcd: what is wrong on disk and on the machine, peers that are no members, and the list of
//! checks itself.

mod catalogue;
mod certificates;
mod fake_peer;
mod handshakes;
mod judgements;
mod machine;
mod peers;

use serde_json::Value;
use time::OffsetDateTime;
use zone_pki::{Authority, KeyAlgorithm, LeafSpec, Subject, SubjectAltName, SubjectAltNames, Usages};

use crate::harness::TestZone;

/// What `check` finds on node1, and its exit code.
#[track_caller]
pub fn checked(zone: &TestZone, code: i32) -> Vec<Value> {
    findings(&zone.run(&["check", "--node", "node1", "--format", "json"]).expect_code(code).stdout)
}

/// The findings of a report in JSON.
#[track_caller]
pub fn findings(report: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(report).expect("JSON");
    report["findings"].as_array().expect("findings").clone()
}

/// Asserts that there is such a finding, that it says why it matters and what to do, and returns it.
#[track_caller]
pub fn found(findings: &[Value], check: &str, verdict: &str, text: &str) -> Value {
    let is_it = |finding: &&Value| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && (finding["found"].as_str().expect("a text").contains(text)
                || finding["subject"].as_str().expect("a text").contains(text))
    };
    let finding = findings
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {verdict} {check} with `{text}` in {findings:#?}"));
    assert!(!finding["why"].as_str().expect("a reason").is_empty());
    if verdict == "failed" || verdict == "unreachable" {
        assert!(finding["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{finding:#}");
    }
    finding.clone()
}

/// The checks that failed, each once.
pub fn failed(findings: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "failed")
        .map(|finding| finding["check"].as_str().expect("a name"))
        .collect();
    names.dedup();
    names
}

/// A CA of the zone, to sign with.
#[track_caller]
pub fn authority(zone: &TestZone, plane: &str) -> Authority {
    let read = |extension| std::fs::read(zone.file(&format!("ca/{plane}.{extension}"))).expect("a CA");
    Authority::load(&read("crt"), &read("key"), OffsetDateTime::now_utc()).expect("a CA")
}

/// Puts a certificate into the place of one of node1's, issued at this time and valid for so long. Writing
/// into the files that are there keeps their modes.
#[track_caller]
pub fn forge(
    zone: &TestZone,
    plane: &str,
    stem: &str,
    usages: Usages,
    issued_at: OffsetDateTime,
    validity: time::Duration,
) {
    let authority = authority(zone, plane);
    let mut names = SubjectAltNames::default();
    if usages.server {
        names.insert(SubjectAltName::ip([127, 0, 0, 1].into()));
    }
    let subject = Subject::with_common_name("node1.example.zone");
    let spec = LeafSpec { subject, names, usages, validity, key: KeyAlgorithm::default() };
    let issued = authority.issue(&spec, issued_at).expect("a certificate");
    let current = zone.file("nodes/node1/pki/current");
    std::fs::write(current.join(format!("{stem}.crt")), issued.chain_pem(authority.certificate()))
        .expect("written");
    std::fs::write(current.join(format!("{stem}.key")), issued.key().to_pem().as_bytes()).expect("written");
}
