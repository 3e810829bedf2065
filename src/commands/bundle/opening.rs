//! A bundle from a file or standard input, with what opens its seal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zone_pki::private_file::{self, PrivateFileError};

use super::passphrase;
use crate::bundle::{BundleError, Identity, IdentityError, OpenBundle, bundle_failure, identity_failure};
use crate::cli::BundleSealArgs;
use crate::error::{Failure, Result};
use crate::zone_directory::private_failure;

/// A bundle that is read once.
pub(in crate::commands) type Bundle = OpenBundle<Box<dyn Read>>;

/// What the bundle is called in messages.
pub(in crate::commands) fn name_of(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// Opens a bundle. A person is asked for a passphrase only if it has one, and does not come through a pipe, which cannot be read a
/// second time.
pub(in crate::commands) fn open(path: &Path, seal: &BundleSealArgs) -> Result<Bundle> {
    let name = name_of(path);
    let passphrase = passphrase::source(&seal.passphrase)?;
    let given = match &seal.identity {
        Some(path) => Some(read_identity(path)?),
        None if passphrase.asks() => None,
        None => Some(Identity::from(&passphrase.existing()?)),
    };
    match OpenBundle::open(reader(path)?, given.as_ref()) {
        Err(BundleError::PassphraseNeeded) if given.is_none() && path.is_file() => {
            OpenBundle::open(reader(path)?, Some(&Identity::from(&passphrase.existing()?)))
        }
        opened => opened,
    }
    .map_err(|error| bundle_failure(&name, &error))
}

fn read_identity(path: &Path) -> Result<Identity> {
    let bytes = private_file::read(path).map_err(|error| match error {
        PrivateFileError::Kind { .. } | PrivateFileError::TooLarge { .. } => {
            identity_failure(path, &IdentityError::NoKeyFile(error))
        }
        error => private_failure(path, &error),
    })?;
    Identity::from_file(&bytes).map_err(|error| identity_failure(path, &error))
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
