//! The database of a snapshot, as a stream: from below its seal, and to a file once its digest is right.

use std::fs::OpenOptions;
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::digest::PagesDigest;
use crate::bundle::{AGE, Identity, bundle_failure, open_age};
use model::error::{Failure, Result};
use model::formats::SnapshotDatabase;
use model::report::{Progress, Unit};

/// What is below the seal of what comes, or what comes if it has none. `name` is what messages call it.
///
/// # Errors
/// The seal cannot be opened with this.
pub fn below_seal<'i>(
    mut source: impl Read + 'i,
    name: &str,
    identity: Option<&'i Identity>,
) -> Result<Box<dyn Read + 'i>> {
    let mut head = Vec::new();
    source
        .by_ref()
        .take(AGE.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| Failure::read(Path::new(name), &error))?;
    let is_sealed = head == AGE;
    let whole = Cursor::new(head).chain(source);
    match is_sealed {
        false => Ok(Box::new(whole)),
        true => Ok(Box::new(open_age(whole, identity).map_err(|error| bundle_failure(name, &error))?)),
    }
}

/// Writes the database that comes to a file of mode 0600.
///
/// # Errors
/// It is another one than was asked for (exit 65), it ends too early, or the file cannot be written.
pub fn receive_database(from: &mut dyn Read, to: &Path, wanted: &SnapshotDatabase) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| Failure::write(to, &error))?;
    let progress = Progress::begin("restoring", Unit::Bytes, wanted.size);
    let found = digest_database(from, wanted.size, |bytes| {
        progress.add(bytes.len() as u64);
        file.write_all(bytes).map_err(|error| Failure::write(to, &error))
    })?;
    refuse_other(found.as_ref(), wanted)
}

fn refuse_other(found: Option<&SnapshotDatabase>, wanted: &SnapshotDatabase) -> Result<()> {
    if found == Some(wanted) {
        return Ok(());
    }
    let failure = Failure::bad_input("this is not the snapshot that the zone is restored from");
    let failure = match found {
        None => {
            failure.because("it was cut off, or changed: its last 32 bytes are not the digest of the others")
        }
        Some(found) => failure.because(format!(
            "its database has {} bytes and the SHA-256 {}, and the order {} and {}",
            found.size, found.sha256, wanted.size, wanted.sha256
        )),
    };
    Err(failure.next("give the very file that `snapshot restore` was given on the signing host"))
}

/// What comes, up to a byte more than there should be.
fn digest_database(
    from: &mut dyn Read,
    size: u64,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Option<SnapshotDatabase>> {
    let mut pages = PagesDigest::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bounded = from.take(size.saturating_add(1));
    loop {
        match bounded.read(&mut buffer) {
            Ok(0) => return Ok(pages.finish()),
            Ok(count) => {
                pages.update(&buffer[..count]);
                each(&buffer[..count])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Failure::bad_input("the snapshot cannot be read to its end").because(&error));
            }
        }
    }
}
