//! A bundle from a file or standard input, with what opens its seal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zone_pki::ShowPath;

use super::identity::IdentitySource;
use super::passphrase;
use crate::cli::BundleSealArgs;
use host::passphrase::{PassphraseSource, TRIES};
use model::error::{Failure, Result};
use model::report;
use store::bundle::{BundleError, Identity, OpenBundle, bundle_failure};

/// A bundle that is read once.
pub type Bundle = OpenBundle<Box<dyn Read>>;

/// What the bundle is called in messages.
pub fn name_of(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.shown().to_string() }
}

/// Opens a bundle. A person is asked for a passphrase only if it has one, and does not come through a pipe,
/// which cannot be read a second time. `command` is what to propose to a user who may not read the identity.
pub fn open(path: &Path, seal: &BundleSealArgs, command: &str) -> Result<Bundle> {
    let name = name_of(path);
    let identity = IdentitySource::new(seal, passphrase::is_named(&seal.passphrase))?;
    let passphrase = passphrase::source(&seal.passphrase)?;
    let given = match identity {
        Some(identity) => Some(identity.read(command)?),
        None if passphrase.asks() => None,
        None => Some(Identity::from(&passphrase.existing()?)),
    };
    match OpenBundle::open(reader(path)?, given.as_ref()) {
        Err(BundleError::PassphraseNeeded) if given.is_none() && path.is_file() => {
            open_with_typed(path, &passphrase)?
        }
        opened => opened,
    }
    .map_err(|error| match error {
        BundleError::WrongPassphrase => bundle_failure(&name, &error).next(passphrase.after_a_wrong_one()),
        error => bundle_failure(&name, &error),
    })
}

/// A person may mistype it, and is asked again.
fn open_with_typed(
    path: &Path,
    passphrase: &PassphraseSource,
) -> Result<std::result::Result<Bundle, BundleError>> {
    for _ in 1..TRIES {
        match OpenBundle::open(reader(path)?, Some(&Identity::from(&passphrase.existing()?))) {
            Err(BundleError::WrongPassphrase) => {
                report::message(&format!("that does not open {}", path.shown()));
            }
            opened => return Ok(opened),
        }
    }
    Ok(OpenBundle::open(reader(path)?, Some(&Identity::from(&passphrase.existing()?))))
}

fn reader(path: &Path) -> Result<Box<dyn Read>> {
    if is_standard_input(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    File::open(path).map(|file| Box::new(file) as _).map_err(|error| Failure::read(path, &error))
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}
