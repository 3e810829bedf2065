//! The bundle, from a file or standard input, with what opens its seal.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zone_pki::private_file;

use crate::bundle::{BundleError, Identity, OpenBundle, bundle_failure, identity_failure};
use crate::cli::ActivateArgs;
use crate::error::{Failure, Result};
use crate::passphrase::{PassphrasePurpose, PassphraseSource};
use crate::zone_directory::private_failure;

/// The passphrase that seals a bundle.
const PASSPHRASE: PassphrasePurpose = PassphrasePurpose {
    what: "the bundle",
    file_option: "--passphrase-file",
    descriptor_option: "--passphrase-fd",
    credential: "zone-etcd.bundle-passphrase",
};

/// A bundle that can be read once.
pub(super) type Bundle = OpenBundle<Box<dyn Read>>;

/// Opens the bundle in `file`, and says what it is called in messages. A person is asked for a passphrase only if the bundle
/// has one and does not come through standard input, where the answer would come from as well.
pub(super) fn open(file: &Path, arguments: &ActivateArgs) -> Result<(Bundle, String)> {
    let is_piped = file == Path::new("-");
    let name = if is_piped { "standard input".to_owned() } else { file.display().to_string() };
    let passphrase =
        PassphraseSource::new(PASSPHRASE, arguments.passphrase_file.as_deref(), arguments.passphrase_fd)?;
    let identity = match &arguments.identity {
        Some(path) => Some(read_identity(path)?),
        None if passphrase.asks() => None,
        None => Some(Identity::from(&passphrase.existing()?)),
    };
    let failed = |error: BundleError| bundle_failure(&name, &error);
    match OpenBundle::open(source(file)?, identity.as_ref()) {
        Err(BundleError::PassphraseNeeded) if !is_piped && identity.is_none() => {
            let identity = Identity::from(&passphrase.existing()?);
            Ok((OpenBundle::open(source(file)?, Some(&identity)).map_err(failed)?, name))
        }
        opened => Ok((opened.map_err(failed)?, name)),
    }
}

fn source(file: &Path) -> Result<Box<dyn Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    File::open(file).map(|file| Box::new(file) as Box<dyn Read>).map_err(|error| Failure::read(file, &error))
}

fn read_identity(path: &Path) -> Result<Identity> {
    let bytes = private_file::read(path).map_err(|error| private_failure(path, &error))?;
    Identity::from_file(&bytes).map_err(|error| identity_failure(path, &error))
}
