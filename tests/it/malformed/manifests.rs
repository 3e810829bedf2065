//! Manifests that no signing host would write. The zone's own root has signed them.

use serde_json::{Value, json};
use time::OffsetDateTime;
use zone_pki::{Authority, hex};

use super::sound::Sound;
use super::{Refused, Row, Taken, row};
use crate::bundle::forged_archive::{Archive, CONTEXT, all};

pub fn rows() -> Vec<Row> {
    let changed = |name: &str, expected, key: &'static str, value: Value| {
        row(name, expected, move |sound: &Sound| {
            let mut archive = sound.archive();
            archive.manifest[key] = value.clone();
            archive.bytes(all)
        })
    };
    let file = |name: &str, phrase, key: &'static str, value: Value| {
        row(name, Refused(65, phrase), move |sound: &Sound| {
            let mut archive = sound.archive();
            archive.manifest["files"][6][key] = value.clone();
            archive.bytes(all)
        })
    };
    let raw = |name: &str, phrase, change: fn(String) -> Vec<u8>| {
        row(name, Refused(65, phrase), move |sound: &Sound| {
            let archive = sound.archive();
            let manifest = change(archive.manifest.to_string());
            let envelope = envelope(&archive, CONTEXT, &manifest);
            archive.packed(&manifest, &envelope, all)
        })
    };
    let signed = |name: &str, phrase, sign: fn(&Archive, &[u8]) -> Vec<u8>| {
        row(name, Refused(65, phrase), move |sound: &Sound| {
            let archive = sound.archive();
            let manifest = archive.manifest.to_string().into_bytes();
            archive.packed(&manifest, &sign(&archive, &manifest), all)
        })
    };
    vec![
        changed("a key that is not known", Taken, "colour", "green".into()),
        changed(
            "another node",
            Refused(65, "is for node2.example.zone"),
            "node",
            "node2.example.zone".into(),
        ),
        changed("a node that is a path", Refused(65, "is for ../../x"), "node", "../../x".into()),
        changed("another zone", Refused(65, "is of the zone other.zone"), "zone", "other.zone".into()),
        changed("an older number", Refused(65, "is older than what is active"), "sequence", 0.into()),
        changed("the number that is active", Refused(65, "has the same number"), "sequence", 1.into()),
        changed("a number below zero", Refused(65, "its manifest cannot be used"), "sequence", (-1).into()),
        changed("a number in quotes", Refused(65, "its manifest cannot be used"), "sequence", "2".into()),
        changed(
            "expired",
            Refused(65, "a certificate in it has expired"),
            "expires_at",
            "2001-01-01T00:00:00Z".into(),
        ),
        changed(
            "an instant that is none",
            Refused(65, "its manifest cannot be used"),
            "expires_at",
            "soon".into(),
        ),
        changed(
            "another signer",
            Refused(65, "is not the CA that the manifest names"),
            "signer_sha256",
            "00".repeat(32).into(),
        ),
        changed(
            "another token",
            Refused(65, "gives another cluster than its manifest"),
            "token",
            "other".into(),
        ),
        changed(
            "another cluster",
            Refused(65, "gives another cluster than its manifest"),
            "cluster_id",
            "0123456789abcdef".into(),
        ),
        changed(
            "a newer format",
            Refused(65, "its format is 2, and this program knows 1"),
            "format",
            2.into(),
        ),
        changed(
            "keys that are nowhere",
            Refused(65, "its manifest cannot be used"),
            "keys",
            "somewhere".into(),
        ),
        changed("no list of files", Refused(65, "its manifest cannot be used"), "files", Value::Null),
        changed("an empty list of files", Refused(65, "is not in the manifest"), "files", json!([])),
        row("five thousand files", Refused(65, "it lists 5000 files"), |sound| {
            let mut archive = sound.archive();
            let entry = archive.manifest["files"][0].clone();
            archive.manifest["files"] = vec![entry; 5000].into();
            archive.bytes(all)
        }),
        row("five programs of a gigabyte", Refused(65, "bytes together, of at most"), |sound| {
            let mut archive = sound.archive();
            let mut files = archive.manifest["files"].as_array().expect("files").clone();
            let program = |patch| {
                let path = format!("libexec/zone-etcd/3.6.{patch}/etcd");
                json!({ "path": path, "sha256": "00".repeat(32), "size": 1 << 30, "mode": "0755" })
            };
            files.extend([0, 1, 2, 3, 4].map(program));
            archive.manifest["files"] = files.into();
            archive.bytes(all)
        }),
        file("a file of the greatest size", "bytes, of at most", "size", u64::MAX.into()),
        file("a file below zero", "its manifest cannot be used", "size", (-1).into()),
        file("a digest that is too short", "the SHA-256 of pki/peer.key is not valid", "sha256", "00".into()),
        file(
            "a digest that is no number",
            "the SHA-256 of pki/peer.key is not valid",
            "sha256",
            "zz".repeat(32).into(),
        ),
        file("a mode that no file has", "its manifest cannot be used", "mode", "0666".into()),
        file("a key for everybody", "is a private key, and its mode is not 0600", "mode", "0644".into()),
        file("a file that is listed twice", "pki/ca.crt is there twice", "path", "pki/ca.crt".into()),
        raw("a key twice", "duplicate field `node`", |text| {
            text.replacen('{', "{\"node\":\"node1.example.zone\",", 1).into_bytes()
        }),
        raw("nested a hundred thousand deep", "its manifest cannot be used", |text| {
            let deep = "[".repeat(100_000) + &"]".repeat(100_000);
            text.replacen('{', &format!("{{\"token\":{deep},"), 1).into_bytes()
        }),
        raw("not UTF-8", "its manifest cannot be used", |text| {
            let mut bytes = text.into_bytes();
            bytes[2] = 0xff;
            bytes
        }),
        raw("a byte order mark", "its manifest cannot be used", |text| {
            format!("\u{feff}{text}").into_bytes()
        }),
        raw("two documents", "its manifest cannot be used", |text| text.repeat(2).into_bytes()),
        raw("a list", "its manifest cannot be used", |text| format!("[{text}]").into_bytes()),
        raw("nothing at all", "its manifest cannot be used", |_| Vec::new()),
        raw("five megabytes of blanks", "manifest.json has", |text| {
            (text + &" ".repeat(5 << 20)).into_bytes()
        }),
        row("signed by the peer CA", Refused(65, "was signed by another CA than"), |sound| {
            let mut archive = sound.archive();
            let key = |end: &str| std::fs::read(sound.zone.file(&format!("ca/peer.{end}"))).expect("the CA");
            let peer = Authority::load(&key("crt"), &key("key"), OffsetDateTime::now_utc());
            archive.root = peer.expect("the peer CA");
            let named = archive.root.certificate().fingerprint_sha256();
            archive.manifest["signer_sha256"] = hex::encode(&named).into();
            archive.bytes(all)
        }),
        signed(
            "a signature for another purpose",
            "the signature of its manifest is not by the",
            |archive, manifest| envelope(archive, "another document", manifest),
        ),
        signed(
            "a signature of another manifest",
            "the signature of its manifest is not by the",
            |archive, _| envelope(archive, CONTEXT, b"{}"),
        ),
        signed("no signature", "its signature cannot be read", |_, _| Vec::new()),
        signed("a signature by nobody", "its signature cannot be read", |archive, manifest| {
            let text = String::from_utf8(envelope(archive, CONTEXT, manifest)).expect("JSON");
            text.replace("\"signer\":\"root\"", "\"signer\":\"nobody\"").into_bytes()
        }),
    ]
}

fn envelope(archive: &Archive, context: &str, manifest: &[u8]) -> Vec<u8> {
    let signature = archive.root.sign_document(context, manifest).expect("a signature");
    let envelope = json!({
        "format": 1,
        "signer": "root",
        "certificate": archive.root.certificate().pem(),
        "signature": hex::encode(&signature),
    });
    envelope.to_string().into_bytes()
}
