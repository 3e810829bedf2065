//! Whether a bundle comes from the zone that it names: the CA that signed it is known, or its fingerprint was
//! given.

use std::io::Read;

use zone_pki::{Certificate, hex};

use super::Fingerprint;
use model::error::{Exit, Failure, Result};
use store::bundle::{OpenBundle, Seal, bundle_failure};
use store::zone_directory::SignerName;

/// Whom a node believes before it has read anything else of a bundle.
#[derive(Debug)]
pub(super) struct Trust<'t> {
    /// The signer of what is active; none at the first activation.
    pub known: Option<&'t Certificate>,
    /// The fingerprint, in hexadecimal, of another that what is active names beside its own.
    pub other: Option<&'t str>,
    /// The fingerprint that the operator has from the signing host.
    pub given: Option<Fingerprint>,
}

impl Trust<'_> {
    fn is_other(&self, signer: &Certificate) -> bool {
        self.other.is_some_and(|other| other == hex::encode(&signer.fingerprint_sha256()))
    }

    /// Checks the signature of the manifest, and that the CA that made it is the right one. `name` is that of
    /// the bundle.
    #[tracing::instrument(skip_all, name = "check signature")]
    pub fn check<R: Read>(&self, bundle: &OpenBundle<R>, name: &str) -> Result<Fingerprint> {
        let signer = bundle.verify_signature().map_err(|error| bundle_failure(name, &error))?;
        let fingerprint = Fingerprint::of(signer);
        if let Some(given) = self.given
            && given != fingerprint
        {
            return Err(other_root(name, "the one whose fingerprint is given", fingerprint, given));
        }
        match self.known.map(Fingerprint::of) {
            Some(known) if known != fingerprint && !self.is_other(signer) => {
                Err(other_root(name, "what is active here", fingerprint, known).next(format!(
                    "do not use it, unless the zone's root was replaced and this node has missed that: then \
                     put the directory pki in the node directory aside, and activate it as a first bundle, \
                     with --root-fingerprint {fingerprint}"
                )))
            }
            Some(_) => Ok(fingerprint),
            // Its maker knew the passphrase, which the operator has from the signing host as well.
            None if self.given.is_none() && bundle.seal() != Seal::Passphrase => {
                Err(nobody_to_believe(name, bundle.envelope().signer()))
            }
            None => Ok(fingerprint),
        }
    }
}

fn other_root(name: &str, whose: &str, found: Fingerprint, wanted: Fingerprint) -> Failure {
    Failure::bad_input(format!("{name} was signed by another CA than {whose}"))
        .because(format!("its signer has the fingerprint {found}"))
        .because(format!("{whose} has {wanted}"))
        .next("do not use it: make sure which zone it is of, and where it comes from")
}

fn nobody_to_believe(name: &str, signer: SignerName) -> Failure {
    Failure::new(Exit::Usage, format!("nothing says that {name} comes from your zone"))
        .because("it is the first bundle here, so the fingerprint of the CA that signed it is needed")
        .next(format!(
            "give --root-fingerprint SHA256: `zone-etcd bundle` printed it, \
             and so does, on the signing host: openssl x509 -noout -fingerprint -sha256 -in ca/{signer}.crt",
        ))
}
