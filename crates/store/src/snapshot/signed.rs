//! The manifest of a snapshot with its signature, in one file.
//!
//! What is signed is the JSON of the manifest without its `signature`, in one line and with its keys sorted,
//! as `jq -cjS 'del(.signature)'` prints it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zone_pki::{Certificate, KeyError, hex};

use crate::zone_directory::{DocumentSigner, SignerName};
use model::formats::{self, FormatError, SnapshotManifest};

/// What is signed begins with this line.
const CONTEXT: &str = "zone-etcd snapshot manifest v1";
const FIELD: &str = "signature";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Signature {
    signer: SignerName,
    /// The signer's certificate, PEM.
    certificate: String,
    /// Hexadecimal.
    value: String,
}

#[derive(Clone, Debug)]
pub struct SignedManifest {
    pub manifest: SnapshotManifest,
    signature: Option<Signature>,
    /// The bytes that are signed.
    signed: Vec<u8>,
}

impl SignedManifest {
    /// Signs a manifest, if there is a signer.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn new(manifest: SnapshotManifest, signer: Option<&DocumentSigner>) -> Result<Self, KeyError> {
        let signed = serde_json::to_value(&manifest).map(|value| canonical(&value)).unwrap_or_default();
        let sign = |signer: &DocumentSigner| {
            Ok(Signature {
                signer: signer.name,
                certificate: signer.authority.certificate().pem(),
                value: hex::encode(&signer.authority.sign_document(CONTEXT, &signed)?),
            })
        };
        let signature = signer.map(sign).transpose()?;
        Ok(Self { manifest, signature, signed })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It is no manifest, or of a newer format.
    pub fn parse(text: &[u8]) -> Result<Self, FormatError> {
        let manifest = formats::read(text, SnapshotManifest::FORMAT)?;
        let mut value: Value = serde_json::from_slice(text)?;
        let signature = value.as_object_mut().and_then(|object| object.remove(FIELD));
        let signature = signature.map(serde_json::from_value).transpose()?;
        Ok(Self { manifest, signature, signed: canonical(&value) })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut value = serde_json::to_value(&self.manifest)?;
        if let (Some(object), Some(signature)) = (value.as_object_mut(), &self.signature) {
            object.insert(FIELD.to_owned(), serde_json::to_value(signature)?);
        }
        let mut text = serde_json::to_vec_pretty(&value)?;
        text.push(b'\n');
        Ok(text)
    }

    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Who has signed; none if the signature is not by that CA, or not over this manifest. Whether it is a CA
    /// of the zone is to be seen by the certificate itself: one that merely names such a CA as its issuer
    /// anyone can make.
    pub(super) fn verified_signer(&self) -> Option<Certificate> {
        let signature = self.signature.as_ref()?;
        let certificate = Certificate::from_pem(signature.certificate.as_bytes()).ok()?;
        certificate.verify_document(CONTEXT, &self.signed, &hex::decode(&signature.value)?).ok()?;
        Some(certificate)
    }
}

/// The maps of `serde_json` are sorted.
fn canonical(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
