//! What a server showed in a handshake, whether or not the handshake came to its end.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// What a server showed. Shared with the handshake, and filled by it.
#[derive(Clone, Debug, Default)]
pub struct HandshakeRecord(Arc<Mutex<Recorded>>);

#[derive(Clone, Debug, Default)]
struct Recorded {
    chain: Vec<Vec<u8>>,
    authorities: Option<Vec<Vec<u8>>>,
}

impl HandshakeRecord {
    /// The certificates that the server presented, leaf first, in DER. Empty if it did not come to that.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.lock().chain.clone()
    }

    /// The subjects, in DER, of the authorities whose certificates the server takes from clients; none if it
    /// asked for no certificate.
    pub fn accepted_authorities(&self) -> Option<Vec<Vec<u8>>> {
        self.lock().authorities.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recorded> {
        // Nothing is left half done by a panic in between two assignments.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands before rustls' own part, notes what comes by, and hands it on.
#[derive(Debug)]
pub(super) struct Recorder<T: ?Sized> {
    seen: HandshakeRecord,
    inner: Arc<T>,
}

impl Recorder<WebPkiServerVerifier> {
    pub(super) fn of_server(inner: Arc<WebPkiServerVerifier>, seen: HandshakeRecord) -> Self {
        Self { seen, inner }
    }
}

impl Recorder<dyn ResolvesClientCert> {
    /// Notes what the server asks the client for.
    pub(super) fn of_request(inner: Arc<dyn ResolvesClientCert>, seen: HandshakeRecord) -> Self {
        Self { seen, inner }
    }
}

impl ServerCertVerifier for Recorder<WebPkiServerVerifier> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.seen.lock().chain = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.to_vec())
            .collect();
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl ResolvesClientCert for Recorder<dyn ResolvesClientCert> {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.seen.lock().authorities = Some(authorities.iter().map(|name| name.to_vec()).collect());
        self.inner.resolve(authorities, schemes)
    }

    fn has_certs(&self) -> bool {
        // Also without a certificate of its own, so that rustls asks and the server's wish is noted.
        true
    }
}
