//! `manifest.sig`: the signature of the manifest, and the root certificate that verifies it.

use serde::{Deserialize, Serialize};
use zone_pki::{Authority, Certificate, KeyError, hex};

use super::error::BundleError;
use super::manifest::Manifest;

/// What is signed begins with this line.
const CONTEXT: &str = "zone-etcd bundle manifest v1";
/// Format of the envelope.
const FORMAT: u32 = 1;
/// The only signer that is known.
const SIGNER: &str = "root";

/// The content of `manifest.sig`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    format: u32,
    signer: String,
    /// The root certificate, PEM. The signature has to be checked before any file is believed, so it is here as well.
    root: String,
    /// Hexadecimal.
    signature: String,
}

impl Envelope {
    /// Signs a manifest.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn sign(manifest: &Manifest, root: &Authority) -> Result<Self, KeyError> {
        let signature = root.sign_document(CONTEXT, manifest.raw())?;
        let root = root.certificate().pem();
        Ok(Self { format: FORMAT, signer: SIGNER.to_owned(), root, signature: hex::encode(&signature) })
    }

    /// Reads the file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let envelope: Self = serde_json::from_slice(bytes)
            .map_err(|error| BundleError::Envelope { why: error.to_string() })?;
        if envelope.format != FORMAT {
            return Err(BundleError::Newer { found: envelope.format, known: FORMAT });
        }
        if envelope.signer != SIGNER {
            let why = format!("the signer is {:?}, and only the zone's root signs bundles", envelope.signer);
            return Err(BundleError::Envelope { why });
        }
        Ok(envelope)
    }

    /// The root certificate that is named.
    pub(super) fn root(&self) -> Result<Certificate, BundleError> {
        Certificate::from_pem(self.root.as_bytes())
            .map_err(|error| BundleError::Envelope { why: format!("the root certificate: {error}") })
    }

    /// Whether `root` signed `manifest`, and is the one that the manifest names.
    pub(super) fn verify(&self, manifest: &Manifest, root: &Certificate) -> Result<(), BundleError> {
        if hex::encode(&root.fingerprint_sha256()) != manifest.root_sha256 {
            return Err(BundleError::OtherRoot { place: "the root certificate beside the signature" });
        }
        let signature = hex::decode(&self.signature).ok_or(BundleError::Signature)?;
        root.verify_document(CONTEXT, manifest.raw(), &signature).map_err(|_| BundleError::Signature)
    }
}
