//! How the other members are spoken to.

use std::sync::Arc;

use rustls::ClientConfig;

use super::material::MaterialError;
use super::unverified;

/// How a request goes over the wire.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Over TLS.
    Tls(Arc<ClientConfig>),
    /// In plain text.
    Plain,
}

impl Transport {
    /// TLS to members whose certificates nobody can verify: those that etcd made up at its start.
    pub fn automatic() -> Result<Self, MaterialError> {
        unverified::client().map(|config| Self::Tls(Arc::new(config)))
    }
}

impl From<Arc<ClientConfig>> for Transport {
    fn from(config: Arc<ClientConfig>) -> Self {
        Self::Tls(config)
    }
}
