//! How each plane of a member is protected: what its flags for TLS follow from.

use std::path::PathBuf;

use super::paths::NodePaths;
use super::roles::Plane;
use crate::config::{Node, PlaneFiles, Protection, TlsFiles, ZoneConfig};

/// How one plane of a member is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaneSecurity {
    /// Both sides of a connection show a certificate.
    Mutual(Box<MutualTls>),
    /// etcd makes up a certificate that nobody verifies.
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
    /// What it shows to whom it dials, if that is another certificate: the other members, or as REST gateway itself.
    pub dials: Option<PairFiles>,
    /// Which certificates are refused, in DER.
    pub revocations: Option<PathBuf>,
    /// Whose certificates are let in, where the CA alone does not say.
    pub allowed: Option<Fence>,
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
pub enum Fence {
    /// Those that cover one of these names.
    Hostnames(Vec<String>),
    /// Those with one of these common names.
    CommonNames(Vec<String>),
}

impl PlaneSecurity {
    /// How a plane of the member on `node` is protected, as far as the zone description says.
    pub fn of(plane: Plane, zone: &ZoneConfig, node: &Node, paths: &NodePaths, dials_apart: bool) -> Self {
        match &zone.tls {
            Protection::Issued => Self::Mutual(Box::new(MutualTls::issued(plane, paths, dials_apart))),
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
    fn issued(plane: Plane, paths: &NodePaths, dials_apart: bool) -> Self {
        let pair = |stem: &str| PairFiles {
            certificate: paths.current(&format!("{stem}.crt")),
            key: paths.current(&format!("{stem}.key")),
        };
        let (serves, dials) = match plane {
            Plane::Peer => ("peer", dials_apart.then_some("peer-client")),
            // The gateway dials the server with this pair; without it, with the server's own certificate, which may not.
            Plane::Client => ("server", Some("gateway")),
        };
        Self {
            authority: paths.current(plane.authority_file()),
            serves: pair(serves),
            dials: dials.map(pair),
            revocations: Some(paths.current(plane.revocation_file())),
            allowed: None,
        }
    }

    /// Files that were made elsewhere. A plane whose CA issues for the other one too is fenced once they are read.
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
