//! The keys of the CAs at rest: which are locked, and what locks and unlocks them.
//!
//! Each key is written aside and read back before the first is replaced, and each is replaced by a rename.
//! Interrupted between two renames, some keys are as before and some as asked for, all of them whole, and the
//! same command finishes.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;
use zone_pki::encrypted_key::{self, DecryptError};
use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{KeyError, PrivateKey, ShowPath};

use crate::zone_directory::authorities::authority_files::check_directory;
use crate::zone_directory::authorities::ca_passphrase::refuse_short;
use crate::zone_directory::authorities::certificates::ROOT;
use crate::zone_directory::authorities::create_authorities::{create, stage, sync};
use crate::zone_directory::failures::{locked_key_failure, private_zone_failure};
use crate::zone_directory::{CaPassphrase, ZoneLock};
use host::passphrase::{Passphrase, PassphraseSource};
use model::error::{Failure, Result};
use model::plan::{Plane, ZonePaths};

/// The CAs whose keys a zone has, in the order in which they are replaced: those that sign, and during a
/// rotation those that are to, or did.
pub const CA_KEYS: [&str; 9] = [
    ROOT,
    Plane::Peer.name(),
    Plane::Client.name(),
    "next/root",
    "next/peer",
    "next/client",
    "previous/root",
    "previous/peer",
    "previous/client",
];

/// How the key of a CA lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is not here. It may be kept elsewhere.
    Absent,
    /// In the clear.
    Clear,
    Locked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Absent => "absent",
            Self::Clear => "clear",
            Self::Locked => "locked",
        })
    }
}

/// How the key of a CA is stored on disk, without a prompt.
pub fn key_state(paths: &ZonePaths, stem: &str) -> Result<KeyState> {
    Ok(match read(paths, stem)? {
        None => KeyState::Absent,
        Some(text) if encrypted_key::is_encrypted(&text) => KeyState::Locked,
        Some(_) => KeyState::Clear,
    })
}

/// Locks keys that are in the clear, with the passphrase that other keys of the zone have, if any have.
/// Returns which.
pub fn lock_keys(
    paths: &ZonePaths,
    stems: &[&'static str],
    passphrase: &CaPassphrase,
    _held: &ZoneLock,
) -> Result<Vec<&'static str>> {
    let clear = in_state(paths, stems, KeyState::Clear)?;
    if clear.is_empty() {
        return Ok(clear);
    }
    if let Some(locked) = in_state(paths, &CA_KEYS, KeyState::Locked)?.first() {
        open(paths, locked, passphrase)?;
    }
    let keys = clear.iter().map(|stem| Ok((*stem, open(paths, stem, passphrase)?)));
    let keys = keys.collect::<Result<Vec<_>>>()?;
    replace(paths, &keys, Some(&passphrase.to_lock_with()?))?;
    Ok(clear)
}

/// Gives every key that is locked, and those that are named, a new passphrase. Returns which.
pub fn change_passphrase(
    paths: &ZonePaths,
    stems: &[&'static str],
    current: &CaPassphrase,
    new: &PassphraseSource,
    _held: &ZoneLock,
) -> Result<Vec<&'static str>> {
    let mut locked = in_state(paths, &CA_KEYS, KeyState::Locked)?;
    let mut keys = Vec::new();
    // The last is replaced last: after an interruption it is the one that still has the old passphrase.
    if let Some(last) = locked.pop() {
        keys.push((last, open(paths, last, current)?));
    }
    let new = refuse_short(new.chosen()?)?;
    for stem in locked.into_iter().rev() {
        keys.push((stem, open_with_either(paths, stem, current, &new)?));
    }
    for stem in in_state(paths, stems, KeyState::Clear)? {
        keys.push((stem, open(paths, stem, current)?));
    }
    keys.sort_by_key(|(stem, _)| CA_KEYS.iter().position(|known| known == stem));
    replace(paths, &keys, Some(&new))?;
    Ok(keys.into_iter().map(|(stem, _)| stem).collect())
}

/// Writes locked keys in the clear. Returns which.
pub fn unlock_keys(
    paths: &ZonePaths,
    stems: &[&'static str],
    passphrase: &CaPassphrase,
    _held: &ZoneLock,
) -> Result<Vec<&'static str>> {
    let locked = in_state(paths, stems, KeyState::Locked)?;
    let keys = locked.iter().map(|stem| Ok((*stem, open(paths, stem, passphrase)?)));
    replace(paths, &keys.collect::<Result<Vec<_>>>()?, None)?;
    Ok(locked)
}

/// The text of a key for its file, which has been read back.
pub(in crate::zone_directory) fn key_text(
    key: &PrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<String>> {
    let Some(passphrase) = passphrase else { return Ok(key.to_pem()) };
    let failed = || Failure::internal("cannot lock a CA's key");
    let text = encrypted_key::encrypt(key, passphrase.as_str()).map_err(|error| failed().because(&error))?;
    Ok(Zeroizing::new(text))
}

fn in_state(paths: &ZonePaths, stems: &[&'static str], wanted: KeyState) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for stem in CA_KEYS.into_iter().filter(|stem| stems.contains(stem)) {
        if key_state(paths, stem)? == wanted {
            found.push(stem);
        }
    }
    Ok(found)
}

fn read(paths: &ZonePaths, stem: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    check_directory(&paths.authorities())?;
    let path = paths.authority_key(stem);
    match private_file::read(&path) {
        Ok(text) => Ok(Some(text)),
        Err(PrivateFileError::NotFound) => Ok(None),
        Err(error) => Err(private_zone_failure(&path, &error)),
    }
}

fn read_present(paths: &ZonePaths, stem: &str) -> Result<Zeroizing<Vec<u8>>> {
    let path = paths.authority_key(stem);
    read(paths, stem)?.ok_or_else(|| private_zone_failure(&path, &PrivateFileError::NotFound))
}

fn open(paths: &ZonePaths, stem: &str, passphrase: &CaPassphrase) -> Result<PrivateKey> {
    passphrase.open(&paths.authority_key(stem), &read_present(paths, stem)?)
}

/// A change that was interrupted has left some keys with the new passphrase.
fn open_with_either(
    paths: &ZonePaths,
    stem: &str,
    current: &CaPassphrase,
    new: &Passphrase,
) -> Result<PrivateKey> {
    let (path, text) = (paths.authority_key(stem), read_present(paths, stem)?);
    let failure = |error: DecryptError| locked_key_failure(&path, &error);
    match encrypted_key::decrypt(&text, current.to_lock_with()?.as_str()) {
        Err(DecryptError::Passphrase) => encrypted_key::decrypt(&text, new.as_str()).map_err(failure),
        result => result.map_err(failure),
    }
}

fn replace(
    paths: &ZonePaths,
    keys: &[(&'static str, PrivateKey)],
    passphrase: Option<&Passphrase>,
) -> Result<()> {
    for (stem, _) in keys {
        refuse_link(&paths.authority_key(stem))?;
    }
    let staged = stage(paths)?;
    let aside = |stem: &str| staged.path().join(format!("{}.key", stem.replace('/', "-")));
    for (stem, key) in keys {
        let path = aside(stem);
        create(&path, key_text(key, passphrase)?.as_bytes(), 0o600)?;
        read_back(&path, key, passphrase)?;
    }
    for (stem, _) in keys {
        let target = paths.authority_key(stem);
        std::fs::rename(aside(stem), &target).map_err(|error| Failure::write(&target, &error))?;
        sync(target.parent().unwrap_or(&target))?;
    }
    Ok(())
}

/// A rename would put a file in the place of the link, and leave the key where it leads as it is.
fn refuse_link(path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    let shown = path.shown();
    Err(Failure::bad_input(format!("{shown} is a link, and what it points to is not replaced")).next(
        format!(
            "lock the key there: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {0} -out {0}.locked",
            model::report::shell_quoted_path(path)
        ),
    ))
}

/// A key that cannot be opened is lost, so what was written is opened before anything is replaced.
fn read_back(path: &Path, key: &PrivateKey, passphrase: Option<&Passphrase>) -> Result<()> {
    let text = private_file::read(path).map_err(|error| private_zone_failure(path, &error))?;
    let read = match passphrase {
        Some(passphrase) => encrypted_key::decrypt(&text, passphrase.as_str()),
        None => PrivateKey::from_pem(&text).map_err(|error: KeyError| error.into()),
    };
    match read {
        Ok(read) if read.pkcs8_der() == key.pkcs8_der() => Ok(()),
        _ => Err(Failure::internal(format!("{} does not hold what was written", path.shown()))),
    }
}
