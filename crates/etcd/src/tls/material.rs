//! What a side of a handshake presents, and whom it trusts.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, InvalidMessage, RootCertStore, ServerConfig};
use time::OffsetDateTime;
use zone_pki::{
    Certificate, PrivateFileError, ShowPath, Usages, go, private_file, refuse_unlike_go, regular_file,
};

use super::handshake_record::{HandshakeRecord, Recorder};

/// A handshake's message for rustls, and what is in it beside each certificate (RFC 8446, section 4.4.2).
const LARGEST_MESSAGE: usize = 0xffff - 8;
const PER_CERTIFICATE: usize = 5;

/// Why a certificate, a key or an authority cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    #[error("cannot read {}", path.shown())]
    Read { path: PathBuf, source: std::io::Error },
    /// A key cannot be read, or others could read it.
    #[error("cannot use {}", path.shown())]
    Key { path: PathBuf, source: PrivateFileError },
    /// A file is no PEM of the kind that is expected.
    #[error("{} holds no usable {expected}: {reason}", path.shown())]
    Pem {
        path: PathBuf,
        /// `certificate` or `private key`.
        expected: &'static str,
        reason: String,
    },
    /// TLS refuses what was read: a key of another certificate, an authority that is not valid.
    #[error("{0}")]
    Refused(String),
}

#[derive(Clone)]
pub struct KeyPair {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    /// The chain, if who made this has read it.
    read: Option<Vec<Certificate>>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Reads `STEM.crt` and `STEM.key` of a generation.
    pub fn load(generation: &Path, stem: &str) -> Result<Self, MaterialError> {
        let file = |extension| generation.join(format!("{stem}.{extension}"));
        Self::load_files(&file("crt"), &file("key"))
    }

    /// Reads a certificate with its chain, and its key, from two files.
    pub fn load_files(certificate: &Path, key: &Path) -> Result<Self, MaterialError> {
        let chain = certificates(certificate)?;
        let text =
            private_file::read(key).map_err(|source| MaterialError::Key { path: key.to_owned(), source })?;
        let key = parse_key(&text).map_err(|reason| MaterialError::Pem {
            path: key.to_owned(),
            expected: "private key",
            reason,
        })?;
        Ok(Self { chain, key: Arc::new(key), read: None })
    }

    /// Reads a certificate with its chain, and its key, from PEM that was read before.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, MaterialError> {
        let key = parse_key(key).map_err(MaterialError::Refused)?;
        let chain = parse_certificates(chain).map_err(MaterialError::Refused)?;
        Ok(Self { chain, key: Arc::new(key), read: None })
    }

    /// The same, with the chain as it was read from that PEM, so that it is not read again.
    pub fn as_read(self, chain: Vec<Certificate>) -> Self {
        Self { read: Some(chain), ..self }
    }

    /// How a server with this pair takes connections of any client, without asking for a certificate.
    pub fn server_for_any_client(&self) -> Result<ServerConfig, MaterialError> {
        let (chain, key) = self.parts();
        ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(refused)
    }

    /// The certificate itself, if it can be read.
    pub fn leaf(&self) -> Option<Certificate> {
        Certificate::from_der(self.chain.first()?).ok()
    }

    /// What the other side is shown: the certificate itself, and those above it.
    pub(super) fn presented(
        &self,
    ) -> Result<(&CertificateDer<'static>, &[CertificateDer<'static>]), MaterialError> {
        let nothing = || MaterialError::Refused("it presents no certificate".to_owned());
        self.chain.split_first().ok_or_else(nothing)
    }

    /// Whether the other side takes so much at once, as rustls says it.
    pub(super) fn fits(&self) -> Result<(), rustls::Error> {
        let size: usize = self.chain.iter().map(|certificate| certificate.len() + PER_CERTIFICATE).sum();
        match size <= LARGEST_MESSAGE {
            true => Ok(()),
            false => Err(InvalidMessage::HandshakePayloadTooLarge.into()),
        }
    }

    pub(super) fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

/// The authorities that a side trusts, as etcd reads them from one file.
#[derive(Clone, Debug)]
pub struct Trust {
    store: Arc<RootCertStore>,
    /// The same, whole: the store keeps no more of them than webpki looks at.
    authorities: Vec<CertificateDer<'static>>,
    /// Again, if who made this has read them.
    read: Option<Vec<Certificate>>,
}

impl Trust {
    /// Reads every certificate of PEM that was read before.
    pub fn from_pem(text: &[u8]) -> Result<Self, MaterialError> {
        let authorities = parse_certificates(text).map_err(MaterialError::Refused)?;
        Self::of(authorities).map_err(refused)
    }

    /// Reads every certificate of a file.
    pub fn load(path: &Path) -> Result<Self, MaterialError> {
        Self::of(certificates(path)?).map_err(|error| MaterialError::Pem {
            path: path.to_owned(),
            expected: "certificate",
            reason: error.to_string(),
        })
    }

    /// The authorities in DER.
    ///
    /// # Errors
    /// One of them is no certificate that TLS can use.
    pub fn of_der<'d>(authorities: impl IntoIterator<Item = &'d [u8]>) -> Result<Self, MaterialError> {
        let owned = |der: &[u8]| CertificateDer::from(der.to_vec());
        Self::of(authorities.into_iter().map(owned).collect()).map_err(refused)
    }

    /// The same, with the authorities as they were read from that PEM, so that they are not read again.
    pub fn as_read(self, authorities: Vec<Certificate>) -> Self {
        Self { read: Some(authorities), ..self }
    }

    /// The same, and one authority more, in DER.
    pub fn with(&self, authority: &[u8]) -> Result<Self, MaterialError> {
        let one_more = CertificateDer::from(authority.to_vec());
        Self::of(self.authorities.iter().cloned().chain([one_more]).collect()).map_err(refused)
    }

    fn of(authorities: Vec<CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        let mut store = RootCertStore::empty();
        for certificate in &authorities {
            store.add(certificate.clone())?;
        }
        Ok(Self { store: Arc::new(store), authorities, read: None })
    }

    /// Whether a Go program with this trust accepts what `pair` presents: as a client that dials `host`, or
    /// else as a server.
    pub(super) fn accepts_as_go(&self, pair: &KeyPair, host: Option<&str>) -> Result<(), MaterialError> {
        let usages = Usages { server: host.is_some(), client: host.is_none() };
        let presented = certificates_of(pair.read.as_deref(), &pair.chain)?;
        let authorities = certificates_of(self.read.as_deref(), &self.authorities)?;
        go::verify(&presented, &authorities, usages, host, OffsetDateTime::now_utc())
            .map_err(|refusal| MaterialError::Refused(refusal.to_string()))
    }

    pub(super) fn server_verifier(&self) -> Result<Arc<WebPkiServerVerifier>, MaterialError> {
        WebPkiServerVerifier::builder_with_provider(self.store.clone(), provider())
            .build()
            .map_err(|error| MaterialError::Refused(error.to_string()))
    }

    pub(super) fn client_verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, MaterialError> {
        WebPkiClientVerifier::builder_with_provider(self.store.clone(), provider())
            .build()
            .map_err(|error| MaterialError::Refused(error.to_string()))
    }

    /// How a client with this trust dials; `pair` is what it presents. What the server shows is kept in the
    /// result.
    pub fn client(&self, pair: Option<&KeyPair>) -> Result<(ClientConfig, HandshakeRecord), MaterialError> {
        let verifier = self.server_verifier()?;
        let seen = HandshakeRecord::default();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Recorder::of_server(verifier, seen.clone())));
        let mut config = match pair {
            Some(pair) => {
                let (chain, key) = pair.parts();
                builder.with_client_auth_cert(chain, key).map_err(refused)?
            }
            None => builder.with_no_client_auth(),
        };
        let resolver = Recorder::of_request(config.client_auth_cert_resolver.clone(), seen.clone());
        config.client_auth_cert_resolver = Arc::new(resolver);
        // A session that is resumed would show no certificate.
        config.resumption = rustls::client::Resumption::disabled();
        Ok((config, seen))
    }

    /// How a server with this trust and this pair takes connections: only from clients that present a
    /// certificate.
    pub fn server(&self, pair: &KeyPair) -> Result<ServerConfig, MaterialError> {
        let verifier = self.client_verifier()?;
        let (chain, key) = pair.parts();
        ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(refused)
    }
}

/// One side of a handshake.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it presents.
    pub pair: KeyPair,
    /// Whom it trusts.
    pub trust: Trust,
}

impl Side {
    /// Reads `STEM.crt`, `STEM.key` and a trust file in a directory.
    ///
    /// # Errors
    /// One of them cannot be read, or is not what it should be.
    pub fn load(directory: &Path, stem: &str, trust: &str) -> Result<Self, MaterialError> {
        Ok(Self { pair: KeyPair::load(directory, stem)?, trust: Trust::load(&directory.join(trust))? })
    }
}

/// Certificates that were read, or are read now.
fn certificates_of<'r>(
    read: Option<&'r [Certificate]>,
    list: &[CertificateDer<'_>],
) -> Result<Cow<'r, [Certificate]>, MaterialError> {
    if let Some(read) = read {
        return Ok(Cow::Borrowed(read));
    }
    let now: Result<Vec<_>, _> = list.iter().map(|der| Certificate::from_der(der)).collect();
    now.map(Cow::Owned).map_err(|error| MaterialError::Refused(error.to_string()))
}

/// The one provider of cryptography, named wherever rustls would otherwise look for a default of the process.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = aws_lc_rs::default_provider();
        // What a handshake itself signs is never the same: that is in `mapping`.
        let algorithms = &mut provider.signature_verification_algorithms;
        algorithms.all = Vec::leak(zone_pki::once(algorithms.all));
        Arc::new(provider)
    });
    PROVIDER.clone()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
    let text =
        regular_file::read(path).map_err(|source| MaterialError::Read { path: path.to_owned(), source })?;
    parse_certificates(&text).map_err(|reason| MaterialError::Pem {
        path: path.to_owned(),
        expected: "certificate",
        reason,
    })
}

fn parse_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    refuse_unlike_go(text)?;
    PrivateKeyDer::from_pem_slice(text).map_err(|error| error.to_string())
}

fn parse_certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    refuse_unlike_go(text)?;
    let found: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if found.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(found) }
}

fn refused(error: rustls::Error) -> MaterialError {
    MaterialError::Refused(error.to_string())
}
