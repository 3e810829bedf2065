//! How each plane of a member is protected: what its flags for TLS follow from.

use std::path::PathBuf;

use super::paths::NodePaths;
use super::roles::{Plane, Role};
use crate::config::{Node, PlaneFiles, Protection, TlsFiles, ZoneConfig};

/// What a [`Protection`] comes to on one plane of a member: the files that etcd is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaneProtection {
    /// Both sides of a connection show a certificate.
    Mutual(Box<MutualTls>),
    /// etcd makes up a certificate that is not verified.
    Automatic,
    /// Plain HTTP.
    Plain,
}

/// The files of mutual TLS on one plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// The CAs that are trusted.
    pub authority: PathBuf,
    /// What the member shows to who dials it.
    pub serves: PairFiles,
    /// What it shows to whom it dials, if that is another certificate: the other members, or as REST gateway
    /// itself.
    pub dials: Option<PairFiles>,
    /// Which certificates are refused, in DER.
    pub revocations: Option<PathBuf>,
    /// Whose certificates are let in, where the CA alone does not say.
    pub allowed: Option<AllowedPeers>,
}

/// The files of a certificate with its chain, and of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate with its chain to the CA.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Which certificates may take part in a plane whose CA issues others too. etcd takes one of the two
/// (`client/pkg/transport/listener.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedPeers {
    /// Those that cover one of these names.
    Hostnames(Vec<String>),
    /// Those with one of these common names.
    CommonNames(Vec<String>),
}

impl PlaneProtection {
    /// How a plane of the member on `node` is protected, as far as the zone description says.
    pub fn of(plane: Plane, zone: &ZoneConfig, node: &Node, paths: &NodePaths) -> Self {
        match &zone.tls {
            Protection::Issued => Self::Mutual(Box::new(MutualTls::issued(plane, node, paths))),
            Protection::Files(files) => {
                Self::Mutual(Box::new(MutualTls::existing(plane_files(plane, files).of(&node.name))))
            }
            Protection::Automatic => Self::Automatic,
            Protection::Plain => Self::Plain,
        }
    }

    /// The files, if both sides show a certificate.
    pub fn mutual(&self) -> Option<&MutualTls> {
        match self {
            Self::Mutual(mutual) => Some(mutual),
            Self::Automatic | Self::Plain => None,
        }
    }
}

impl MutualTls {
    /// The files of the generation that is in use.
    fn issued(plane: Plane, node: &Node, paths: &NodePaths) -> Self {
        let pair = |role: &Role| PairFiles {
            certificate: paths.current(&role.certificate_file()),
            key: paths.current(&role.key_file()),
        };
        let (serves, dials) = (plane.serves_with(), plane.dials_with(node));
        Self {
            authority: paths.current(plane.authority_file()),
            serves: pair(serves),
            // Without a pair of its own the gateway would dial the server with the server's certificate,
            // which may not.
            dials: (dials != serves).then(|| pair(dials)),
            revocations: Some(paths.current(plane.revocation_file())),
            allowed: None,
        }
    }

    /// Files that were made elsewhere. A plane whose CA issues for the other one too is fenced once they are
    /// read.
    fn existing(files: PlaneFiles<PathBuf>) -> Self {
        Self {
            authority: files.authority,
            serves: PairFiles { certificate: files.certificate, key: files.key },
            dials: None,
            revocations: files.revocations,
            allowed: None,
        }
    }

    /// What the member shows to whom it dials.
    pub fn dials_with(&self) -> &PairFiles {
        self.dials.as_ref().unwrap_or(&self.serves)
    }
}

fn plane_files(plane: Plane, files: &TlsFiles) -> &PlaneFiles<crate::config::NodeFile> {
    match plane {
        Plane::Peer => &files.peer,
        Plane::Client => &files.client,
    }
}
