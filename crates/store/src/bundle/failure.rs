//! What to say, and to do, about a bundle or an identity that cannot be used.

use std::path::Path;

use super::error::BundleError;
use super::identity::IdentityError;
use model::error::{Exit, Failure};
use model::report::shell_quoted_path;

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
        BundleError::IdentityNeeded => (
            Exit::MissingInput,
            "give the private key of the node with --identity FILE, or one that root alone may read with \
             --identity-fd 3 3<FILE",
        ),
        BundleError::WrongPassphrase => (Exit::Permission, "give the passphrase that it was sealed with"),
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

/// The failure of an identity that is called `name` in messages, and is in `path` if it has one.
pub fn identity_failure(name: &str, path: Option<&Path>, error: &IdentityError) -> Failure {
    let next = match error {
        IdentityError::Encrypted => format!(
            "make a copy without a passphrase, use it, and remove it; for an SSH key: \
             cp -p {} copy && ssh-keygen -p -N '' -f copy",
            path.map_or_else(|| "FILE".to_owned(), shell_quoted_path)
        ),
        IdentityError::Rsa => "have it sealed to another key of this node, on the signing host: zone-etcd \
             bundle NODE --out DIR --recipient \"$(cat ssh_host_ed25519_key.pub)\""
            .to_owned(),
        IdentityError::Public => "give the private key that belongs to it".to_owned(),
        _ => "give a file that age-keygen wrote, or an SSH private key such as ~/.ssh/id_ed25519".to_owned(),
    };
    Failure::bad_input(format!("cannot use {name}")).because(error).next(next)
}
