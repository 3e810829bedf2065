//! Requests that are not signed. Nothing is issued for any of them.

use std::fs;
use std::path::Path;

use model::plan::NODE_ROLES;

use zone_pki::{CertificateRequest, PrivateKey, Subject, SubjectAltNames, Usages};

use super::{requests_of, sign, written};
use crate::activation::{node_directory, zone};
use crate::harness::TestZone;
use crate::support::{Refusal, Tree, assert_harmless};

/// A zone, and the text of the requests of node1.
fn requested() -> (TestZone, String) {
    let zone = zone();
    let file = requests_of(&zone, "node1", &node_directory(&zone, "n1"));
    let text = fs::read_to_string(file).expect("the requests");
    (zone, text)
}

#[track_caller]
fn refused(zone: &TestZone, text: impl AsRef<[u8]>, code: i32, texts: &[&str]) {
    let path = zone.around().join("bad.csr");
    fs::write(&path, text).expect("a file");
    let before = Tree::of(&zone.path());
    sign(zone, &path, &["--replace-keys"]).expect_refusal(code, texts);
    Tree::of(&zone.path()).assert_same_as(&before, "requests that were refused");
}

/// The requests with another one for a role.
fn with(text: &str, role: &str, request: &CertificateRequest) -> String {
    with_pem(text, role, &request.pem())
}

fn with_pem(text: &str, role: &str, request: &str) -> String {
    let (before, rest) = text.split_once(&format!("role: {role}\n")).expect("the role");
    let after = rest.split_once("-----END CERTIFICATE REQUEST-----\n").expect("the end of the block").1;
    format!("{before}role: {role}\n{request}{after}")
}

fn made_with(key: &PrivateKey) -> CertificateRequest {
    let subject = Subject::with_common_name("node1.example.zone");
    CertificateRequest::make_leaf(key, &subject, &SubjectAltNames::default(), Usages::BOTH)
        .expect("a request")
}

/// A request of another program, which takes any name.
fn called(name: &str) -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.serialize_request(&key).expect("a request").pem().expect("PEM")
}

fn key_of(path: &Path) -> PrivateKey {
    PrivateKey::from_pem(&fs::read(path).expect("a key")).expect("a key")
}

#[test]
fn what_is_no_file_of_requests() {
    let last = format!("role {}", NODE_ROLES[NODE_ROLES.len() - 1].stem);
    let (zone, text) = requested();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "does not begin with"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n".to_vec(), "does not begin with"),
        (vec![0xff; 64], "not text"),
        (vec![b'x'; 1 << 20], "larger than any"),
        (text.replace("node: ", "nodes: ").into(), "line 2 has no place"),
        (text.replace("node: node1.example.zone\n", "").into(), "of which node"),
        (text.replacen("role: peer\n", "role: root\n", 1).into(), "the role \"root\", which no node has"),
        (text.replacen("role: peer-client\n", "role: peer\n", 1).into(), "two requests for the role peer"),
        (text.replacen("-----END CERTIFICATE REQUEST-----", "", 1).into(), "role peer"),
        (text.replacen("CERTIFICATE REQUEST", "PRIVATE KEY", 2).into(), "private key"),
        (text[..text.len() - 200].into(), &last),
        (text.clone().into_bytes()[..60].to_vec(), "has no request"),
    ];
    for (bytes, why) in cases {
        refused(&zone, bytes, 65, &[why]);
    }
}

/// The fingerprints that are compared by eye stand where a request could put its own.
#[test]
fn names_that_would_do_something_to_a_terminal() {
    let (zone, text) = requested();
    let attack = "\u{1b}[2J\u{1b}[Hrequests of node1, SHA-256: 00";
    for name in [attack, "a\nb", "a\u{9b}31m", "a\u{7f}"] {
        let request = with_pem(&text, "peer", &called(name));
        refused(&zone, request, 65, &["a control character, in a name"]);
    }
    // Nothing that is a name to somebody is refused, and all of it is shown.
    let turned = with_pem(&text, "peer", &called("node1\u{202e}evil"));
    let told = sign(&zone, &written(&zone, "turned.csr", &turned), &[]);
    assert_harmless(&told);
    told.expect_code(0).expect_error_with(&["calls itself node1\\u{202e}evil: left out"]);
}

#[test]
fn a_node_that_is_not_in_the_zone() {
    let (zone, text) = requested();
    for name in ["node9.example.zone", "node1", "node1.other.zone"] {
        refused(
            &zone,
            text.replace("node: node1.example.zone", &format!("node: {name}")),
            65,
            &["no node of that name"],
        );
    }
}

#[test]
fn a_certificate_that_is_not_asked_for() {
    let (zone, text) = requested();
    let without = text.split("role: client\n").next().expect("the text before");
    refused(&zone, without, 65, &["no request for the role client"]);
}

#[test]
fn a_key_that_nobody_has_shown_to_have() {
    let (zone, text) = requested();
    // The last bytes are of the signature.
    let end = "-----END CERTIFICATE REQUEST-----";
    let (block, rest) = text.split_once(end).expect("a block");
    let mut bytes = block.as_bytes().to_vec();
    let place = bytes.len() - 12;
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    let changed = format!("{}{end}{rest}", String::from_utf8(bytes).expect("text"));
    refused(&zone, changed, 65, &["peer", "not signed by the key"]);
}

#[test]
fn a_key_that_is_somebody_elses() {
    let (zone, text) = requested();
    let own = key_of(&zone.around().join("n1/pki/requested/peer.key"));
    refused(&zone, with(&text, "server", &made_with(&own)), 65, &["peer and server have the same key"]);

    let authority = key_of(&zone.file("ca/client.key"));
    refused(&zone, with(&text, "peer", &made_with(&authority)), 65, &["peer has the key of the client CA"]);

    zone.run(&["pki", "issue", "node2"]).expect_code(0);
    let other = key_of(&zone.file("nodes/node2/pki/current/peer.key"));
    refused(
        &zone,
        with(&text, "peer", &made_with(&other)),
        65,
        &["peer has the key of peer of node2.example.zone"],
    );

    let client = key_of(&zone.file("clients/admin/current/client.key"));
    refused(
        &zone,
        with(&text, "client", &made_with(&client)),
        65,
        &["client has the key of client of client/admin"],
    );
}

#[test]
fn weak_keys() {
    let (zone, text) = requested();
    for (kind, why) in
        [(["rsa:1024"].as_slice(), "RSA"), (&["ec", "-pkeyopt", "ec_paramgen_curve:secp224r1"], "P-224")]
    {
        let mut openssl = std::process::Command::new("openssl");
        openssl
            .args(["req", "-new", "-nodes", "-subj", "/CN=node1", "-keyout", "/dev/null", "-newkey"])
            .args(kind);
        let made = crate::harness::outcome(&mut openssl).expect_code(0).stdout;
        let (before, rest) = text.split_once("role: peer\n").expect("the role");
        let after = rest.split_once("-----END CERTIFICATE REQUEST-----\n").expect("the end").1;
        refused(&zone, format!("{before}role: peer\n{made}{after}"), 65, &["role peer", why]);
    }
    // The same way a good one is taken, whoever made it.
    let path = written(&zone, "good.csr", &text);
    sign(&zone, &path, &[]).expect_code(0);
}
