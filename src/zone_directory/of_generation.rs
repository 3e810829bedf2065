//! The CAs as a node was given them.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{Certificate, RevocationList, regular_file};

use super::authorities::{Authorities, AuthorityCertificates};
use super::beside::{Beside, BesideCa, Place};
use super::existing::GivenPlanes;
use super::failures::{certificate_failure, expired, unusable_list};
use super::revoked_holders::RevokedHolders;
use crate::error::{Failure, Result};
use crate::plan::{NODE_ROLES, Plane, ROOT_FILE, Role};

impl Authorities {
    /// Reads what a node was given of them. Whether they belong together was verified when they were activated, and what a
    /// start rests on of them is checked with the certificates below them.
    pub fn of_generation(generation: &Path, now: OffsetDateTime) -> Result<Self> {
        let list = |plane: Plane| {
            let path = generation.join(plane.revocation_file());
            let der = regular_file::read(&path).map_err(|error| Failure::read(&path, &error))?;
            RevocationList::from_der(&der).map_err(|error| unusable_list(&path, &error))
        };
        let (peer, beside_peer) = plane_of_generation(generation, Plane::Peer, now)?;
        let (client, beside_client) = plane_of_generation(generation, Plane::Client, now)?;
        let roots = read_all(generation, ROOT_FILE, now)?;
        let (root, beside_root) = split(roots, |root| client.names_issuer(root) && peer.names_issuer(root));
        let certificates = AuthorityCertificates {
            root,
            peer,
            client,
            chain: certificates_beside(generation),
            // A file of trusted CAs has others behind the first also where the planes lead to roots of their own.
            beside: Beside {
                root: beside_root.filter(BesideCa::is_root),
                peer: beside_peer,
                client: beside_client,
            },
            pinned_token: None,
            given: GivenPlanes::default(),
        };
        Ok(Self {
            certificates,
            peer_revocations: list(Plane::Peer)?,
            client_revocations: list(Plane::Client)?,
            revoked_holders: RevokedHolders::default(),
        })
    }
}

impl BesideCa {
    fn is_root(&self) -> bool {
        self.certificate.is_self_issued()
    }
}

/// The CA that issued the node's certificates of a plane, and the other that it trusts.
fn plane_of_generation(
    generation: &Path,
    plane: Plane,
    now: OffsetDateTime,
) -> Result<(Certificate, Option<BesideCa>)> {
    let leaf = NODE_ROLES.iter().filter(|role| role.plane == plane).find_map(|role| {
        let text = regular_file::read(&generation.join(role.certificate_file())).ok()?;
        Certificate::from_pem(&text).ok()
    });
    let trusted = read_all(generation, plane.authority_file(), now)?;
    Ok(split(trusted, |ca| leaf.as_ref().is_some_and(|leaf| leaf.names_issuer(ca))))
}

/// Takes the one that is meant, or the first, and the next of the others.
fn split(
    mut certificates: Vec<Certificate>,
    is_meant: impl Fn(&Certificate) -> bool,
) -> (Certificate, Option<BesideCa>) {
    let index = certificates.iter().position(is_meant).unwrap_or_default();
    let first = certificates.remove(index);
    // Whether it is to sign or did makes no difference to a node.
    let beside = certificates.into_iter().next();
    (first, beside.map(|certificate| BesideCa { place: Place::Next, certificate }))
}

/// The certificates of a file, at least one, none of them expired but those that others make good.
fn read_all(generation: &Path, file: &str, now: OffsetDateTime) -> Result<Vec<Certificate>> {
    let path = generation.join(file);
    let text = regular_file::read(&path).map_err(|error| Failure::read(&path, &error))?;
    let all = Certificate::chain_from_pem(&text)
        .map_err(|error| certificate_failure(&path, &path.with_extension("key"), &error))?;
    let (valid, over): (Vec<_>, Vec<_>) = all.into_iter().partition(|each| now <= each.not_after());
    match (valid.is_empty(), over.first()) {
        (true, Some(first)) => Err(expired(&path, first.not_after())),
        _ => Ok(valid),
    }
}

/// Every CA that the trust file and the chains of a generation name. A file that cannot be read is told of where it is used.
fn certificates_beside(generation: &Path) -> Vec<Certificate> {
    let chains = NODE_ROLES.iter().map(Role::certificate_file);
    let mut found = Vec::new();
    for file in std::iter::once(ROOT_FILE.to_owned()).chain(chains) {
        let text = regular_file::read(&generation.join(file)).unwrap_or_default();
        for certificate in Certificate::chain_from_pem(&text).unwrap_or_default() {
            if certificate.is_authority() && !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    found
}
