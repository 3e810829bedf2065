//! TLS towards servers whose certificates cannot be verified. An attacker on the path can stand in for the
//! server. There are two ways here: [`client_without_verification`], for zones with
//! `insecure_no_authentication`, and [`unverified_client`], for what is sealed and signed by itself.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::dial::PROTOCOL;
use super::material::{KeyPair, MaterialError, provider};

/// Takes any certificate. That the server has its key is verified all the same.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

/// How a client dials that verifies nothing and presents nothing.
pub fn client_without_verification() -> Result<Arc<ClientConfig>, MaterialError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| MaterialError::Refused(error.to_string()))?;
    let verifier = Arc::new(AnyCertificate(provider()));
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How a client dials that verifies nothing and presents a certificate, for gRPC.
pub(crate) fn unverified_client(pair: &KeyPair) -> Result<Arc<ClientConfig>, MaterialError> {
    let refused = |error: Error| MaterialError::Refused(error.to_string());
    let (chain, key) = pair.parts();
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider())))
        .with_client_auth_cert(chain, key)
        .map_err(refused)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
