//! The passphrase of a zone's CA keys: asked for once in a process, and only when a locked key is really
//! needed.

use std::os::fd::RawFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zone_pki::encrypted_key::{self, DecryptError};
use zone_pki::{KeyError, PrivateKey, ShowPath};

use crate::zone_directory::failures::locked_key_failure;
use host::passphrase::{Passphrase, PassphrasePurpose, PassphraseSource, TRIES};
use model::error::{Exit, Failure, Result};
use model::report;

/// By which names the passphrase of the CA keys is given.
const PURPOSE: PassphrasePurpose = PassphrasePurpose {
    what: "the CA keys",
    file_option: "--ca-passphrase-file",
    descriptor_option: "--ca-passphrase-fd",
    credential: "zone-etcd.ca-passphrase",
};

/// Where the passphrase comes from, and what is known of it. Clones share both.
#[derive(Clone, Debug)]
pub struct CaPassphrase {
    source: Arc<PassphraseSource>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
enum Known {
    NotYet,
    This(Passphrase),
    /// A person could not or would not say. Who looks again every two seconds does not ask again.
    RefusedBefore,
}

impl CaPassphrase {
    /// From a file or a file descriptor, else the systemd credential, else a person.
    pub fn new(file: Option<&Path>, descriptor: Option<RawFd>) -> Result<Self> {
        let source = Arc::new(PassphraseSource::new(PURPOSE, file, descriptor)?);
        Ok(Self { source, known: Arc::new(Mutex::new(Known::NotYet)) })
    }

    /// Whether a person would be asked.
    pub fn asks(&self) -> bool {
        self.source.asks()
    }

    /// The private key in a PEM file, locked or not.
    pub fn open(&self, path: &Path, text: &[u8]) -> Result<PrivateKey> {
        match PrivateKey::from_pem(text) {
            Ok(key) => Ok(key),
            Err(KeyError::Encrypted) => self.unlock(path, text),
            Err(error) => Err(locked_key_failure(path, &error.into())),
        }
    }

    /// The passphrase for keys that are locked now: the one that has opened another key of the zone, else a
    /// new one.
    pub fn to_lock_with(&self) -> Result<Passphrase> {
        let mut known = self.known();
        if let Known::This(passphrase) = &*known {
            return Ok(passphrase.clone());
        }
        let passphrase = refuse_short(self.source.chosen()?)?;
        *known = Known::This(passphrase.clone());
        Ok(passphrase)
    }

    fn unlock(&self, path: &Path, text: &[u8]) -> Result<PrivateKey> {
        let mut known = self.known();
        for attempt in 1.. {
            let passphrase = match &*known {
                Known::This(passphrase) => passphrase.clone(),
                Known::NotYet => self.source.existing().inspect_err(|_| *known = Known::RefusedBefore)?,
                Known::RefusedBefore => return Err(refused_before()),
            };
            match encrypted_key::decrypt(text, passphrase.as_str()) {
                Ok(key) => {
                    *known = Known::This(passphrase);
                    return Ok(key);
                }
                Err(DecryptError::Passphrase) if self.asks() && attempt < TRIES => {
                    report::message(&format!("that does not open {}", path.shown()));
                    *known = Known::NotYet;
                }
                Err(error) => {
                    *known = Known::RefusedBefore;
                    return Err(locked_key_failure(path, &error));
                }
            }
        }
        Err(refused_before())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thief of a locked key can try passphrases without limit.
const AT_LEAST: usize = 12;

/// A passphrase that keys may be locked with from now on.
pub(in crate::zone_directory) fn refuse_short(passphrase: Passphrase) -> Result<Passphrase> {
    let length = passphrase.as_str().chars().count();
    if length >= AT_LEAST {
        return Ok(passphrase);
    }
    Err(Failure::bad_input(format!("the passphrase for {} has {length} characters", PURPOSE.what))
        .because("anyone who gets hold of a locked key can try passphrases for as long as it takes")
        .next(format!(
            "use at least {AT_LEAST}, best at random: (umask 077; openssl rand -base64 18 > FILE)"
        )))
}

fn refused_before() -> Failure {
    Failure::new(Exit::Permission, format!("the passphrase of {} is not known", PURPOSE.what))
        .next(format!("run the command again with {} FILE", PURPOSE.file_option))
}
