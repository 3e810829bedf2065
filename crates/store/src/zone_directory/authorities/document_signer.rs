//! Who signs the zone's documents: its root, or, where the root's key was never here, the CA of the peer
//! plane.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::{Authority, Certificate};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::authorities::certificates::{Authorities, ROOT};
use model::error::{Failure, Result};
use model::plan::Plane;

/// Which CA signs documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignerName {
    Root,
    Peer,
}

#[derive(Debug)]
pub struct DocumentSigner {
    pub authority: Authority,
    pub name: SignerName,
    /// The CAs above it, the nearest first.
    pub above: Vec<Certificate>,
    /// The CA that is to sign in its place, or did, while one takes the place of the other.
    pub other: Option<Certificate>,
}

impl fmt::Display for SignerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => ROOT,
            Self::Peer => Plane::Peer.name(),
        })
    }
}

/// The root; in a zone whose plane CAs were requested from an authority elsewhere, which keeps the root's
/// key, the CA of the peer plane: every member trusts it, and its thief could act as any of them. A root
/// whose key was here once signs always: nodes know it by its certificate, and would refuse another signer.
pub fn document_signer(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<DocumentSigner> {
    let name = signer_name(zone);
    let above = match name {
        SignerName::Root => authorities.above_root(),
        SignerName::Peer => authorities.above(Plane::Peer),
    };
    let above = above.into_iter().cloned().collect();
    let authority = load_authority(&zone.paths, stem(name), &zone.ca_passphrase, now)?;
    let other = beside(authorities, name).cloned();
    Ok(DocumentSigner { authority, name, above, other })
}

/// The certificate of the CA that signs, for which no key is needed.
pub fn document_signer_certificate<'a>(
    zone: &ZoneDirectory,
    authorities: &'a Authorities,
) -> Result<&'a Certificate> {
    let stem = stem(signer_name(zone));
    let found = authorities.all().into_iter().find(|(name, _)| *name == stem);
    found.map(|(_, certificate)| certificate).ok_or_else(|| Failure::internal("a CA that signs is not there"))
}

/// The same with the CA that is to sign in its place, or did, while one takes the place of the other.
pub fn document_signer_certificates(
    zone: &ZoneDirectory,
    authorities: &Authorities,
) -> Result<Vec<Certificate>> {
    let signs = document_signer_certificate(zone, authorities)?.clone();
    Ok(std::iter::once(signs).chain(beside(authorities, signer_name(zone)).cloned()).collect())
}

fn beside(authorities: &Authorities, name: SignerName) -> Option<&Certificate> {
    let beside = match name {
        SignerName::Root => authorities.beside.root.as_ref(),
        SignerName::Peer => authorities.beside.peer.as_ref(),
    };
    beside.map(|ca| &ca.certificate)
}

fn signer_name(zone: &ZoneDirectory) -> SignerName {
    let was_requested = zone.paths.authority_request(Plane::Peer.name()).exists();
    if was_requested { SignerName::Peer } else { SignerName::Root }
}

fn stem(name: SignerName) -> &'static str {
    match name {
        SignerName::Root => ROOT,
        SignerName::Peer => Plane::Peer.name(),
    }
}
