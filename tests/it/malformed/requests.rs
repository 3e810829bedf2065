//! Requests for certificates, as a courier might bring them. What is in them is in `requests::refused`.

use std::fs;
use std::process::Stdio;

use super::{Expected, Refused, Taken, each};
use crate::activation::{node_directory, zone};
use crate::harness::{outcome, zone_etcd};
use crate::support::{Refusal, Tree};

/// One file for `pki sign`, made of one that could be signed.
pub struct RequestRow {
    pub name: &'static str,
    make: fn(&str) -> Vec<u8>,
    expected: Expected,
}

const NOT_OURS: Expected = Refused(65, "it does not begin with \"zone-etcd certificate requests, format 1\"");

pub fn rows() -> Vec<RequestRow> {
    let row = |name, expected, make| RequestRow { name, make, expected };
    vec![
        row("line ends of Windows", Taken, |text| text.replace('\n', "\r\n").into()),
        row("blank lines between", Taken, |text| text.replace("role:", "\n\nrole:").into()),
        row("a byte order mark", NOT_OURS, |text| format!("\u{feff}{text}").into()),
        row("UTF-16", Refused(65, "it is not text"), |text| {
            [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
        }),
        row("line ends of carriage returns alone", NOT_OURS, |text| text.replace('\n', "\r").into()),
        row("a newer format", NOT_OURS, |text| text.replace("format 1", "format 2").into()),
        row("a NUL in it", Refused(65, "has no place there"), |text| {
            text.replacen("role:", "\0role:", 1).into()
        }),
        row("a node that is a path", Refused(65, "no node of that name"), |text| named(text, "../../x")),
        row("a node of no name", Refused(65, "has no place there"), |text| named(text, "")),
        row("two nodes", Refused(65, "line 3 has no place there"), |text| {
            text.replacen("\n\n", "\nnode: node2.example.zone\n\n", 1).into()
        }),
        row("a role that is a path", Refused(65, "which no node has"), |text| {
            text.replacen("role: peer\n", "role: ../peer\n", 1).into()
        }),
        row(
            "a certificate in the place of a request",
            Refused(65, "the request for the role peer"),
            |text| {
                text.replacen("BEGIN CERTIFICATE REQUEST", "BEGIN CERTIFICATE", 1)
                    .replacen("END CERTIFICATE REQUEST", "END CERTIFICATE", 1)
                    .into()
            },
        ),
        row("a request that was cut", Refused(65, "the request for the role peer"), |text| {
            let (before, after) = text.split_once("-----END").expect("a request");
            format!("{}\n-----END{after}", &before[..before.len() - 100]).into()
        }),
        row("sixteen megabytes", Refused(65, "it is larger than any file of requests"), |text| {
            (text.to_owned() + &"\n".repeat(16 << 20)).into()
        }),
    ]
}

fn named(text: &str, name: &str) -> Vec<u8> {
    text.replacen("node: node1.example.zone", &format!("node: {name}"), 1).into()
}

#[test]
fn requests_with_other_forms() {
    each(&rows(), |row| row.name, RequestRow::check);
}

impl RequestRow {
    fn check(&self) {
        let zone = zone();
        let mut request = zone_etcd(["pki", "csr", "--node", "node1.example.zone", "--node-dir"]);
        let text = outcome(request.arg(node_directory(&zone, "n1"))).expect_code(0).stdout;
        let file = zone.around().join("row.csr");
        fs::write(&file, (self.make)(&text)).expect("a file");
        let before = Tree::of(zone.around());
        let mut sign = zone.command(&["pki", "sign"]);
        sign.arg(&file).arg("--out").arg(zone.around().join("out")).stdin(Stdio::null());
        match self.expected {
            Taken => drop(outcome(&mut sign).expect_code(0)),
            Refused(code, phrase) => {
                outcome(&mut sign).expect_refusal(code, &[phrase]);
                Tree::of(zone.around()).assert_same_as(&before, self.name);
            }
        }
    }
}
