//! What is made wrong: a node on which a bundle is active, and the next one for it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;
use zone_pki::Authority;

use crate::activation::{activated, add_to_description, bundle, node_directory, zone};
use crate::bundle::entries_of;
use crate::bundle::forged_archive::Archive;
use crate::harness::TestZone;

/// What the tests seal with, by the least work.
pub const PASSPHRASE: &str = "correct horse battery staple";
const WORK_FACTOR: u8 = 2;

/// A node on which bundle 1 is active.
pub struct Sound {
    pub zone: TestZone,
    /// The node directory.
    pub directory: PathBuf,
    /// A file with [`PASSPHRASE`].
    pub passphrase: PathBuf,
    /// Bundle 1, which is active.
    pub active: Vec<u8>,
    /// Bundle 2, which could be.
    pub next: Vec<u8>,
    /// The bundle of another node.
    pub other: Vec<u8>,
    /// The bundle of the node of that name in another zone.
    pub elsewhere: Vec<u8>,
}

impl Sound {
    pub fn new() -> Self {
        let zone = zone();
        let directory = node_directory(&zone, "n1");
        let file = bundle(&zone, "node1");
        activated(&zone, &file, &directory);
        let active = read(&file);
        add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
        let next = read(&bundle(&zone, "node1"));
        let other = read(&bundle(&zone, "node2"));
        let elsewhere = read(&bundle(&crate::activation::zone(), "node1"));
        let passphrase = zone.around().join("passphrase");
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&passphrase);
        opened.expect("a file").write_all(PASSPHRASE.as_bytes()).expect("its text");
        Self { zone, directory, passphrase, active, next, other, elsewhere }
    }

    /// The archive of the next bundle, to be made wrong and signed by the zone's own root again.
    pub fn archive(&self) -> Archive {
        let entry_file = self.zone.around().join("entries.bundle");
        fs::write(&entry_file, &self.next).expect("a file");
        let entries = entries_of(&entry_file);
        fs::remove_file(entry_file).expect("the file is removed");
        let manifest: Value = serde_json::from_slice(&entries[0].bytes).expect("the manifest");
        let files = entries.into_iter().skip(2);
        let files = files.map(|entry| (entry.path, entry.bytes, entry.header.mode().expect("a mode")));
        let key = |end: &str| read(&self.zone.file(&format!("ca/root.{end}")));
        let root = Authority::load(&key("crt"), &key("key"), OffsetDateTime::now_utc()).expect("the root");
        Archive { root, files: files.collect(), manifest }
    }
}

/// Seals with the passphrase.
pub fn sealed(bytes: &[u8], passphrase: &str) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(WORK_FACTOR);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let mut sealed = Vec::new();
    let mut writer = encryptor.expect("a seal").wrap_output(&mut sealed).expect("its head");
    writer.write_all(bytes).expect("it is sealed");
    writer.finish().expect("its end");
    sealed
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file")
}
