//! `dns export`, and `dns check` against a name server of the tests.

mod differences;
mod export;
mod on_this_host;
mod servers;

use serde_json::Value;

use crate::harness::name_server::{Manner, NameServer};
use crate::harness::{Outcome, TestZone};

/// What `dns export` prints for [`zone`].
const RECORDS: &str = "\
_etcd-server-ssl._tcp.example.zone. 300 IN SRV 0 0 2380 node1.example.zone.
_etcd-server-ssl._tcp.example.zone. 300 IN SRV 0 0 2380 node2.example.zone.
_etcd-server-ssl._tcp.example.zone. 300 IN SRV 0 0 2480 node3.example.zone.
_etcd-client-ssl._tcp.example.zone. 300 IN SRV 0 0 2379 node1.example.zone.
_etcd-client-ssl._tcp.example.zone. 300 IN SRV 0 0 2379 node2.example.zone.
_etcd-client-ssl._tcp.example.zone. 300 IN SRV 0 0 2479 node3.example.zone.
node1.example.zone. 300 IN A 10.0.1.10
node2.example.zone. 300 IN AAAA fd00::11
node3.example.zone. 300 IN A 10.0.1.12
";

/// Three members, and a node that is none.
fn zone() -> TestZone {
    TestZone::described(
        "[zone]\nname = \"example.zone\"\n\
         [[node]]\nname = \"node3\"\naddress = \"10.0.1.12\"\npeer_port = 2480\nclient_port = 2479\n\
         [[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n\
         [[node]]\nname = \"gate\"\naddress = \"10.0.1.20\"\nmember = false\n\
         [[node]]\nname = \"node2\"\naddress = \"fd00::11\"\n",
    )
}

/// `dns check` of a zone, against this server.
#[track_caller]
fn check(zone: &TestZone, server: &NameServer, more: &[&str]) -> Outcome {
    zone.run(&[&["dns", "check", "--server", &server.address.to_string()], more].concat())
}

/// What `dns check` finds in [`RECORDS`] with the first text in place of the second.
#[track_caller]
fn check_with(instead: &str, of: &str) -> (Outcome, Vec<Value>) {
    assert!(RECORDS.contains(of), "{of}");
    let server = NameServer::start(&RECORDS.replacen(of, instead, 1), Manner::Right);
    let zone = zone();
    let text = check(&zone, &server, &[]);
    let json = check(&zone, &server, &["--format", "json"]).expect_code(text.code);
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(report["servers"][0]["server"], server.address.to_string());
    (text, report["servers"][0]["differences"].as_array().expect("differences").clone())
}
