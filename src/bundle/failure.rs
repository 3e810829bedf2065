//! What to say, and to do, about a bundle or an identity that cannot be used.

use std::path::Path;

use super::error::BundleError;
use super::identity::IdentityError;
use crate::error::{Exit, Failure};

/// The failure of a bundle that is called `name` in messages.
pub fn bundle_failure(name: &str, error: &BundleError) -> Failure {
    let (exit, next) = match error {
        BundleError::Read(source) => {
            (Exit::for_io(source), "check the path, and that this user may read the file")
        }
        BundleError::Empty | BundleError::NotABundle { .. } => {
            (Exit::BadInput, "give the file that `zone-etcd bundle` wrote, as it is")
        }
        BundleError::Newer { .. } | BundleError::NewerSeal => {
            (Exit::BadInput, "use the version of zone-etcd that made the bundle, or a later one")
        }
        BundleError::PassphraseNeeded => (Exit::MissingInput, "give it with --passphrase-file FILE"),
        BundleError::IdentityNeeded => {
            (Exit::MissingInput, "give the private key of the node with --identity FILE")
        }
        BundleError::WrongPassphrase => {
            (Exit::Permission, "check that the file holds the passphrase alone, in its first line")
        }
        BundleError::OtherIdentity => {
            (Exit::Permission, "give the private key that belongs to the --recipient it was made with")
        }
        BundleError::WorkFactor { .. } => (
            Exit::BadInput,
            "no bundle of zone-etcd needs that: make sure where it comes from, and have a new one made",
        ),
        BundleError::Signature | BundleError::OtherSigner { .. } => {
            (Exit::BadInput, "do not use it: make sure where it comes from, and have a new one made")
        }
        _ => (Exit::BadInput, "copy it again from where it was made, or have a new one made"),
    };
    Failure::new(exit, format!("cannot use {name}")).because(error).next(next)
}

/// The failure of an identity file.
pub fn identity_failure(path: &Path, error: &IdentityError) -> Failure {
    let shown = path.display();
    let next = match error {
        IdentityError::Encrypted => format!(
            "make a copy without a passphrase, use it, and remove it; for an SSH key: \
             cp -p {shown} copy && ssh-keygen -p -N '' -f copy"
        ),
        IdentityError::Public => "give the private key that belongs to it".to_owned(),
        _ => "give a file that age-keygen wrote, or an SSH private key such as ~/.ssh/id_ed25519".to_owned(),
    };
    Failure::bad_input(format!("cannot use {shown}")).because(error).next(next)
}
