//! Whom a load asks, and with which certificate.

use std::path::PathBuf;
use std::time::Duration;

use etcd::client::{ClientCredentials, MemberClient};
use model::config::{ClientName, ZoneConfig};
use model::plan::ZonePaths;

/// How long one try may take. etcd's own clients are usually told to wait this long.
pub(super) const TRY_LIMIT: Duration = Duration::from_secs(1);

/// The members of a zone, and the generations of one of its clients.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) members: Vec<Endpoint>,
    /// The link to the generation in use.
    current: PathBuf,
}

#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The short name of the node.
    pub(super) name: String,
    url: String,
    host: String,
}

impl Target {
    /// The members of a zone, asked as its administrator.
    pub(super) fn of(config: &ZoneConfig, paths: &ZonePaths) -> Self {
        let endpoint = |node: &model::config::Node| Endpoint {
            name: node.name.short().to_owned(),
            url: node.client_url(),
            host: node.address.to_string(),
        };
        Self {
            members: config.members().map(endpoint).collect(),
            current: paths.client_current(&ClientName::admin()),
        }
    }

    /// Which generation of certificates is in use now.
    pub(super) fn generation(&self) -> Option<PathBuf> {
        std::fs::read_link(&self.current).ok()
    }

    /// What the client presents and trusts now.
    pub(super) fn credentials(&self) -> std::io::Result<ClientCredentials> {
        ClientCredentials::load(&self.current)
    }

    /// A connection to a member, made at the first call.
    pub(super) fn dial(&self, index: usize, credentials: &ClientCredentials) -> Result<MemberClient, String> {
        let Endpoint { url, host, .. } = &self.members[index];
        MemberClient::new(url, host, credentials, TRY_LIMIT)
            .map_err(|error| format!("cannot make a client for {url}: {error}"))
    }
}
