//! Certificates that were made elsewhere: what is wrong with them is said before etcd is started, all of it
//! at once.

use std::fs;
use std::path::Path;

use crate::harness::elsewhere::Elsewhere;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use crate::rooms::sources;

const NAMES: &str = "DNS:node1.example.zone,IP:192.0.2.1,IP:127.0.0.1";

/// A node whose local config names `ca.crt`, `node.crt` and `node.key` beside it.
fn node() -> (tempfile::TempDir, Elsewhere) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let made = Elsewhere::new(directory.path());
    made.authority("ca").leaf("node", "ca", NAMES);
    let text = r#"{"name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key",
        "etcd": [{"node_name": "node1.example.zone", "address": "192.0.2.1"}]}"#;
    fs::write(directory.path().join("node.json"), text).expect("node.json");
    (directory, made)
}

fn plan(directory: &Path) -> Outcome {
    outcome(zone_etcd(["plan", "--format", "argv", "--config"]).arg(directory.join("node.json")))
}

#[test]
fn one_certificate_serves_both_planes_behind_a_fence() {
    let (directory, _) = node();
    let plan = plan(directory.path()).expect_code(0).stdout;
    let file = |name: &str| directory.path().join(name).display().to_string();
    for expected in [
        format!("--peer-cert-file={}", file("node.crt")),
        format!("--cert-file={}", file("node.crt")),
        format!("--key-file={}", file("node.key")),
        format!("--trusted-ca-file={}", file("ca.crt")),
        "--peer-cert-allowed-hostname=node1.example.zone".to_owned(),
    ] {
        assert!(plan.lines().any(|line| line == expected), "no {expected} in\n{plan}");
    }
}

/// How a sound node is spoilt.
type Spoil = fn(&Path, &Elsewhere);

#[test]
fn every_fault_has_its_name_and_its_remedy() {
    let cases: &[(&str, Spoil, &[&str])] = &[
        ("missing", |at, _| fs::remove_file(at.join("ca.crt")).unwrap(), &["`ca` (", "is not there"]),
        ("mode", |at, _| set_mode(&at.join("node.key"), 0o644), &["its mode is 0644", "chmod 600"]),
        (
            "other key",
            |at, made| {
                made.leaf("other", "ca", NAMES);
                fs::copy(at.join("other.key"), at.join("node.key")).map(drop).unwrap();
            },
            &["is not the key of `cert`"],
        ),
        (
            "swapped",
            |at, _| {
                fs::copy(at.join("node.key"), at.join("node.crt")).map(drop).unwrap();
            },
            &["holds a private key where a certificate should be"],
        ),
        (
            "no serverAuth",
            |_, made| {
                made.certificate(
                    "node",
                    "node",
                    Some("ca"),
                    &[&format!("subjectAltName={NAMES}"), "extendedKeyUsage=clientAuth"],
                );
            },
            &[
                "lacks the extended key usage serverAuth for the peer plane",
                "serverAuth for the client plane",
            ],
        ),
        (
            "no clientAuth",
            |_, made| {
                made.certificate(
                    "node",
                    "node",
                    Some("ca"),
                    &[&format!("subjectAltName={NAMES}"), "extendedKeyUsage=serverAuth"],
                );
            },
            &["clientAuth for the peer plane: the member dials other members", "the REST gateway dials"],
        ),
        (
            "no SAN",
            |_, made| {
                made.leaf("node", "ca", "DNS:node1.example.zone");
            },
            &[
                "does not cover 192.0.2.1, and other members dial https://192.0.2.1:2380",
                "subjectAltName=IP:192.0.2.1",
                "clients dial https://192.0.2.1:2379",
            ],
        ),
        (
            "chain",
            |_, made| {
                made.intermediate("middle", "ca").leaf("node", "middle", NAMES);
            },
            &[
                "the chain of `cert`",
                "is incomplete",
                "was issued by CN=middle",
                "append the certificate of CN=middle",
            ],
        ),
        (
            "same name, other key",
            |at, made| {
                let ca = made.read("ca.crt");
                made.authority("ca").leaf("node", "ca", NAMES);
                fs::write(at.join("ca.crt"), ca).unwrap();
            },
            &[
                "etcd would refuse `cert`",
                "CN=node was not signed by the key of CN=ca",
                "name the CA that issued it",
            ],
        ),
        (
            "nobody's",
            |_, made| {
                made.leaf("node", "ca", "IP:192.0.2.1,IP:127.0.0.1");
            },
            &[
                "does not name the node node1.example.zone: any client could act as a member",
                "subjectAltName=DNS:node1.example.zone",
            ],
        ),
        ("empty", |at, _| fs::write(at.join("node.crt"), "").unwrap(), &["`cert` (", "it is empty"]),
    ];
    for (name, spoil, texts) in cases {
        let (directory, made) = node();
        spoil(directory.path(), &made);
        let result = plan(directory.path());
        assert_eq!(result.code, 65, "{name}: {}", result.stderr);
        result.expect_error_with(texts);
    }
}

#[test]
fn an_expired_certificate_is_told_of_with_everything_else() {
    use time::{Duration, OffsetDateTime};
    use zone_pki::{Authority, AuthoritySpec, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages};
    let (directory, _) = node();
    let long_ago = OffsetDateTime::now_utc() - Duration::days(100);
    let authority = Authority::generate(
        &AuthoritySpec {
            subject: Subject::with_common_name("ca"),
            path_length: 1,
            permitted_dns: Vec::new(),
            validity: Duration::days(1000),
            key: KeyAlgorithm::default(),
        },
        long_ago,
    )
    .unwrap();
    let spec = LeafSpec {
        subject: Subject::with_common_name("node1.example.zone"),
        names: SubjectAltNames::default(),
        usages: Usages::SERVER,
        validity: Duration::days(30),
        key: KeyAlgorithm::default(),
    };
    let issued = authority.issue(&spec, long_ago).unwrap();
    fs::write(directory.path().join("ca.crt"), authority.certificate().pem()).unwrap();
    fs::write(directory.path().join("node.crt"), issued.certificate().pem()).unwrap();
    fs::write(directory.path().join("node.key"), issued.key().to_pem().as_bytes()).unwrap();
    let end =
        issued.certificate().not_after().format(&time::format_description::well_known::Rfc3339).unwrap();
    let refused = plan(directory.path()).expect_code(65).expect_error_with(&[
        &format!("has expired: CN=node1.example.zone was valid until {end}"),
        "clientAuth",
        "does not cover 192.0.2.1",
    ]);
    // There is no such table in a node.json.
    assert!(!refused.stderr.contains("etcd.flags"), "{}", refused.stderr);
}

/// An intermediate can be in either file.
#[test]
fn a_chain_is_whole_wherever_its_intermediate_is() {
    for place in ["node.crt", "ca.crt"] {
        let (directory, made) = node();
        made.intermediate("middle", "ca").leaf("node", "middle", NAMES);
        let whole = made.read(place) + &made.read("middle.crt");
        fs::write(directory.path().join(place), whole).unwrap();
        plan(directory.path()).expect_code(0);
    }
}

/// A zone whose members have certificates of one CA for each plane, with a list for each that `signers` sign:
/// their stems, in the order peer, client.
#[track_caller]
fn zone_with_lists(authorities: [&str; 2], signers: [&str; 2]) -> (TestZone, Elsewhere) {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"192.0.2.1\"\n[tls.files]\n\
         peer_ca = \"peer-ca.crt\"\npeer_cert = \"peer.crt\"\npeer_key = \"peer.key\"\n\
         peer_crl = \"peer.crl\"\n\
         client_ca = \"client-ca.crt\"\nclient_cert = \"client.crt\"\nclient_key = \"client.key\"\n\
         client_crl = \"client.crl\"\n",
    );
    let made = Elsewhere::new(&zone.path());
    for ca in ["one", "two", "other"] {
        made.authority(ca);
    }
    for (plane, (authority, signer)) in
        ["peer", "client"].into_iter().zip(authorities.into_iter().zip(signers))
    {
        made.leaf(plane, authority, NAMES);
        fs::copy(zone.file(&format!("{authority}.crt")), zone.file(&format!("{plane}-ca.crt"))).unwrap();
        fs::write(zone.file(&format!("{plane}.crl")), list_by(&zone, signer)).unwrap();
    }
    (zone, made)
}

/// A revocation list that the CA `stem` in the zone directory signs.
fn list_by(zone: &TestZone, stem: &str) -> Vec<u8> {
    let read = |end: &str| fs::read(zone.file(&format!("{stem}.{end}"))).unwrap();
    let now = time::OffsetDateTime::now_utc();
    let authority = zone_pki::Authority::load(&read("crt"), &read("key"), now).unwrap();
    authority.revocation_list(&[], 1, now, now + time::Duration::days(1)).unwrap()
}

#[track_caller]
fn planned(zone: &TestZone) -> Outcome {
    zone.run(&["plan", "--node", "node1", "--format", "argv"])
}

#[test]
fn refuses_a_revocation_list_of_another_ca() {
    let sound = zone_with_lists(["one", "two"], ["one", "two"]).0;
    let argv = planned(&sound).expect_code(0).stdout;
    assert_eq!(argv.matches("crl-file=").count(), 2, "{argv}");

    let (zone, _) = zone_with_lists(["one", "two"], ["other", "one"]);
    planned(&zone).expect_code(65).expect_error_with(&[
        "`peer_crl` (",
        "it is not of CN=one, but of CN=other",
        "`peer_ca` (",
        "have CN=one issue it",
        "`client_crl` (",
        "it is not of CN=two, but of CN=one",
        "have CN=two issue it",
    ]);
}

/// The name alone proves nothing.
#[test]
fn refuses_a_revocation_list_by_another_key() {
    let (zone, made) = zone_with_lists(["one", "two"], ["one", "two"]);
    made.authority("one");
    fs::write(zone.file("peer.crl"), list_by(&zone, "one")).unwrap();
    planned(&zone)
        .expect_code(65)
        .expect_error_with(&["`peer_crl` (", "its signature is not by the key of CN=one"]);
}

/// While one CA takes the place of another, either may sign the list.
#[test]
fn takes_a_revocation_list_of_either_trusted_ca() {
    for signer in ["one", "other"] {
        let (zone, made) = zone_with_lists(["one", "two"], [signer, "two"]);
        fs::write(zone.file("peer-ca.crt"), made.read("one.crt") + &made.read("other.crt")).unwrap();
        planned(&zone).expect_code(0);
    }
}

#[test]
fn what_is_given_up_is_warned_of_and_excludes_what_it_gives_up() {
    let node = "[[node]]\nname = \"node1\"\naddress = \"192.0.2.1\"\n";
    let with = |tls: &str| TestZone::described(&format!("[zone]\nname = \"example.zone\"\n{node}{tls}"));
    let planned = |zone: &TestZone| zone.run(&["plan", "--node", "node1", "--format", "argv"]);
    for (tls, flag) in
        [("insecure_no_tls", None), ("insecure_no_authentication", Some("--peer-auto-tls=true"))]
    {
        let plan = planned(&with(&format!("[tls]\n{tls} = true\n"))).expect_code(0).expect_error_with(&[tls]);
        assert_eq!(plan.stdout.contains("http://192.0.2.1:2380"), flag.is_none());
        assert!(flag.is_none_or(|flag| plan.stdout.lines().any(|line| line == flag)));
        assert!(!plan.stdout.contains("cert-file"));
    }
    let both = with("[tls]\ninsecure_no_tls = true\ninsecure_no_authentication = true\n");
    planned(&both).expect_code(78).expect_error_with(&["exclude each other"]);
    let pki = with("[tls]\ninsecure_no_tls = true\n[pki]\nkey = \"p384\"\n");
    planned(&pki).expect_code(78).expect_error_with(&["[pki] says how certificates are issued"]);
    let files = with("[tls]\ninsecure_no_tls = true\n[tls.files]\nclient_ca = \"ca.crt\"\n");
    planned(&files).expect_code(78).expect_error_with(&["exclude each other", "has no `peer_key`"]);
    let secure = with("");
    secure.run(&["init"]).expect_code(0);
    let text = fs::read_to_string(secure.file("zone.toml")).unwrap() + "[tls]\ninsecure_no_tls = true\n";
    fs::write(secure.file("zone.toml"), text).unwrap();
    planned(&secure).expect_code(78).expect_error_with(&["has CAs, and zone.toml gives up"]);
}

/// In a zone with certificates nobody is asked without verifying who answers: one file takes any certificate,
/// and one reaches it.
#[test]
fn the_verifier_that_takes_anything_is_reached_from_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mentions = |word: &str| -> Vec<String> {
        let found = std::process::Command::new("grep").args(["-rlF", word]).args(sources()).output().unwrap();
        let text = String::from_utf8(found.stdout).unwrap();
        let mut files: Vec<String> =
            text.lines().map(|line| line.trim_start_matches(&*root.to_string_lossy()).to_owned()).collect();
        files.sort();
        files
    };
    assert_eq!(
        mentions("client_without_verification"),
        [
            "/crates/etcd/src/tls/mod.rs",
            "/crates/etcd/src/tls/unverified.rs",
            "/crates/launch/src/question.rs"
        ]
    );
    assert_eq!(mentions("ServerCertVerified::assertion"), ["/crates/etcd/src/tls/unverified.rs"]);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
