//! An archive as a bundle has it, signed by a root of its own, that a test makes wrong in one way.

use std::io::Read;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use store::bundle::{BundleError, OpenBundle};
use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, KeyAlgorithm, Subject, hex};

/// What the signature of a manifest is for.
pub const CONTEXT: &str = "zone-etcd bundle manifest v1";

/// An archive that can be made wrong in one way, and is right in every other.
pub struct Archive {
    /// Signs it.
    pub root: Authority,
    /// Paths, bytes and modes.
    pub files: Vec<(String, Vec<u8>, u32)>,
    /// The manifest.
    pub manifest: Value,
}

impl Archive {
    pub fn new() -> Self {
        let spec = AuthoritySpec {
            subject: Subject::with_common_name("root"),
            path_length: 1,
            permitted_dns: Vec::new(),
            validity: Duration::days(30),
            key: KeyAlgorithm::default(),
        };
        let root = Authority::generate(&spec, OffsetDateTime::now_utc()).expect("a root");
        let ca = root.certificate().pem().into_bytes();
        let file = |path: &str, bytes: &[u8], mode| (path.to_owned(), bytes.to_vec(), mode);
        let files = vec![
            file("pki/ca.crt", &ca, 0o644),
            file("pki/client.key", b"a key", 0o600),
            file("bin/zone-etcd", &[7; 1000], 0o755),
        ];
        let manifest = json!({
            "format": 1, "zone": "example.zone", "node": "node1.example.zone", "sequence": 1,
            "issued_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
            "signer_sha256": hex::encode(&root.certificate().fingerprint_sha256()),
            "token": "token", "may_bootstrap": false, "keys": "included",
        });
        let mut archive = Self { root, files, manifest };
        archive.manifest["files"] = archive.listed();
        archive
    }

    pub fn listed(&self) -> Value {
        let entry = |(path, bytes, mode): &(String, Vec<u8>, u32)| {
            let sha256 = hex::encode(digest(&SHA256, bytes).as_ref());
            json!({ "path": path, "sha256": sha256, "size": bytes.len(), "mode": format!("{mode:04o}") })
        };
        self.files.iter().map(entry).collect()
    }

    /// The bytes, with the entries after the signature as `write` makes them.
    pub fn bytes(&self, write: impl FnOnce(&mut tar::Builder<Vec<u8>>, &Self)) -> Vec<u8> {
        let manifest = serde_json::to_vec(&self.manifest).expect("JSON");
        let signature = self.root.sign_document(CONTEXT, &manifest).expect("a signature");
        let envelope = json!({
            "format": 1, "signer": "root", "certificate": self.root.certificate().pem(),
            "signature": hex::encode(&signature),
        });
        self.packed(&manifest, envelope.to_string().as_bytes(), write)
    }

    pub fn packed(
        &self,
        manifest: &[u8],
        envelope: &[u8],
        write: impl FnOnce(&mut tar::Builder<Vec<u8>>, &Self),
    ) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, "manifest.json", manifest, 0o644);
        append(&mut builder, "manifest.sig", envelope, 0o644);
        write(&mut builder, self);
        zstd::encode_all(builder.into_inner().expect("an archive").as_slice(), 1).expect("zstd")
    }

    /// The error of the archive with its files as they are.
    pub fn error(&self) -> BundleError {
        read(&self.bytes(all)).expect_err("it is refused")
    }
}

pub fn all(builder: &mut tar::Builder<Vec<u8>>, archive: &Archive) {
    for (path, bytes, mode) in &archive.files {
        append(builder, path, bytes, *mode);
    }
}

/// Writes the name as it is: the library would refuse some of them.
pub fn append(builder: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8], mode: u32) {
    append_kind(builder, path, bytes, mode, tar::EntryType::Regular);
}

pub fn append_kind(
    builder: &mut tar::Builder<Vec<u8>>,
    path: &str,
    bytes: &[u8],
    mode: u32,
    kind: tar::EntryType,
) {
    let mut header = tar::Header::new_ustar();
    header.as_ustar_mut().expect("ustar").name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_entry_type(kind);
    header.set_cksum();
    builder.append(&header, bytes).expect("an entry");
}

pub fn read(bytes: &[u8]) -> Result<usize, BundleError> {
    let mut bundle = OpenBundle::open(bytes, None)?;
    bundle.verify_signature()?;
    let mut files = 0;
    while let Some((entry, mut reader)) = bundle.next_file()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map_err(BundleError::from_reader)?;
        if entry.path == "pki/ca.crt" {
            bundle.check_trust_file(&content)?;
        }
        files += 1;
    }
    Ok(files)
}
