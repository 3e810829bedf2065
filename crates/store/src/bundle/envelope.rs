//! `manifest.sig`: the signature of the manifest, and the certificate of the CA that made it.

use serde::{Deserialize, Serialize};
use zone_pki::{Certificate, KeyError, hex};

use super::error::BundleError;
use super::manifest::Manifest;
use crate::zone_directory::{DocumentSigner, SignerName};
use model::formats::{self, FormatError};

/// What is signed begins with this line.
const CONTEXT: &str = "zone-etcd bundle manifest v1";
/// Format of the envelope.
const FORMAT: u32 = 1;

/// The content of `manifest.sig`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    format: u32,
    signer: SignerName,
    /// The signer's certificate, PEM. The signature has to be checked before any file is believed, so it is
    /// here as well.
    certificate: String,
    /// The certificates above it, the nearest first, if it is below another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    above: Vec<String>,
    /// Hexadecimal.
    signature: String,
}

impl Envelope {
    /// Signs a manifest.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn sign(manifest: &Manifest, signer: &DocumentSigner) -> Result<Self, KeyError> {
        let signature = signer.authority.sign_document(CONTEXT, manifest.raw())?;
        Ok(Self {
            format: FORMAT,
            signer: signer.name,
            certificate: signer.authority.certificate().pem(),
            above: signer.above.iter().map(Certificate::pem).collect(),
            signature: hex::encode(&signature),
        })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`BundleError::Envelope`], or [`BundleError::Newer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        formats::read(bytes, FORMAT).map_err(|error| match error {
            FormatError::Damaged(error) => BundleError::Envelope { why: error.to_string() },
            unknown => unknown.into(),
        })
    }

    /// Which CA has signed, as the envelope has it.
    pub fn signer(&self) -> SignerName {
        self.signer
    }

    /// The certificate of the signer.
    ///
    /// # Errors
    /// [`BundleError::Envelope`].
    pub fn certificate(&self) -> Result<Certificate, BundleError> {
        read_certificate(&self.certificate)
    }

    /// Whether `signer` signed `manifest`, and is the one that the manifest names.
    ///
    /// # Errors
    /// [`BundleError::OtherSigner`], or [`BundleError::Signature`].
    pub fn verify(&self, manifest: &Manifest, signer: &Certificate) -> Result<(), BundleError> {
        if hex::encode(&signer.fingerprint_sha256()) != manifest.signer_sha256 {
            return Err(BundleError::OtherSigner { place: "the certificate beside the signature" });
        }
        let signature = hex::decode(&self.signature).ok_or(BundleError::Signature)?;
        signer.verify_document(CONTEXT, manifest.raw(), &signature).map_err(|_| BundleError::Signature)
    }

    /// Checks that the signer, or what it is below, is in `pki/ca.crt`, of which these are the bytes: a
    /// bundle cannot come from one zone and make its node trust another.
    ///
    /// # Errors
    /// [`BundleError::OtherSigner`], or [`BundleError::Envelope`].
    pub fn check_trust_file(&self, bytes: &[u8]) -> Result<(), BundleError> {
        let trusted = Certificate::chain_from_pem(bytes).unwrap_or_default();
        let mut last = self.certificate()?;
        let mut leads_there = trusted.contains(&last);
        for text in &self.above {
            let above = read_certificate(text)?;
            if !last.names_issuer(&above) {
                let why = format!("{} is not above {}", above.subject(), last.subject());
                return Err(BundleError::Envelope { why });
            }
            leads_there |= trusted.contains(&above);
            last = above;
        }
        if leads_there {
            Ok(())
        } else {
            Err(BundleError::OtherSigner { place: "the certificate in pki/ca.crt" })
        }
    }
}

fn read_certificate(text: &str) -> Result<Certificate, BundleError> {
    Certificate::from_pem(text.as_bytes())
        .map_err(|error| BundleError::Envelope { why: format!("the certificate of the signer: {error}") })
}
