//! How far a client comes that no member answers: gRPC hides why it fails.

use std::time::{Duration, Instant};

use rustls::CertificateError;

use super::credentials::Credentials;
use super::plane::look;
use etcd::tls::{DialError, Stage};
use model::plan::Plane;

/// How far a client comes at one URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Both sides accept each other's certificate.
    Open,
    /// The client trusts no CA above the certificate of the server: a CA was replaced, or another server
    /// answers.
    UntrustedServer(String),
    /// The server refuses the certificate of the client.
    RefusedClient(String),
    /// The server is not reached, or something else is wrong.
    Unreached(String),
}

/// Tries the handshake of a client at a URL, for at most `limit`.
pub async fn reach(url: &str, credentials: &Credentials, limit: Duration) -> Reach {
    let shown = look(Plane::Client, url, credentials, Instant::now() + limit).await;
    let has_shown = shown.has_chain();
    match shown.into_failure() {
        None => Reach::Open,
        Some(error @ DialError::Untrusted(_)) if is_of_no_known_ca(&error) => {
            Reach::UntrustedServer(error.to_string())
        }
        Some(error @ DialError::Alert(_)) => Reach::RefusedClient(error.to_string()),
        // A server of TLS 1.3 refuses after our side of the handshake, and the alert may be lost.
        Some(error @ DialError::Closed(Stage::Handshake | Stage::Reply)) if has_shown => {
            Reach::RefusedClient(error.to_string())
        }
        Some(error) => Reach::Unreached(error.to_string()),
    }
}

/// Another CA may have the name of one that is trusted.
fn is_of_no_known_ca(error: &DialError) -> bool {
    matches!(error, DialError::Untrusted(CertificateError::UnknownIssuer | CertificateError::BadSignature))
}
