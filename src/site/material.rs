//! What protects the member of a node: certificates from the zone's CAs, others, or none.

use time::OffsetDateTime;

use super::Site;
use crate::config::{Node, Protection, ZoneConfig};
use crate::error::{Exit, Failure, Result};
use crate::existing_certificates::{ExistingCertificates, Expected, Sources};
use crate::plan::{ClusterToken, Fence};
use crate::zone_directory::Authorities;

/// What protects a member.
#[derive(Debug)]
pub enum Material {
    /// Certificates that the zone's CAs issue.
    Issued(Box<Authorities>),
    /// Certificates that were made elsewhere.
    Existing(Box<ExistingCertificates>),
    /// Nothing that is verified.
    Unverified,
}

impl Material {
    /// The token of the cluster.
    pub fn token(&self, zone: &ZoneConfig) -> ClusterToken {
        match (self, &zone.etcd.token) {
            (Self::Issued(authorities), _) => authorities.token(zone),
            (Self::Existing(certificates), _) => certificates.token(zone),
            (Self::Unverified, Some(token)) => ClusterToken::given(token),
            (Self::Unverified, None) => ClusterToken::given(zone.name.as_str()),
        }
    }

    /// Whose certificates are let in as peers, where the CA alone does not say.
    pub fn fence(&self) -> Option<Fence> {
        match self {
            Self::Existing(certificates) => certificates.fence.clone(),
            Self::Issued(_) | Self::Unverified => None,
        }
    }
}

impl Site {
    /// Reads and judges what protects the member of `node`. Writes nothing.
    pub fn material(&self, node: &Node, now: OffsetDateTime) -> Result<Material> {
        let zone = self.config();
        if let Some(sources) = self.sources(node) {
            let expected = Expected {
                zone,
                name: node.name.full(),
                peer_url: node.peer_url(),
                client_url: node.client_url(),
                gateway: !zone
                    .etcd
                    .flags
                    .iter()
                    .any(|(name, value)| name == "enable-grpc-gateway" && value == "false"),
                has_flags: !self.is_local_config(),
            };
            let certificates = ExistingCertificates::read(&sources, &expected, now)?;
            return Ok(Material::Existing(Box::new(certificates)));
        }
        match zone.tls {
            Protection::Automatic | Protection::Plain => Ok(Material::Unverified),
            Protection::Issued | Protection::Files(_) => {
                self.authorities(now).map(|authorities| Material::Issued(Box::new(authorities)))
            }
        }
    }

    /// Refuses what only a zone can do whose certificates are issued from its own CAs.
    pub fn refuse_unless_issued(&self) -> Result<()> {
        match self {
            Self::Zone(zone) => zone.refuse_unless_issued(),
            Self::Node(node) if node.is_activated() => Ok(()),
            Self::Node(node) => {
                let what = format!(
                    "the certificates of {} were made elsewhere, which this command does not read",
                    node.name
                );
                Err(Failure::new(Exit::Configuration, what)
                    .next(format!("ask etcd itself: {}", self.proposed("ctl -- endpoint status"))))
            }
        }
    }

    /// Where the certificates of a node are, if they were made elsewhere.
    pub fn sources(&self, node: &Node) -> Option<Sources> {
        match (self, &self.config().tls) {
            (Self::Node(directory), _) => directory.sources(),
            (Self::Zone(_), Protection::Files(files)) => Some(Sources::of_files(files, &node.name)),
            (Self::Zone(_), _) => None,
        }
    }
}
