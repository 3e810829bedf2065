//! The certificates with which the member of a node starts: from the zone's CAs, others, or none.

use time::OffsetDateTime;

use super::Site;
use crate::existing_certificates::{ExistingCertificates, Expected, Sources};
use crate::zone_directory::{Assessment, Authorities, FilesRead, side};
use etcd::tls::{MaterialError, Side};
use model::config::{Node, Protection, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::plan::{AllowedPeers, ClusterToken, NodePaths, Plane};

/// What a [`Protection`] comes to on the disk of a member, read. Which files these are is in
/// [`PlaneProtection`](model::plan::PlaneProtection).
#[derive(Debug)]
pub enum Certificates<'z> {
    /// From the zone's CAs: what the node has, against what it has to have.
    Issued { assessment: Box<Assessment<'z>>, authorities: Box<Authorities> },
    /// Made elsewhere, read and sound.
    Existing(Box<ExistingCertificates>),
    /// None that are verified.
    Unverified,
}

impl<'z> Certificates<'z> {
    /// Those of a node, read by who has the CAs.
    #[tracing::instrument(skip_all, level = "debug", name = "read certificates")]
    pub fn issued_by(
        authorities: Authorities,
        site: &'z Site,
        node: &'z Node,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let assessment = Box::new(site.assess(node, &authorities, now)?);
        Ok(Self::Issued { assessment, authorities: Box::new(authorities) })
    }

    /// What is issued here, if anything is.
    pub fn issued(&self) -> Option<&Assessment<'z>> {
        match self {
            Self::Issued { assessment, .. } => Some(assessment),
            Self::Existing(_) | Self::Unverified => None,
        }
    }

    /// The files, as they were read, if they are what the member starts with: none of them is issued or
    /// missing.
    pub fn read(&self) -> Option<FilesRead<'_>> {
        match self {
            Self::Issued { assessment, authorities } => FilesRead::of(assessment, authorities),
            Self::Existing(_) | Self::Unverified => None,
        }
    }

    /// Whether nothing has to be issued before the start.
    pub fn are_complete(&self) -> bool {
        self.issued().is_none_or(Assessment::is_startable)
    }

    /// What the member presents to its peers with the certificate `stem`, and whom it trusts among them.
    ///
    /// # Errors
    /// The member has no peer certificate, or TLS refuses it.
    pub fn peer_side(&self, stem: &str, paths: &NodePaths) -> Result<Side, MaterialError> {
        match self {
            Self::Existing(existing) => Ok(existing.peer.side.clone()),
            Self::Issued { .. } | Self::Unverified => {
                side(self.read(), &paths.current(""), stem, Plane::Peer.authority_file())
            }
        }
    }

    pub fn token(&self, zone: &ZoneConfig) -> ClusterToken {
        match (self, &zone.etcd.token) {
            (Self::Issued { authorities, .. }, _) => authorities.token(zone),
            (Self::Existing(certificates), _) => certificates.token(zone),
            (Self::Unverified, Some(token)) => ClusterToken::given(token),
            (Self::Unverified, None) => ClusterToken::given(zone.name.as_str()),
        }
    }

    /// Whose certificates are let in as peers, where the CA alone does not say.
    pub fn allowed_peers(&self) -> Option<AllowedPeers> {
        match self {
            Self::Existing(certificates) => certificates.allowed_peers.clone(),
            Self::Issued { .. } | Self::Unverified => None,
        }
    }
}

impl Site {
    /// Reads and judges the certificates of the member on `node`. Writes nothing.
    pub fn certificates<'z>(&'z self, node: &'z Node, now: OffsetDateTime) -> Result<Certificates<'z>> {
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
            return Ok(Certificates::Existing(Box::new(certificates)));
        }
        match zone.tls {
            Protection::Automatic | Protection::Plain => Ok(Certificates::Unverified),
            Protection::Issued | Protection::Files(_) => {
                Certificates::issued_by(self.authorities(now)?, self, node, now)
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
