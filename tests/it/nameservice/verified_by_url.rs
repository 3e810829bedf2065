//! `nameservice verify` of what a nameservice says.

use super::stand_in::{StandIn, answer};
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::Refusal;

#[test]
fn a_document_is_fetched_and_verified() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let text = zone.run(&["nameservice", "sign"]).expect_code(0).stdout;
    let document = zone.around().join("document.json");
    std::fs::write(&document, &text).expect("the document");
    let there = StandIn::saying(answer("200 OK", text.as_bytes()));
    let absent = StandIn::saying(answer("404 Not Found", b"it has expired"));
    let changed = StandIn::saying(answer("200 OK", text.replace("10.0.1.1", "10.0.1.2").as_bytes()));
    let with_ca = |url: &str, more: &[&str]| {
        let mut verify = zone_etcd(["nameservice", "verify", url, "--timeout", "5s", "--ca"]);
        outcome(verify.arg(zone.file("ca/root.crt")).args(more))
    };
    let name = ["--name", "example.zone"];
    zone.run(&["nameservice", "verify", &there.url()]).expect_code(0);
    with_ca(&there.url(), &name).expect_code(0);
    with_ca(&format!("file:{}", document.display()), &name).expect_code(0);
    with_ca(&there.url(), &[]).expect_refusal(64, &["has to be asked for a zone", "--name"]);
    with_ca("http://10.0.0.1", &name).expect_refusal(64, &["plain text to another machine"]);
    with_ca(&absent.url(), &name)
        .expect_refusal(66, &["it has no such document: it has expired", &absent.url()]);
    with_ca(&changed.url(), &name).expect_refusal(65, &["its signature is not by a CA"]);
    let gone = there.url();
    drop(there);
    with_ca(&gone, &name).expect_refusal(69, &["nothing listens", "see that the nameservice runs"]);
    let told = with_ca(&gone, &["--name", "example.zone", "-o", "json"]).expect_code(69);
    assert!(told.stdout.contains("\"no-answer\""), "{}", told.stdout);
}
