//! The certificates of the CAs: unreadable, empty, truncated, swapped with the key, a leaf.

use super::{issued_zone, refused_by};
use crate::support::leaf_under;

const STEMS: [&str; 3] = ["root", "peer", "client"];
/// Whatever reads the CAs refuses them alike.
const READERS: [&[&str]; 4] =
    [&["plan", "--node", "node1"], &["pki", "list"], &["pki", "check"], &["pki", "issue", "--all"]];

/// Damages the certificate of each CA in turn, and expects that every command refuses it.
#[track_caller]
fn each(damage: impl Fn(Vec<u8>) -> Vec<u8>, code: i32, texts: &[&str]) {
    let (zone, etcd) = issued_zone();
    for stem in STEMS {
        let path = zone.file(&format!("ca/{stem}.crt"));
        let sound = std::fs::read(&path).expect("a certificate");
        std::fs::write(&path, damage(sound.clone())).expect("the damage");
        let file = format!("ca/{stem}.crt");
        let texts: Vec<&str> = texts.iter().copied().chain([file.as_str()]).collect();
        refused_by(&zone, &etcd, &READERS, code, &texts);
        std::fs::write(&path, sound).expect("the certificate");
    }
}

#[test]
fn an_empty_one() {
    each(|_| Vec::new(), 65, &["holds no usable certificate", "put the file back"]);
}

#[test]
fn a_truncated_one() {
    each(|pem| pem[..pem.len() / 2].to_vec(), 65, &["holds no usable certificate", "put the file back"]);
}

#[test]
fn one_whose_content_ends_early() {
    // The frame of PEM is whole, the certificate in it is not.
    let cut = |pem: Vec<u8>| {
        let text = String::from_utf8(pem).expect("PEM");
        let lines: Vec<&str> = text.lines().collect();
        let kept = lines.len() / 2;
        ([&lines[..kept], &lines[lines.len() - 1..]].concat().join("\n") + "\n").into_bytes()
    };
    each(cut, 65, &["holds no usable certificate"]);
}

#[test]
fn one_that_is_no_text_at_all() {
    each(|_| vec![0x30, 0x82, 0xff, 0x00, 0x13], 65, &["holds no usable certificate"]);
}

#[test]
fn one_that_is_not_there() {
    let (zone, etcd) = issued_zone();
    for stem in STEMS {
        let path = zone.file(&format!("ca/{stem}.crt"));
        let sound = std::fs::read(&path).expect("a certificate");
        std::fs::remove_file(&path).expect("removed");
        refused_by(
            &zone,
            &etcd,
            &READERS,
            66,
            &[&format!("cannot read {}", path.display()), "put the file back"],
        );
        std::fs::write(&path, sound).expect("the certificate");
    }
}

#[test]
fn one_that_is_a_directory() {
    let (zone, etcd) = issued_zone();
    let path = zone.file("ca/peer.crt");
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("a directory");
    refused_by(&zone, &etcd, &READERS, 65, &["ca/peer.crt", "directory"]);
}

#[test]
fn one_that_was_swapped_with_its_key() {
    let (zone, etcd) = issued_zone();
    for stem in STEMS {
        let (certificate, key) = (zone.file(&format!("ca/{stem}.crt")), zone.file(&format!("ca/{stem}.key")));
        let swap = || {
            let aside = zone.around().join("aside");
            std::fs::rename(&certificate, &aside).expect("renamed");
            std::fs::rename(&key, &certificate).expect("renamed");
            std::fs::rename(&aside, &key).expect("renamed");
        };
        swap();
        refused_by(&zone, &etcd, &READERS, 65, &[&certificate.display().to_string(), "seem to be swapped"]);
        swap();
    }
}

#[test]
fn one_that_is_a_leaf() {
    let (zone, etcd) = issued_zone();
    let leaf = leaf_under(&zone, "client");
    for stem in STEMS {
        let path = zone.file(&format!("ca/{stem}.crt"));
        let sound = std::fs::read(&path).expect("a certificate");
        leaf.put_certificate(&zone, stem);
        refused_by(
            &zone,
            &etcd,
            &READERS,
            65,
            &["is not a CA certificate", "CN=leaf", "not one that it issued"],
        );
        std::fs::write(&path, sound).expect("the certificate");
    }
}
