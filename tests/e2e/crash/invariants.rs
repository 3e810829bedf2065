//! What holds of a zone directory at every instant, also of one that an interrupted command has left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zone_pki::{Certificate, IssuanceLog};

/// Files that a start writes again: the whole old one or a whole new one is there.
const REPLACED: [&str; 4] = ["state.json", "high-water.json", "verified-etcd.json", "lock"];

/// What a start writes before it becomes etcd without data, and removes once there is a log.
const NONCE: &str = "zone-etcd.attempt";

/// The content of every file below a directory.
#[derive(PartialEq, Eq)]
pub struct Picture(BTreeMap<PathBuf, Vec<u8>>);

impl Picture {
    /// Of a directory that need not exist.
    pub fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        walk(root, &mut |path, metadata| {
            if metadata.is_file() {
                let relative = path.strip_prefix(root).expect("a path below").to_owned();
                files.insert(relative, fs::read(path).expect("a file"));
            }
        });
        Self(files)
    }

    /// The same without what etcd writes as it runs.
    pub fn without_data(mut self) -> Self {
        self.0.retain(|path, _| !path.iter().any(|part| part == "data"));
        self
    }

    /// The same without what a rotation replaces: the places of the CAs, and the bundles that are carried.
    pub fn without_rotated(mut self) -> Self {
        self.0.retain(|path, _| !path.starts_with("ca") && !path.starts_with("out"));
        self
    }

    /// Asserts that every key of a CA is somewhere in `ca/`.
    #[track_caller]
    pub fn assert_keys_kept(&self, root: &Path, when: &str) {
        let now = Self::of(&root.join("ca"));
        let keys = self
            .0
            .iter()
            .filter(|(path, _)| path.starts_with("ca") && path.extension().is_some_and(|end| end == "key"));
        for (path, key) in keys {
            assert!(
                now.0.values().any(|content| content == key),
                "{when}: the key of {} is lost",
                path.display()
            );
        }
    }

    fn has_log_beside(&self, nonce: &Path) -> bool {
        let logs = nonce.with_file_name("member").join("wal");
        self.0.keys().any(|path| path.starts_with(&logs))
    }

    /// Asserts that nothing of it is lost in `root`: every file is there as it was, and the log has only
    /// grown.
    #[track_caller]
    pub fn assert_kept(&self, root: &Path, when: &str) {
        for (path, before) in &self.0 {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            let now = match fs::read(root.join(path)) {
                Ok(now) => now,
                Err(_) if name == NONCE && self.has_log_beside(path) => continue,
                Err(_) => panic!("{when}: {} is lost", path.display()),
            };
            match name {
                "issued.jsonl" | "bundles.jsonl" => {
                    assert!(now.starts_with(before), "{when}: the log lost what was in it")
                }
                _ if REPLACED.contains(&name) => {}
                _ => assert!(now == *before, "{when}: {} is not what it was", path.display()),
            }
        }
    }
}

/// Asserts what has to hold of a zone directory in whatever state it is.
#[track_caller]
pub fn assert_sound(root: &Path, when: &str) {
    let logged = logged_serials(root, when);
    walk(root, &mut |path, metadata| {
        let mode = metadata.permissions().mode() & 0o7777;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if metadata.is_dir() {
            assert!(path == root || mode == 0o700, "{when}: {} has mode {mode:o}", path.display());
        } else if metadata.is_symlink() {
            assert!(path.exists(), "{when}: {} leads nowhere", path.display());
        } else {
            let content = fs::read(path).expect("a file");
            // By its content, so that it does not matter under which name it is.
            let is_secret = content.windows(11).any(|window| window == b"PRIVATE KEY");
            assert!(!is_secret || mode == 0o600, "{when}: {} has mode {mode:o}", path.display());
            if name == "state.json" {
                let parsed = serde_json::from_slice::<serde_json::Value>(&content);
                assert!(parsed.is_ok(), "{when}: {} is torn", path.display());
            }
        }
    });
    for path in certificates_in_use(root) {
        let chain = Certificate::chain_from_pem(&fs::read(&path).expect("a certificate")).expect("a chain");
        let serial = chain.first().expect("a certificate").serial_hex();
        assert!(logged.contains(&serial), "{when}: {} is in use and not in the log", path.display());
    }
}

/// Asserts that what an interrupted command was about to make, keys among it, is gone once it was made by
/// another.
#[track_caller]
pub fn assert_no_abandoned_keys(root: &Path, when: &str) {
    walk(root, &mut |path, metadata| {
        let below = path.strip_prefix(root).expect("a path below");
        let is_hidden = below.iter().any(|part| part.to_str().is_some_and(|name| name.starts_with('.')));
        let is_key = metadata.is_file() && path.extension().is_some_and(|extension| extension == "key");
        assert!(!(is_hidden && is_key), "{when}: {} was left behind", below.display());
    });
}

#[track_caller]
fn logged_serials(root: &Path, when: &str) -> BTreeSet<String> {
    let log = IssuanceLog::open(root.join("issued.jsonl")).expect("the log");
    let (entries, unreadable) = log.read().expect("the log");
    assert_eq!(unreadable, 0, "{when}: lines of the log are torn");
    entries.into_iter().map(|entry| entry.serial).collect()
}

/// The certificates that `current` points to, without those of the CAs.
fn certificates_in_use(root: &Path) -> Vec<PathBuf> {
    let list = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let nodes = list(&root.join("nodes")).map(|node| node.join("pki/current"));
    let clients = list(&root.join("clients")).map(|client| client.join("current"));
    let files = nodes.chain(clients).flat_map(|current| list(&current).collect::<Vec<_>>());
    files
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(".crt") && !name.ends_with("ca.crt")
        })
        .collect()
}

/// Every file, directory and link below a directory, and the directory itself.
fn walk(path: &Path, visit: &mut dyn FnMut(&Path, &fs::Metadata)) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    visit(path, &metadata);
    if metadata.is_dir() {
        for entry in fs::read_dir(path).expect("a directory").flatten() {
            walk(&entry.path(), visit);
        }
    }
}
