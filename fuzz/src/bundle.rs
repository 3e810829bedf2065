//! Bundles made around what the fuzzer gives, and what has to be true of every bundle that can be read.

use std::io::Read;
use std::sync::OnceLock;

use serde_json::json;
use store::bundle::{BundleError, Identity, OpenBundle};
use tar::{EntryType, Header};
use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, KeyAlgorithm, Subject, hex};

/// The longest path that a bundle can have.
const PATH_AT_MOST: usize = 100;
/// The largest block of a zstd frame.
const BLOCK_AT_MOST: usize = 128 << 10;
/// What is signed begins with this line.
const CONTEXT: &str = "zone-etcd bundle manifest v1";

/// The root that signs.
pub fn root() -> &'static Authority {
    static ROOT: OnceLock<Authority> = OnceLock::new();
    ROOT.get_or_init(|| {
        let spec = AuthoritySpec {
            subject: Subject::with_common_name("root"),
            path_length: 1,
            permitted_dns: Vec::new(),
            validity: Duration::days(30),
            key: KeyAlgorithm::default(),
        };
        Authority::generate(&spec, OffsetDateTime::now_utc()).expect("a root")
    })
}

/// A manifest with these files.
pub fn manifest(files: &serde_json::Value) -> Vec<u8> {
    let manifest = json!({
        "format": 1, "zone": "example.zone", "node": "node1.example.zone", "sequence": 1,
        "issued_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "root_sha256": hex::encode(&root().certificate().fingerprint_sha256()),
        "token": "token", "may_bootstrap": false, "keys": "included", "files": files,
    });
    serde_json::to_vec(&manifest).expect("JSON")
}

/// The root's signature of a manifest, as `manifest.sig` holds it.
pub fn signature(manifest: &[u8]) -> Vec<u8> {
    let signature = root().sign_document(CONTEXT, manifest).expect("a signature");
    let envelope = json!({
        "format": 1,
        "signer": "root",
        "root": root().certificate().pem(),
        "signature": hex::encode(&signature),
    });
    serde_json::to_vec(&envelope).expect("JSON")
}

/// Writes the header of an entry, whatever it says; only its checksum is right.
pub fn append_header(archive: &mut Vec<u8>, path: &[u8], size: u64, mode: u32, kind: EntryType) {
    let mut header = Header::new_ustar();
    let length = path.len().min(PATH_AT_MOST);
    header.as_ustar_mut().expect("ustar").name[..length].copy_from_slice(&path[..length]);
    header.set_mode(mode);
    header.set_size(size);
    header.set_entry_type(kind);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
}

/// Writes an entry that is right.
pub fn append(archive: &mut Vec<u8>, path: &[u8], mode: u32, bytes: &[u8]) {
    append_header(archive, path, bytes.len() as u64, mode, EntryType::Regular);
    append_bytes(archive, bytes);
}

/// Writes the bytes of an entry, and blanks up to the next block.
pub fn append_bytes(archive: &mut Vec<u8>, bytes: &[u8]) {
    archive.extend_from_slice(bytes);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

/// Writes the two entries that every bundle begins with.
pub fn append_leading(archive: &mut Vec<u8>, manifest: &[u8], signature: &[u8]) {
    append(archive, b"manifest.json", 0o644, manifest);
    append(archive, b"manifest.sig", 0o644, signature);
}

/// An archive as a plain bundle: a zstd frame (RFC 8878, section 3.1.1) of blocks that are not compressed.
pub fn plain(archive: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd];
    // Single_Segment_flag, and four bytes of Frame_Content_Size.
    frame.push(0b1010_0000);
    frame.extend((archive.len() as u32).to_le_bytes());
    let blocks = archive.len().div_ceil(BLOCK_AT_MOST).max(1);
    for index in 0..blocks {
        let block = &archive[index * BLOCK_AT_MOST..archive.len().min((index + 1) * BLOCK_AT_MOST)];
        let header = (block.len() as u32) << 3 | u32::from(index + 1 == blocks);
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}

/// Reads a bundle to its end. Returns the bytes of each file, and checks that they are where and what the
/// manifest says.
pub fn read(bytes: &[u8], identity: Option<&Identity>) -> Result<Vec<Vec<u8>>, BundleError> {
    let mut bundle = OpenBundle::open(bytes, identity)?;
    let listed = bundle.manifest().files.clone();
    let _ = bundle.verify_signature();
    let mut files = Vec::new();
    while let Some((entry, mut reader)) = bundle.next_file()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map_err(BundleError::from_reader)?;
        check_path(&entry.path);
        assert_eq!(entry, listed[files.len()], "not in the order of the manifest");
        assert_eq!(content.len() as u64, entry.size, "not of the length that is listed");
        files.push(content);
    }
    assert_eq!(files.len(), listed.len(), "files are missing");
    Ok(files)
}

/// Nothing goes anywhere but below the directory that it is meant for.
pub fn check_path(path: &str) {
    assert!(!path.is_empty() && path.len() <= PATH_AT_MOST && !path.starts_with('/'), "{path}");
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
    assert!(path.split('/').all(plain), "{path}");
    let is_etcd = path
        .strip_prefix("libexec/zone-etcd/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, name)| ["etcd", "etcdctl", "etcdutl", "manifest.json"].contains(&name));
    assert!(path.starts_with("pki/") || path == "bin/zone-etcd" || is_etcd, "{path}");
}
