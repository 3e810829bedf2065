//! What nodes say of themselves in etcd, as the signing host judges it: the node's own, and all else.

mod forged;
mod keys;
mod taken;

use std::fs;

use model::config::Node;
use model::formats::{NodeAnswer, SignedAnswer};
use store::zone_directory::{AnswerFault, Authorities, CaPassphrase, ZoneDirectory, verify_answer};
use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, PrivateKey};

use crate::harness::TestZone;

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn answer_of(node: &str, at: OffsetDateTime) -> NodeAnswer {
    NodeAnswer::new(("example.zone", node), at, (7, &"ab".repeat(32), "generation-7"))
}

/// The client certificate and key that a holder has in the zone directory.
fn keys_in(zone: &TestZone, directory: &str, stem: &str) -> (Certificate, PrivateKey) {
    let file = |end: &str| {
        fs::read(zone.file(&format!("{directory}/current/{stem}.{end}"))).expect("a file of a certificate")
    };
    let certificate = Certificate::from_pem(&file("crt")).expect("a certificate");
    (certificate, PrivateKey::from_pem(&file("key")).expect("a key"))
}

fn node_keys(zone: &TestZone, node: &str) -> (Certificate, PrivateKey) {
    keys_in(zone, &format!("nodes/{node}/pki"), "client")
}

fn signed(answer: &NodeAnswer, (certificate, key): &(Certificate, PrivateKey)) -> Vec<u8> {
    SignedAnswer::sign(answer, certificate, key).expect("a signature").encode().expect("JSON")
}

/// What the signing host makes of a value that is there under the name of `node`, `after` from now.
fn judged(zone: &TestZone, node: &str, value: &[u8], after: Duration) -> Result<NodeAnswer, AnswerFault> {
    let opened = ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none"));
    let opened = opened.expect("a zone");
    let authorities = Authorities::load(&opened.paths, now()).expect("its CAs");
    let node: &Node = opened.node(node).expect("a node");
    verify_answer(&opened.config, &authorities, node, value, now() + after)
}

/// Why such a value is not believed.
#[track_caller]
fn refused(zone: &TestZone, node: &str, value: &[u8], after: Duration) -> String {
    judged(zone, node, value, after).expect_err("an answer that is refused").to_string()
}
