//! Where the passphrase of a bundle comes from.

use crate::cli::BundlePassphraseArgs;
use host::passphrase::{PassphrasePurpose, PassphraseSource};
use model::error::Result;

const PURPOSE: PassphrasePurpose = PassphrasePurpose {
    what: "the bundle",
    file_option: "--passphrase-file",
    descriptor_option: "--passphrase-fd",
    credential: "zone-etcd.bundle-passphrase",
};

/// The source that was named, or the terminal.
pub(super) fn source(arguments: &BundlePassphraseArgs) -> Result<PassphraseSource> {
    PassphraseSource::new(PURPOSE, arguments.passphrase_file.as_deref(), arguments.passphrase_fd)
}

pub(super) fn is_named(arguments: &BundlePassphraseArgs) -> bool {
    arguments.passphrase_file.is_some() || arguments.passphrase_fd.is_some()
}
