//! The files of a generation, handed on by who has read and examined them, so that none reads or parses
//! them twice.

use std::path::{Path, PathBuf};

use zone_pki::{Certificate, RevocationList};

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::authorities::held_key::HeldKey;
use crate::zone_directory::issuance::assessment::Assessment;
use crate::zone_directory::issuance::entry::Verdict;
use etcd::tls::{KeyPair, MaterialError, Side, Trust};
use host::{KeyFit, NodeFiles, PlaneFiles, RoleFiles};
use model::plan::Plane;

/// What a member presents and trusts, as it was read.
#[derive(Clone, Copy, Debug)]
pub struct FilesRead<'a> {
    assessment: &'a Assessment<'a>,
    authorities: &'a Authorities,
}

impl<'a> FilesRead<'a> {
    /// None unless every file is there and as it should be: then what is wrong is said by who reads them for
    /// that, and what is issued meanwhile has to be read.
    pub fn of(assessment: &'a Assessment<'a>, authorities: &'a Authorities) -> Option<Self> {
        let is_whole = assessment.is_complete() && !assessment.has_keys_elsewhere();
        is_whole.then_some(Self { assessment, authorities })
    }

    /// The files of a member, in `directory`; who else can read them is not looked at.
    pub fn node_files(self, directory: PathBuf) -> NodeFiles {
        let roles = self.assessment.entries.iter().filter_map(|entry| {
            let Verdict::Keep { certificate, above, .. } = entry.verdict() else { return None };
            let chain = chain(certificate, above);
            let key_file = entry.role.key_file();
            Some(RoleFiles { role: entry.role, chain: Ok(chain), key_file, key: Ok(KeyFit::Fits) })
        });
        let planes = Plane::ALL.into_iter().map(|plane| PlaneFiles {
            plane,
            authorities: Ok(self.trusted(plane)),
            revocations: Ok(self.authorities.revocations(plane).clone()),
        });
        let roots = self.authorities.trusted_by_clients().into_iter().cloned().collect();
        NodeFiles {
            directory,
            roles: roles.collect(),
            planes: planes.collect(),
            roots: Ok(roots),
            access: Vec::new(),
        }
    }

    /// What is presented with the certificate `STEM.crt`.
    fn pair(self, stem: &str) -> Result<KeyPair, MaterialError> {
        let entry = self.assessment.entries.iter().find(|entry| entry.role.stem == stem);
        match entry.map(|entry| entry.verdict()) {
            Some(Verdict::Keep { certificate, above, chain: text, key: HeldKey::Here(key) }) => {
                Ok(KeyPair::from_pem(text, key)?.as_read(chain(certificate, above)))
            }
            _ => Err(MaterialError::Refused(format!("there is no {stem}.crt with its key"))),
        }
    }

    /// The CAs of a plane, as its trust file has them.
    fn trust(self, plane: Plane) -> Result<Trust, MaterialError> {
        let file = plane.authority_file();
        match self.assessment.trust_files.iter().find(|(name, _)| *name == file) {
            Some((_, text)) => Ok(Trust::from_pem(text)?.as_read(self.trusted(plane))),
            None => Err(MaterialError::Refused(format!("there is no {file}"))),
        }
    }

    fn trusted(self, plane: Plane) -> Vec<Certificate> {
        self.authorities.trusted(plane).into_iter().cloned().collect()
    }

    /// The revocation list of a plane.
    pub fn revocations(self, plane: Plane) -> &'a RevocationList {
        self.authorities.revocations(plane)
    }
}

/// One side of a handshake with `STEM.crt`, its key and a trust file of the generation in `directory`: as
/// they were `read`, or else as they are now.
///
/// # Errors
/// One of them is not there, or TLS refuses it.
pub fn side(
    read: Option<FilesRead<'_>>,
    directory: &Path,
    stem: &str,
    trust: &str,
) -> Result<Side, MaterialError> {
    let plane = Plane::ALL.into_iter().find(|plane| plane.authority_file() == trust);
    match read.zip(plane) {
        Some((read, plane)) => Ok(Side { pair: read.pair(stem)?, trust: read.trust(plane)? }),
        None => Side::load(directory, stem, trust),
    }
}

fn chain(leaf: &Certificate, above: &[Certificate]) -> Vec<Certificate> {
    std::iter::once(leaf).chain(above).cloned().collect()
}
