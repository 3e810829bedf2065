//! Archives that no bundle has, signed as if they were: each is refused, and told apart.

use std::io::Read;

use serde_json::{Value, json};
use store::bundle::BundleError;
use zone_pki::{Authority, hex};

use super::forged_archive::{Archive, CONTEXT, all, append, append_kind, read};

#[test]
fn one_that_is_right() {
    let archive = Archive::new();
    assert_eq!(read(&archive.bytes(all)).expect("it is right"), 3);
}

#[test]
fn paths_that_lead_elsewhere() {
    for path in [
        "../x",
        "pki/../x",
        "/etc/passwd",
        "pki//x",
        "pki/",
        "",
        ".",
        "pki/.hidden",
        "pki/a/b",
        "state.json",
        "data/x",
        "bin/a/b",
        "bin/ls",
        "bin/zone-etcd.old-1",
        "libexec/x",
        "libexec/zone-etcd/etcd",
        "libexec/zone-etcd/3.7.3/ls",
        "libexec/zone-etcd/latest/etcd",
        "libexec/zone-etcd/v3.7.3/etcd",
        "libexec/zone-etcd/03.7.3/etcd",
        "libexec/zone-etcd/../../x",
        "pki/a\nb",
        "pki/ä",
        "pki/a\\b",
        "pki",
    ] {
        let mut archive = Archive::new();
        archive.files[1].0 = path.to_owned();
        archive.manifest["files"] = archive.listed();
        let error = archive.error();
        assert!(matches!(&error, BundleError::Path { path: named } if named == path), "{path:?}: {error}");
    }
    // Only in the archive, and not in the manifest.
    let archive = Archive::new();
    let error = read(&archive.bytes(|builder, _| append(builder, "../x", b"x", 0o644))).expect_err("a path");
    assert!(matches!(error, BundleError::Unlisted { .. }), "{error}");
}

#[test]
fn entries_that_are_no_files() {
    for (kind, what) in [
        (tar::EntryType::Symlink, "a symbolic link"),
        (tar::EntryType::Link, "a hard link"),
        (tar::EntryType::Char, "a device"),
        (tar::EntryType::Block, "a device"),
        (tar::EntryType::Fifo, "a named pipe"),
        (tar::EntryType::Directory, "a directory"),
        (tar::EntryType::XHeader, "an extended header"),
        (tar::EntryType::XGlobalHeader, "an extended header"),
        (tar::EntryType::GNULongName, "an extension of GNU"),
        (tar::EntryType::GNUSparse, "an extension of GNU"),
        (tar::EntryType::Continuous, "of an unknown kind"),
    ] {
        let bytes = Archive::new().bytes(|builder, archive| {
            let (path, bytes, mode) = &archive.files[0];
            append_kind(builder, path, bytes, *mode, kind);
        });
        let error = read(&bytes).expect_err("no file");
        assert!(matches!(error, BundleError::Kind { kind: found, .. } if found == what), "{error}");
    }
}

/// No digest covers what fills the last block of a file.
#[test]
fn something_between_two_files() {
    let mut archive = Archive::new();
    archive.files = vec![("pki/peer-ca.crt".to_owned(), b"a CA".to_vec(), 0o644)];
    archive.manifest["files"] = archive.listed();
    for (hidden, is_right) in [(0, true), (1, false)] {
        let plain = archive.bytes(all);
        let mut unpacked = zstd::decode_all(plain.as_slice()).expect("zstd");
        let at = unpacked.windows(4).position(|window| window == b"a CA").expect("the file");
        unpacked[at + 4] = hidden;
        let packed = zstd::encode_all(unpacked.as_slice(), 1).expect("zstd");
        match read(&packed) {
            Ok(files) => assert!(is_right && files == 1),
            Err(error) => {
                assert!(!is_right && error.to_string().contains("something between two files"), "{error}");
            }
        }
    }
}

#[test]
fn files_that_are_not_those_of_the_manifest() {
    let archive = Archive::new();
    let bytes = |order: &'static [usize]| {
        archive.bytes(move |builder, archive| {
            for index in order {
                let (path, bytes, mode) = &archive.files[*index];
                append(builder, path, bytes, *mode);
            }
        })
    };
    let error = |order| read(&bytes(order)).expect_err("not as in the manifest");
    assert!(matches!(error(&[0, 1]), BundleError::Missing { path } if path == "bin/zone-etcd"));
    assert!(matches!(error(&[0, 2, 1]), BundleError::OutOfOrder { .. }));
    assert!(matches!(error(&[0, 0, 1, 2]), BundleError::Duplicate { path } if path == "pki/ca.crt"));
    assert!(matches!(error(&[0, 1, 2, 2]), BundleError::Duplicate { .. }));
    let extra = archive.bytes(|builder, archive| {
        all(builder, archive);
        append(builder, "pki/more.crt", b"more", 0o644);
    });
    assert!(matches!(read(&extra).expect_err("one more"), BundleError::Unlisted { .. }));
}

#[test]
fn facts_that_differ_from_the_manifest() {
    let mut archive = Archive::new();
    archive.files[2].1[500] ^= 1;
    assert!(matches!(archive.error(), BundleError::Digest { path } if path == "bin/zone-etcd"));
    archive.files[2].1.push(7);
    assert!(matches!(archive.error(), BundleError::Size { found: 1001, listed: 1000, .. }));
    let mut archive = Archive::new();
    archive.files[2].2 = 0o4755;
    assert!(matches!(archive.error(), BundleError::Mode { found: 0o4755, listed: 0o755, .. }));
}

#[test]
fn manifests_that_none_would_write() {
    type Change = fn(&mut Archive);
    type Expected = fn(&BundleError) -> bool;
    let cases: [(Change, Expected); 9] = [
        (
            |archive| archive.manifest["format"] = 2.into(),
            |e| matches!(e, BundleError::Newer { found: 2, known: 1 }),
        ),
        (|archive| archive.manifest["sequence"] = (-1).into(), |e| matches!(e, BundleError::Manifest { .. })),
        (
            |archive| archive.manifest["files"][1]["mode"] = "0644".into(),
            |e| matches!(e, BundleError::OpenKey { .. }),
        ),
        (
            |archive| archive.manifest["files"][1]["mode"] = "0666".into(),
            |e| matches!(e, BundleError::Manifest { .. }),
        ),
        (
            |archive| archive.manifest["files"][1]["sha256"] = "00".into(),
            |e| matches!(e, BundleError::Manifest { .. }),
        ),
        (
            |archive| archive.manifest["files"][0]["size"] = u64::MAX.into(),
            |e| matches!(e, BundleError::TooLarge { size: u64::MAX, .. }),
        ),
        (
            |archive| archive.manifest["files"][2]["path"] = "pki/ca.crt".into(),
            |e| matches!(e, BundleError::Duplicate { .. }),
        ),
        (
            |archive| archive.manifest["signer_sha256"] = "00".repeat(32).into(),
            |e| matches!(e, BundleError::OtherSigner { .. }),
        ),
        (
            |archive| archive.manifest["files"][0]["path"] = Value::Null,
            |e| matches!(e, BundleError::Manifest { .. }),
        ),
    ];
    for (index, (change, is_right)) in cases.into_iter().enumerate() {
        let mut archive = Archive::new();
        change(&mut archive);
        let error = archive.error();
        assert!(is_right(&error), "case {index}: {error:?}");
    }
}

#[test]
fn signatures_by_others() {
    let archive = Archive::new();
    let manifest = serde_json::to_vec(&archive.manifest).expect("JSON");
    let signed = |context: &str, root: &Authority, named: &Authority| {
        let signature = root.sign_document(context, &manifest).expect("a signature");
        let envelope = json!({
            "format": 1,
            "signer": "root",
            "certificate": named.certificate().pem(),
            "signature": hex::encode(&signature),
        });
        read(&archive.packed(&manifest, envelope.to_string().as_bytes(), all))
    };
    assert!(signed(CONTEXT, &archive.root, &archive.root).is_ok());
    let other = Archive::new().root;
    assert!(matches!(signed(CONTEXT, &other, &archive.root), Err(BundleError::Signature)));
    assert!(matches!(signed(CONTEXT, &other, &other), Err(BundleError::OtherSigner { .. })));
    assert!(matches!(signed("another document", &archive.root, &archive.root), Err(BundleError::Signature)));
    for envelope in ["", "{}", "[]", "{\"format\":1,\"signer\":\"peer\",\"root\":\"\",\"signature\":\"\"}"] {
        let error = read(&archive.packed(&manifest, envelope.as_bytes(), all)).expect_err("no envelope");
        assert!(matches!(error, BundleError::Envelope { .. }), "{error}");
    }
}

/// What is claimed is not allocated.
#[test]
fn sizes_that_are_claimed() {
    let mut block = tar::Header::new_ustar();
    block.set_path("manifest.json").expect("a path");
    block.set_size(1 << 40);
    block.set_mode(0o644);
    block.set_cksum();
    let bytes = zstd::encode_all(block.as_bytes().as_slice(), 1).expect("zstd");
    assert!(matches!(read(&bytes).expect_err("a giant"), BundleError::TooLarge { .. }));
    block.set_size(4 << 20);
    block.set_cksum();
    let bytes = zstd::encode_all(block.as_bytes().as_slice(), 1).expect("zstd");
    assert!(matches!(read(&bytes).expect_err("cut off"), BundleError::Truncated));
    // A gigabyte of nothing in some kilobytes.
    let nothing = zstd::encode_all(std::io::repeat(0).take(1 << 28), 1).expect("zstd");
    assert!(matches!(read(&nothing).expect_err("nothing"), BundleError::Missing { .. }));
}

/// The root that signed has to be the one that the node will trust.
#[test]
fn another_root_in_the_file_of_the_root() {
    let mut archive = Archive::new();
    archive.files[0].1 = Archive::new().root.certificate().pem().into_bytes();
    archive.manifest["files"] = archive.listed();
    assert!(matches!(archive.error(), BundleError::OtherSigner { .. }));
}
