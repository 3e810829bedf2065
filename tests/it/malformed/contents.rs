//! Bundles that are whole, in files that no member could work with. The zone's own root has signed them.

use std::net::Ipv4Addr;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, KeyAlgorithm, LeafSpec, Subject, SubjectAltName, SubjectAltNames, Usages};

use super::sound::Sound;
use super::{Refused, Row, row};
use crate::bundle::forged_archive::{Archive, all};
use crate::support::authority_at;

pub fn rows() -> Vec<Row> {
    let with = |name: &str, phrase, path: &'static str, bytes: Vec<u8>| {
        row(name, Refused(65, phrase), move |sound: &Sound| {
            let mut archive = sound.archive();
            put(&mut archive, path, bytes.clone());
            resigned(archive)
        })
    };
    let without = |path: &'static str, phrase| {
        row(format!("without {path}"), Refused(65, phrase), move |sound: &Sound| {
            let mut archive = sound.archive();
            archive.files.retain(|(each, ..)| each != path);
            resigned(archive)
        })
    };
    let changed = |name: &str, phrase, change: fn(&mut Archive)| {
        row(name, Refused(65, phrase), move |sound: &Sound| {
            let mut archive = sound.archive();
            change(&mut archive);
            resigned(archive)
        })
    };
    vec![
        with("an empty description", "its zone.toml cannot be used", "pki/zone.toml", Vec::new()),
        with(
            "a description of another zone",
            "its zone.toml does not describe",
            "pki/zone.toml",
            other_zone(),
        ),
        with(
            "a description that is not UTF-8",
            "its zone.toml cannot be used",
            "pki/zone.toml",
            vec![0xff; 100],
        ),
        with("a description nested deep", "its zone.toml cannot be used", "pki/zone.toml", deep_toml()),
        with(
            "a local config that is no JSON",
            "its node.json cannot be used",
            "pki/node.json",
            b"x".to_vec(),
        ),
        with(
            "a local config nested deep",
            "its node.json cannot be used",
            "pki/node.json",
            "[".repeat(100_000).into(),
        ),
        with("an empty certificate", "peer.crt: ", "pki/peer.crt", Vec::new()),
        with("an empty key", "peer.key: ", "pki/peer.key", Vec::new()),
        with("a key that is none", "peer.key: ", "pki/peer.key", b"-----BEGIN PRIVATE KEY-----\n".to_vec()),
        with("a revocation list that is none", "peer.crl: ", "pki/peer.crl", b"none".to_vec()),
        with("a CA that is none", "peer-ca.crt: ", "pki/peer-ca.crt", b"none".to_vec()),
        with("a CA of somebody else", "peer.crt: ", "pki/peer-ca.crt", other_authority()),
        with(
            "a root of somebody else",
            "is not the CA that the manifest names",
            "pki/ca.crt",
            other_authority(),
        ),
        without("pki/peer.crt", "peer.crt: "),
        without("pki/peer.key", "peer.key: "),
        without("pki/client-ca.crt", "client-ca.crt: "),
        without("pki/client.crl", "client.crl: "),
        without("pki/ca.crt", "ca.crt: "),
        without("pki/zone.toml", "its zone.toml cannot be used"),
        without("pki/node.json", "its node.json cannot be used"),
        changed("a local config of another node", "its node.json is for node2.example.zone", |archive| {
            let text = bytes_of(archive, "pki/node.json");
            let text = String::from_utf8(text).expect("JSON");
            put(
                archive,
                "pki/node.json",
                text.replacen("node1.example.zone", "node2.example.zone", 1).into(),
            );
        }),
        changed("two certificates exchanged", "peer.crt: ", |archive| {
            let server = bytes_of(archive, "pki/server.crt");
            put(archive, "pki/peer.crt", server);
        }),
        changed("two keys exchanged", "peer.key", |archive| {
            let server = bytes_of(archive, "pki/server.key");
            put(archive, "pki/peer.key", server);
        }),
        changed("keys that are in it, and are not said to be", "its manifest cannot be used", |archive| {
            archive.manifest["keys"] = "on_node".into();
        }),
        changed("keys that are neither here nor there", "is not on this node", |archive| {
            archive.files.retain(|(path, ..)| !path.ends_with(".key"));
            archive.manifest["keys"] = "on_node".into();
        }),
        row("a certificate that is not valid yet", Refused(65, "not valid"), |sound| {
            let mut archive = sound.archive();
            let (certificate, key) = issued_at(sound, OffsetDateTime::now_utc() + Duration::days(2));
            put(&mut archive, "pki/peer.crt", certificate);
            put(&mut archive, "pki/peer.key", key);
            resigned(archive)
        }),
        // These are written by the activation itself.
        with(
            "a manifest among the files",
            "is not one that a bundle may write to",
            "pki/manifest.json",
            b"{}".to_vec(),
        ),
        with(
            "a signature among the files",
            "is not one that a bundle may write to",
            "pki/manifest.sig",
            b"{}".to_vec(),
        ),
        with(
            "a right of an earlier bundle",
            "is not one that a bundle may write to",
            "pki/founding.json",
            b"{}".to_vec(),
        ),
    ]
}

fn resigned(mut archive: Archive) -> Vec<u8> {
    archive.manifest["files"] = archive.listed();
    archive.bytes(all)
}

/// Puts a file in the place of another, or at the end.
fn put(archive: &mut Archive, path: &str, bytes: Vec<u8>) {
    match archive.files.iter_mut().find(|(each, ..)| each == path) {
        Some(file) => file.1 = bytes,
        None => archive.files.push((path.to_owned(), bytes, 0o644)),
    }
}

fn bytes_of(archive: &Archive, path: &str) -> Vec<u8> {
    archive.files.iter().find(|(each, ..)| each == path).expect("a file").1.clone()
}

/// A certificate of node1 by the zone's own peer CA, whose clock is wrong.
fn issued_at(sound: &Sound, then: OffsetDateTime) -> (Vec<u8>, Vec<u8>) {
    let file = |end: &str| std::fs::read(sound.zone.file(&format!("ca/peer.{end}"))).expect("the CA");
    let authority = Authority::load(&file("crt"), &file("key"), OffsetDateTime::now_utc()).expect("the CA");
    let mut names = SubjectAltNames::default();
    names.insert(SubjectAltName::Dns("node1.example.zone".to_owned()));
    names.insert(SubjectAltName::Ip(Ipv4Addr::LOCALHOST.into()));
    let spec = LeafSpec {
        subject: Subject::with_common_name("node1.example.zone"),
        names,
        usages: Usages::BOTH,
        validity: Duration::days(30),
        key: KeyAlgorithm::default(),
    };
    let issued = authority.issue(&spec, then).expect("a leaf");
    (issued.certificate().pem().into(), issued.key().to_pem().as_bytes().to_vec())
}

fn other_zone() -> Vec<u8> {
    b"[zone]\nname = \"other.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n".to_vec()
}

fn deep_toml() -> Vec<u8> {
    format!("[zone]\nname = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)).into()
}

/// A CA of the name that the zone's peer CA has, with another key.
fn other_authority() -> Vec<u8> {
    authority_at("peer", OffsetDateTime::now_utc(), Duration::days(30)).certificate.into_bytes()
}
