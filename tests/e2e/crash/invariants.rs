//! What holds of a zone directory at every instant, also of one that an interrupted command has left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zone_pki::{Certificate, IssuanceLog, PrivateKey, encrypted_key};

/// Files that a start writes again: the whole old one or a whole new one is there.
const REPLACED: [&str; 4] = ["state.json", "high-water.json", "verified-etcd.json", "lock"];

/// What a start writes before it becomes etcd without data, and removes once there is a log.
const NONCE: &str = "zone-etcd.attempt";

/// Where keys are that are to be kept whatever command is interrupted.
const KEPT_KEYS: [&str; 2] = ["ca", "pki"];

/// With what keys of CAs are locked here.
pub const PASSPHRASES: [&str; 2] = ["correct horse battery", "another staple"];

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

    /// The same without these files and directories.
    pub fn without(mut self, places: &[&str]) -> Self {
        self.0.retain(|path, _| !places.iter().any(|place| path.starts_with(place)));
        self
    }

    /// The same without what a rotation replaces: the places of the CAs, and the bundles that are carried.
    pub fn without_rotated(self) -> Self {
        self.without(&["ca", "out"])
    }

    /// Asserts that every key of a CA, and every key that a node made for itself, is somewhere below the same
    /// directory, locked or not.
    #[track_caller]
    pub fn assert_keys_kept(&self, root: &Path, when: &str) {
        let now = Self::of(root);
        let (before, now) = (self.kept_keys(), now.kept_keys());
        for (path, key) in before {
            // Most likely it has its name still, and what locks it takes a while.
            let there = now.iter().filter(|(other, _)| *other == path).chain(&now);
            let is_kept = there.map(|(_, content)| *content).any(|content| is_same_key(key, content));
            assert!(is_kept, "{when}: the key of {} is lost", path.display());
        }
    }

    /// Whether no file has a key that is not locked.
    pub fn has_no_key_in_the_clear(&self) -> bool {
        !self.0.values().any(|content| PrivateKey::from_pem(content).is_ok())
    }

    fn kept_keys(&self) -> Vec<(&PathBuf, &Vec<u8>)> {
        let is_meant = |path: &Path| {
            KEPT_KEYS.iter().any(|place| path.starts_with(place))
                && path.extension().is_some_and(|end| end == "key")
        };
        self.0.iter().filter(|(path, _)| is_meant(path)).collect()
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
            assert!(!is_secret(&content) || mode == 0o600, "{when}: {} has mode {mode:o}", path.display());
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

/// Asserts that the keys that an interrupted command was about to write are gone once another has written
/// them, whatever their files are called.
#[track_caller]
pub fn assert_no_abandoned_keys(root: &Path, when: &str) {
    for (path, content) in Picture::of(root).0 {
        let is_hidden = path.iter().any(|part| part.to_str().is_some_and(|name| name.starts_with('.')));
        assert!(!(is_hidden && is_secret(&content)), "{when}: {} was left behind", path.display());
    }
}

/// A key of a CA or of a certificate, locked or not.
fn is_secret(content: &[u8]) -> bool {
    content.windows(11).any(|window| window == b"PRIVATE KEY")
}

/// What is in the log, in which no serial number was given twice.
#[track_caller]
fn logged_serials(root: &Path, when: &str) -> BTreeSet<String> {
    let log = IssuanceLog::open(root.join("issued.jsonl")).expect("the log");
    let (entries, unreadable) = log.read().expect("the log");
    assert_eq!(unreadable, 0, "{when}: lines of the log are torn");
    let mut keys = BTreeMap::new();
    for entry in entries {
        let first = keys.entry(entry.serial.clone()).or_insert_with(|| entry.key_sha256.clone());
        assert_eq!(*first, entry.key_sha256, "{when}: {} is the number of two certificates", entry.serial);
    }
    keys.into_keys().collect()
}

fn is_same_key(one: &[u8], other: &[u8]) -> bool {
    let is_locked = [one, other].iter().any(|text| encrypted_key::is_encrypted(text));
    one == other || (is_locked && opened(one).is_some_and(|key| opened(other) == Some(key)))
}

/// The key itself, whatever locks it here; nothing if it is torn.
fn opened(text: &[u8]) -> Option<Vec<u8>> {
    let with = |passphrase: &&str| encrypted_key::decrypt(text, passphrase).ok();
    let key = PrivateKey::from_pem(text).ok().or_else(|| PASSPHRASES.iter().find_map(with));
    key.map(|key| key.pkcs8_der().to_vec())
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
