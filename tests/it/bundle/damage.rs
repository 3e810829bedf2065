//! Bundles that were cut off or changed on the way: none is taken for a whole one.

use std::io::{self, Read};

use age::secrecy::SecretString;
use store::bundle::{BundleError, Identity, OpenBundle};

use super::{bundle, file, generation_files, plain, zone};

/// Reads a bundle to its end, as whoever activates it does.
fn read(bytes: &[u8], identity: Option<&Identity>) -> Result<usize, BundleError> {
    let mut bundle = OpenBundle::open(bytes, identity)?;
    bundle.verify_signature()?;
    let mut files = 0;
    while let Some((entry, mut reader)) = bundle.next_file()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map_err(BundleError::from_reader)?;
        assert_eq!(content.len() as u64, entry.size);
        files += 1;
    }
    Ok(files)
}

/// The generation, `zone.toml` and `node.json`.
fn files_of_a_bundle() -> usize {
    generation_files("node1") + 2
}

#[test]
fn a_plain_bundle_cut_at_every_length() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let whole = std::fs::read(file(&zone, "node1")).expect("a bundle");
    assert_eq!(read(&whole, None).expect("it is whole"), files_of_a_bundle());
    for length in 0..whole.len() {
        let error = read(&whole[..length], None).expect_err("it is cut off");
        let wanted =
            matches!(error, BundleError::Truncated) || (length == 0 && matches!(error, BundleError::Empty));
        assert!(wanted, "{length} of {}: {error}", whole.len());
    }
}

/// A few bits of a compressed frame say nothing, such as one of its header (RFC 8878, 3.1.1.1.1.3). A bundle
/// in which one of them was flipped brings what it brought before: every file has its digest, and the
/// manifest is signed.
#[test]
fn a_plain_bundle_with_a_flipped_bit() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let whole = std::fs::read(file(&zone, "node1")).expect("a bundle");
    let digest = |bytes: &[u8]| OpenBundle::open(bytes, None).expect("it opens").manifest().digest();
    let mut the_same = 0;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(files) = read(&changed, None) {
            assert_eq!(
                (files, digest(&changed)),
                (files_of_a_bundle(), digest(&whole)),
                "bit {} of byte {at}",
                at % 8
            );
            the_same += 1;
        }
    }
    assert!(the_same < whole.len() / 100, "{the_same} changes were not found");
}

#[test]
fn a_sealed_bundle_that_was_cut_or_changed() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    bundle(&zone, &["node1", "--recipient", &key.to_public().to_string()]).expect_code(0);
    let whole = std::fs::read(file(&zone, "node1")).expect("a bundle");
    let identity = Identity::Keys(vec![Box::new(key)]);
    assert_eq!(read(&whole, Some(&identity)).expect("it is whole"), files_of_a_bundle());
    for at in (0..whole.len()).step_by(3) {
        assert!(read(&whole[..at], Some(&identity)).is_err(), "cut at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(read(&changed, Some(&identity)).is_err(), "bit {} of byte {at}", at % 8);
    }
}

#[test]
fn something_follows() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let whole = std::fs::read(file(&zone, "node1")).expect("a bundle");
    for more in [&b"x"[..], b"\0", &whole, &[0x28, 0xb5, 0x2f, 0xfd]] {
        let error = read(&[&whole, more].concat(), None).expect_err("something follows");
        let is_named = match &error {
            BundleError::Damaged { why } => why.contains("follows its last file"),
            error => matches!(error, BundleError::Trailing | BundleError::Truncated),
        };
        assert!(is_named, "{error}");
    }
}

/// What the system says is not taken for damage.
#[test]
fn a_disk_that_fails() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let whole = std::fs::read(file(&zone, "node1")).expect("a bundle");
    for length in [0, 10, 1000, whole.len() - 1] {
        let failing = whole[..length].chain(Failing);
        let error = OpenBundle::open(failing, None)
            .and_then(|mut bundle| {
                while bundle.next_file()?.is_some() {}
                Ok(())
            })
            .expect_err("the disk fails");
        assert!(matches!(&error, BundleError::Read(why) if why.to_string() == "the disk fails"), "{error}");
    }
}

/// A pipe gives what it has, which may be one byte at a time.
#[test]
fn a_pipe_that_gives_little() {
    let zone = zone();
    plain(&zone, &["worker"]);
    let whole = std::fs::read(file(&zone, "worker")).expect("a bundle");
    let mut bundle = OpenBundle::open(OneByOne(&whole), None).expect("it opens");
    let mut files = 0;
    while bundle.next_file().expect("it is whole").is_some() {
        files += 1;
    }
    assert_eq!(files, 5);
}

struct OneByOne<'b>(&'b [u8]);

impl Read for OneByOne<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk fails"))
    }
}

#[test]
fn an_identity_for_a_plain_bundle_does_no_harm() {
    let zone = zone();
    plain(&zone, &["worker"]);
    let whole = std::fs::read(file(&zone, "worker")).expect("a bundle");
    let identity = Identity::Passphrase(SecretString::from("not needed"));
    assert_eq!(read(&whole, Some(&identity)).expect("it is whole"), 5);
}
