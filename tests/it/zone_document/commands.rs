//! `nameservice sign` and `nameservice verify`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use time::OffsetDateTime;
use zone_pki::{Authority, DetachedJws, KeyAlgorithm};

use super::{EXP, IAT, THREE, parsed};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use crate::support::{Refusal, leaf_under, replace_in};

fn zone() -> TestZone {
    TestZone::init("example.zone", &["node1=10.0.1.1", "node2=10.0.1.2", "node3=10.0.1.3"])
}

fn sign_to(zone: &TestZone, name: &str, options: &[&str]) -> PathBuf {
    let out = zone.around().join(name);
    let mut command = zone.command(&["nameservice", "sign"]);
    outcome(command.arg("--out").arg(&out).args(options)).expect_code(0);
    out
}

fn verify(document: &Path, ca: &Path, options: &[&str]) -> Outcome {
    let mut command = zone_etcd(["nameservice", "verify"]);
    outcome(command.arg(document).arg("--ca").arg(ca).args(options))
}

fn iat(text: &str) -> i64 {
    let sign = parsed(text).sign.expect("a signature");
    DetachedJws::parse(&sign).expect("a JWS").header().iat.expect("a time")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn what_is_signed_is_verified_offline() {
    let zone = zone();
    let options = ["--address", "192.0.2.1", "--address", "[2001:db8::1]:4000", "--valid", "2d"];
    let document = sign_to(&zone, "zone.json", &options);
    let value = json(&fs::read_to_string(&document).expect("the document"));
    let root = zone.file("ca/root.crt");
    let told = verify(&document, &root, &["--name", "example.zone"]).expect_code(0).stdout;
    for text in ["accepted: the zone document of example.zone", "https://10.0.1.3:2380", "[2001:db8::1]:4000"]
    {
        assert!(told.contains(text), "no {text} in {told}");
    }
    let told = json(&verify(&document, &root, &["--format", "json"]).expect_code(0).stdout);
    assert_eq!(told["accepted"], true);
    assert_eq!(told["members"][1]["client_url"], "https://10.0.1.2:2379");
    zone.run(&["nameservice", "verify", document.to_str().expect("a path")]).expect_code(0);
    // The shape is that of the activation format: the same members, in the same order.
    let text = fs::read_to_string(&document).expect("the document");
    let places = ["\"name\"", "\"type\"", "\"addr_info\"", "\"api_version\"", "\"extend\"", "\"sign\""]
        .map(|member| text.find(member).expect("a member"));
    assert!(places.is_sorted(), "{text}");
    assert_eq!(value["addr_info"][0]["port"], 3456);
    assert_eq!(value["extend"]["etcd"][0]["node_name"], "node1.example.zone");
    let member = value["extend"]["etcd"][0].as_object().expect("an object");
    assert_eq!(member.len(), json(THREE)["extend"]["etcd"][0].as_object().expect("an object").len());
}

#[test]
fn a_document_from_standard_input_is_verified() {
    let zone = zone();
    let document = sign_to(&zone, "zone.json", &[]);
    let mut command = zone_etcd(["nameservice", "verify", "-", "--ca"]);
    command.arg(zone.file("ca/root.crt")).stdin(fs::File::open(&document).expect("the document"));
    outcome(&mut command).expect_code(0);
}

/// Whatever the clock: two in one second have two times, and what could not be handed out counts as well.
#[test]
fn each_document_is_later_than_the_last() {
    let zone = zone();
    let signed = || zone.run(&["nameservice", "sign"]).expect_code(0).stdout;
    let first = iat(&signed());
    assert_eq!(iat(&signed()), first + 1);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut into_nothing = zone.command(&["nameservice", "sign"]);
    let lost = into_nothing.stdout(Stdio::from(full)).stderr(Stdio::piped()).output().expect("the program");
    assert_eq!(lost.status.code(), Some(73));
    let kept = fs::read_to_string(zone.file("zone-document.json")).expect("the last document");
    assert_eq!(iat(&kept), first + 2);
    assert_eq!(iat(&signed()), first + 3);
}

#[test]
fn a_step_back_is_refused_with_the_last_document() {
    let zone = zone();
    let first = sign_to(&zone, "first.json", &[]);
    replace_in(&zone.file("zone.toml"), "10.0.1.3", "10.0.1.4");
    let second = sign_to(&zone, "second.json", &[]);
    let root = zone.file("ca/root.crt");
    let last = |path: &Path| path.to_str().expect("a path").to_owned();
    verify(&second, &root, &["--last", &last(&first)]).expect_code(0);
    verify(&first, &root, &["--last", &last(&second)])
        .expect_refusal(65, &["it is older than the last one", "nameservice sign"]);
    verify(&second, &root, &["--last", &last(&first), "--node", "node3"])
        .expect_refusal(65, &["the URLs of node3.example.zone are others", "10.0.1.4"]);
    verify(&second, &root, &["--last", &last(&first), "--node", "node1"]).expect_code(0);
    verify(&second, &root, &["--node", "node1"]).expect_code(64);
}

#[test]
fn a_refusal_has_its_word_for_programs() {
    let zone = zone();
    let root = zone.file("ca/root.crt");
    let document = sign_to(&zone, "zone.json", &[]);
    let other = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let foreign = sign_to(&other, "foreign.json", &[]);
    let text = fs::read_to_string(&document).expect("the document");
    let written = |name: &str, text: &str| {
        let path = zone.around().join(name);
        fs::write(&path, text).expect("a document");
        path
    };
    let changed = written("changed.json", &text.replace("2380", "2381"));
    let unsigned = written("unsigned.json", THREE);
    let device = written("device.json", &text.replace("\"zone\"", "\"device\""));
    let v2 = written("v2.json", &text.replace("\"v1\"", "\"v2\""));
    let broken = written("broken.json", "{");
    let long = written("long.json", &format!("{text}{}", " ".repeat(64 << 10)));
    let absent = zone.around().join("absent.json");
    let directory = zone.path();
    for (path, options, code, word) in [
        (&foreign, &[][..], 65, "signature"),
        (&changed, &[], 65, "signature"),
        (&unsigned, &[], 65, "unsigned"),
        (&device, &[], 65, "type"),
        (&v2, &[], 65, "api-version"),
        (&broken, &[], 65, "shape"),
        (&long, &[], 65, "shape"),
        (&absent, &[], 66, "not-found"),
        (&directory, &[], 65, "unreadable"),
        (&document, &["--name", "other.zone"], 65, "zone"),
    ] {
        verify(path, &root, options).expect_refusal(code, &["is not accepted"]);
        let told = verify(path, &root, &[options, &["--format", "json"]].concat()).expect_code(code);
        let told = json(&told.stdout);
        assert_eq!((&told["accepted"], &told["refusal"]), (&Value::Bool(false), &Value::from(word)));
    }
}

#[test]
fn a_document_ends() {
    let zone = zone();
    let document = sign_to(&zone, "zone.json", &["--valid", "1s"]);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let told = loop {
        let told = verify(&document, &zone.file("ca/root.crt"), &[]);
        if told.code != 0 || std::time::Instant::now() > deadline {
            break told;
        }
    };
    told.expect_refusal(65, &["it expired at", "zone-etcd nameservice sign"]);
}

/// A last document from far ahead was signed by a clock that was wrong: no node has accepted it.
#[test]
fn a_last_document_from_the_future_stops_the_next() {
    let zone = zone();
    sign_to(&zone, "zone.json", &[]);
    let ahead = super::authority("another CA", KeyAlgorithm::P256);
    let far = 4_000_000_000;
    fs::write(zone.file("zone-document.json"), super::signed(&ahead, THREE, far, far + 1))
        .expect("the last one");
    zone.run(&["nameservice", "sign"])
        .expect_refusal(75, &["clock is behind the last zone document", "2096", "--clock-is-right"]);
    let signed = zone.run(&["nameservice", "sign", "--clock-is-right"]).expect_code(0).stdout;
    assert!(iat(&signed) < far);
}

#[test]
fn a_damaged_last_document_stops_the_next() {
    let zone = zone();
    let unsigned_time = super::forged(
        &super::authority("a CA", KeyAlgorithm::P256),
        &format!(r#"{{"alg":"ES256","exp":{EXP}}}"#),
        b"",
    );
    for damaged in ["", "{}", "{\"sign\": \"x\"}", &format!("{{\"sign\": \"{unsigned_time}\"}}")] {
        fs::write(zone.file("zone-document.json"), damaged).expect("the last document");
        zone.run(&["nameservice", "sign"]).expect_refusal(65, &["is not the document that was signed last"]);
        assert_eq!(fs::read_to_string(zone.file("zone-document.json")).expect("it"), damaged);
    }
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let zone = zone();
    let sign = |options: &[&str]| zone.run(&[&["nameservice", "sign"], options].concat());
    for (options, text) in [
        (&["--address", "https://192.0.2.1"][..], "is a URL"),
        (&["--address", "192.0.2.1:0"], "0 is no port"),
        (&["--address", "192.0.2.1:http"], "`http` is no port"),
        (&["--address", "192.0.2.1", "--address", "192.0.2.1:3456"], "it is there twice"),
        (&["--valid", "0s"], "no time for which a document can be valid"),
        (&["--valid", "9000years"], "cannot be valid for that long"),
    ] {
        sign(options).expect_refusal(64, &[text]);
    }
    assert!(!zone.file("zone-document.json").exists(), "nothing was signed");
    let root = zone.file("ca/root.crt");
    let leaf = zone.around().join("leaf.crt");
    fs::write(&leaf, leaf_under(&zone, "root").certificate).expect("a leaf");
    let document = sign_to(&zone, "zone.json", &[]);
    verify(&document, &leaf, &[]).expect_refusal(65, &["is not that of a CA"]);
    verify(&document, &zone.file("ca/peer.crt"), &[]).expect_refusal(65, &["not by a CA that is trusted"]);
    verify(&document, &zone.file("ca/root.key"), &[]).expect_refusal(65, &[]);
    verify(&document, &zone.file("ca/none.crt"), &[]).expect_refusal(66, &[]);
    verify(&document, &root, &[]).expect_code(0);
    fs::remove_file(zone.file("ca/root.key")).expect("the key");
    sign(&[]).expect_refusal(66, &["root.key"]);
    let plain = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\n\
         [tls]\ninsecure_no_tls = true\n",
    );
    plain.run(&["nameservice", "sign"]).expect_refusal(78, &["issues no certificates"]);
}

/// While a root takes the place of another, each of the two may have signed.
#[test]
fn both_roots_of_a_rotation_verify() {
    let zone = zone();
    let verify = |text: &str| {
        let path = zone.around().join("zone.json");
        fs::write(&path, text).expect("a document");
        zone.run(&["nameservice", "verify", path.to_str().expect("a path")])
    };
    let before = zone.run(&["nameservice", "sign"]).expect_code(0).stdout;
    let out = zone.around().join("out");
    let mut rotate = zone.command(&["pki", "rotate-ca", "--root", "--no-encryption"]);
    outcome(rotate.arg("--out").arg(&out)).expect_code(0);
    let read = |end: &str| fs::read(zone.file(&format!("ca/next/root.{end}"))).expect("the next root");
    let now = OffsetDateTime::now_utc();
    let next = Authority::load(&read("crt"), &read("key"), now).expect("the next root");
    let now = now.unix_timestamp();
    verify(&before).expect_code(0);
    verify(&super::signed(&next, THREE, now, now + 60)).expect_code(0);
    let other = super::authority("another CA", KeyAlgorithm::P256);
    verify(&super::signed(&other, THREE, now, now + 60)).expect_refusal(65, &["2 keys were tried"]);
}

/// The zone directory says which zone is meant, and its CA may have signed for another one.
#[test]
fn another_zone_of_the_same_ca_is_refused() {
    let zone = zone();
    let read = |end: &str| fs::read(zone.file(&format!("ca/root.{end}"))).expect("the root");
    let now = OffsetDateTime::now_utc();
    let root = Authority::load(&read("crt"), &read("key"), now).expect("the root");
    let now = now.unix_timestamp();
    let other = super::signed(&root, &THREE.replace("example.zone", "other.zone"), now, now + 60);
    let path = zone.around().join("zone.json");
    fs::write(&path, other).expect("a document");
    zone.run(&["nameservice", "verify", path.to_str().expect("a path")])
        .expect_refusal(65, &["it is of the zone other.zone, not example.zone"]);
    verify(&path, &zone.file("ca/root.crt"), &[]).expect_code(0);
}

/// Two at once: each has a time of its own.
#[test]
fn commands_at_once_sign_one_after_the_other() {
    let zone = zone();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command: Command = zone.command(&["nameservice", "sign"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
        })
        .collect();
    let mut times: Vec<i64> = children
        .into_iter()
        .map(|child| Outcome::from(child.wait_with_output().expect("its end")).expect_code(0))
        .map(|signed| iat(&signed.stdout))
        .collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 4, "{times:?}");
    assert!(times[0] > IAT - 1_000_000_000);
}

/// What is there is somebody's: another document alone is replaced.
#[test]
fn nothing_but_a_document_is_replaced() {
    let zone = zone();
    let out = zone.around().join("out.json");
    let sign = ["nameservice", "sign", "--out", out.to_str().expect("a path")];
    zone.run(&sign).expect_code(0);
    let first = fs::read(&out).expect("a document");
    zone.run(&sign).expect_code(0);
    assert_ne!(fs::read(&out).expect("a document"), first);
    let notes = zone.around().join("notes.txt");
    fs::write(&notes, "mine").expect("a file");
    let link = zone.around().join("link");
    std::os::unix::fs::symlink(zone.file("ca/root.key"), &link).expect("a link");
    for file in [
        notes.clone(),
        link,
        zone.file("ca/root.key"),
        zone.file("ca/root.crt"),
        zone.file("zone.toml"),
        zone.file("zone-document.json"),
    ] {
        let before = fs::read(&file).expect("a file");
        zone.run(&["nameservice", "sign", "--out", file.to_str().expect("a path")]).expect_code(73);
        assert_eq!(fs::read(&file).expect("a file"), before, "{}", file.display());
    }
    let key = fs::read(zone.file("ca/root.key")).expect("a key");
    zone.run(&["status", "--output", zone.file("ca/root.key").to_str().expect("a path")])
        .expect_refusal(73, &["it is there already, and private"]);
    assert_eq!(fs::read(zone.file("ca/root.key")).expect("a key"), key);
}
