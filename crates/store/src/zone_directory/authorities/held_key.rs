//! Where the key of a certificate is: here beside it, or on its node, which gave a request for it instead.

use std::fmt;

use zeroize::Zeroizing;
use zone_pki::{Certificate, CertificateRequest, FileKind, Generation, PrivateKey, key_matches};

use model::plan::Role;

#[derive(Clone)]
pub enum HeldKey {
    /// Here: the content of `STEM.key`.
    Here(Zeroizing<Vec<u8>>),
    /// On the node that the certificate is of: the content of `STEM.csr`.
    OnNode(Box<CertificateRequest>),
}

impl HeldKey {
    /// Reads what a generation has for a role. The error says why it cannot be used.
    pub fn read(generation: &Generation, role: &Role) -> Result<Self, String> {
        let (key_file, request_file) = (role.key_file(), role.request_file());
        if generation.path.join(&request_file).exists() && !generation.path.join(&key_file).exists() {
            let text = generation.read(&request_file).map_err(|error| format!("{request_file}: {error}"))?;
            return CertificateRequest::from_pem(&text)
                .map(|request| Self::OnNode(Box::new(request)))
                .map_err(|error| format!("{request_file}: {error}"));
        }
        generation.read_private(&key_file).map(Self::Here).map_err(|error| format!("{key_file}: {error}"))
    }

    /// Checks that it is the key of this certificate. The error says why it is not.
    pub fn check(&self, certificate: &Certificate, role: &Role) -> Result<(), String> {
        let (file, fits) = match self {
            Self::Here(text) => {
                let key = PrivateKey::from_pem(text);
                let key = key.map_err(|error| format!("{}: {error}", role.key_file()))?;
                (role.key_file(), key_matches(certificate, &key))
            }
            Self::OnNode(request) => {
                let keys = (certificate.subject_public_key_info(), request.subject_public_key_info());
                (role.request_file(), keys.0 == keys.1)
            }
        };
        if fits { Ok(()) } else { Err(format!("{file} is not the key of {}", role.certificate_file())) }
    }

    /// The request, if the key is on its node.
    pub fn request(&self) -> Option<&CertificateRequest> {
        match self {
            Self::Here(_) => None,
            Self::OnNode(request) => Some(request),
        }
    }

    /// The file that holds it in a generation.
    pub(in crate::zone_directory) fn into_file(self, role: &Role) -> (String, Zeroizing<Vec<u8>>, FileKind) {
        match self {
            Self::Here(key) => (role.key_file(), key, FileKind::Private),
            Self::OnNode(request) => {
                (role.request_file(), Zeroizing::new(request.pem().into_bytes()), FileKind::Public)
            }
        }
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Here(_) => "Here",
            Self::OnNode(_) => "OnNode",
        })
    }
}
