//! The certificate with which members are asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use zone_pki::ShowPath;

use etcd::client::{ClientCredentials, MemberClient};
use etcd::tls::{HandshakeRecord, KeyPair, MaterialError, Target, Trust};
use model::plan::{CLIENT_ROLE, Plane, ROOT_FILE};
use store::zone_directory::Authorities;

/// What a client presents and trusts, for gRPC and for a handshake of our own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Credentials {
    grpc: ClientCredentials,
    trust: Trust,
    peer_trust: Trust,
    pair: KeyPair,
}

/// Why a client's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A certificate or key is wrong.
    #[error(transparent)]
    Material(#[from] MaterialError),
    #[error("cannot read the certificate in {}", path.shown())]
    Read { path: PathBuf, source: std::io::Error },
}

impl Credentials {
    /// Reads `ca.crt`, `client.crt` and `client.key` of a client's generation.
    pub fn load(generation: &Path) -> Result<Self, CredentialsError> {
        let trust = Trust::load(&generation.join(ROOT_FILE))?;
        let pair = KeyPair::load(generation, CLIENT_ROLE.stem)?;
        // rustls finds out here, and not in the middle of the questions, that a key is another certificate's.
        trust.client(Some(&pair))?;
        let grpc = ClientCredentials::load(generation)
            .map_err(|source| CredentialsError::Read { path: generation.to_owned(), source })?;
        Ok(Self { grpc, peer_trust: trust.clone(), trust, pair })
    }

    /// A client for one member. To be called on a runtime, where it stays.
    ///
    /// # Errors
    /// The URL is not valid, or the certificate cannot be used; as text for the operator.
    pub fn connect(&self, url: &str, limit: Duration) -> Result<MemberClient, String> {
        let target = Target::of_https_url(url).ok_or_else(|| format!("{url} is not https://HOST:PORT"))?;
        MemberClient::new(url, &target.host, &self.grpc, limit).map_err(|error| error.to_string())
    }

    /// The same without verifying that it is a member: what it answers may be anything.
    ///
    /// # Errors
    /// As above.
    pub fn connect_unverified(&self, url: &str, limit: Duration) -> Result<MemberClient, String> {
        let target = Target::of_https_url(url).ok_or_else(|| format!("{url} is not https://HOST:PORT"))?;
        MemberClient::unverified(&target, &self.pair, limit)
    }

    /// The same for members whose peer plane has a CA of its own, which chains to nothing that clients trust.
    pub(super) fn trusting(&self, authorities: &Authorities) -> Self {
        let leads_there = authorities
            .above(Plane::Peer)
            .iter()
            .any(|above| authorities.trusted_by_clients().contains(above));
        let mut credentials = self.clone();
        for authority in authorities.trusted(Plane::Peer).into_iter().filter(|_| !leads_there) {
            if let Ok(trust) = credentials.peer_trust.with(authority.der()) {
                credentials.peer_trust = trust;
            }
        }
        credentials
    }

    /// How a server of the client plane is dialled.
    pub(super) fn for_clients(&self) -> Result<(Arc<ClientConfig>, HandshakeRecord), MaterialError> {
        self.trust.client(Some(&self.pair)).map(|(config, seen)| (Arc::new(config), seen))
    }

    /// How a server of the peer plane is dialled: without a certificate, since a client has none for it. The
    /// server shows its own before it refuses us.
    pub(super) fn for_peers(&self) -> Result<(Arc<ClientConfig>, HandshakeRecord), MaterialError> {
        self.peer_trust.client(None).map(|(config, seen)| (Arc::new(config), seen))
    }
}
