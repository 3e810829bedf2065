//! The CAs as a node was given them.

use std::io;
use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{Certificate, RevocationList, ShowPath, regular_file};

use crate::zone_directory::authorities::authority_files::check_usable;
use crate::zone_directory::authorities::certificates::{Authorities, AuthorityCertificates};
use crate::zone_directory::authorities::transition_cas::{Place, TransitionCa, TransitionCas};
use crate::zone_directory::existing::GivenPlanes;
use crate::zone_directory::revocation::revoked_holders::RevokedHolders;
use model::error::{Failure, Result};
use model::plan::{NODE_ROLES, Plane, ROOT_FILE, Role};

impl Authorities {
    /// Reads what a node was given of them. Whether they belong together was verified when they were
    /// activated, and what a start rests on of them is checked with the certificates below them. `renewal` is
    /// how the node gets others.
    pub fn of_generation(generation: &Path, renewal: &str, now: OffsetDateTime) -> Result<Self> {
        let given = Given { generation, renewal };
        let (peer, beside_peer) = given.plane(Plane::Peer, now)?;
        let (client, beside_client) = given.plane(Plane::Client, now)?;
        let roots = given.certificates(ROOT_FILE, now)?;
        let (root, beside_root) = split(roots, |root| client.names_issuer(root) && peer.names_issuer(root));
        let certificates = AuthorityCertificates {
            root,
            peer,
            client,
            chain: certificates_beside(generation),
            // A file of trusted CAs has others behind the first also where the planes lead to roots of their
            // own.
            beside: TransitionCas {
                root: beside_root.filter(TransitionCa::is_root),
                peer: beside_peer,
                client: beside_client,
            },
            pinned_token: None,
            restored: None,
            given: GivenPlanes::default(),
        };
        Ok(Self {
            certificates,
            peer_revocations: given.list(Plane::Peer)?,
            client_revocations: given.list(Plane::Client)?,
            revoked_holders: RevokedHolders::default(),
        })
    }
}

impl TransitionCa {
    fn is_root(&self) -> bool {
        self.certificate.is_self_issued()
    }
}

/// What a node was given, and how it gets others.
struct Given<'g> {
    generation: &'g Path,
    renewal: &'g str,
}

impl Given<'_> {
    /// The CA that issued the node's certificates of a plane, and the other that it trusts.
    fn plane(&self, plane: Plane, now: OffsetDateTime) -> Result<(Certificate, Option<TransitionCa>)> {
        let leaf = NODE_ROLES.iter().filter(|role| role.plane == plane).find_map(|role| {
            let text = regular_file::read(&self.generation.join(role.certificate_file())).ok()?;
            Certificate::from_pem(&text).ok()
        });
        let trusted = self.certificates(plane.authority_file(), now)?;
        Ok(split(trusted, |ca| leaf.as_ref().is_some_and(|leaf| leaf.names_issuer(ca))))
    }

    /// The certificates of a file, at least one, none of them expired but those that others make good.
    fn certificates(&self, file: &str, now: OffsetDateTime) -> Result<Vec<Certificate>> {
        let path = self.generation.join(file);
        let all = Certificate::chain_from_pem(&self.read(&path)?)
            .map_err(|error| self.unusable(&path).because(&error))?;
        let (valid, over): (Vec<_>, Vec<_>) = all.into_iter().partition(|each| now <= each.not_after());
        match (valid.is_empty(), over.first()) {
            (true, Some(first)) => check_usable(&path, first, now).map(|()| valid),
            _ => Ok(valid),
        }
    }

    fn list(&self, plane: Plane) -> Result<RevocationList> {
        let path = self.generation.join(plane.revocation_file());
        RevocationList::from_der(&self.read(&path)?).map_err(|error| self.unusable(&path).because(&error))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        regular_file::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::read(path, &error).next(self.renewal),
            _ => Failure::read(path, &error),
        })
    }

    fn unusable(&self, path: &Path) -> Failure {
        Failure::bad_input(format!("{} cannot be used", path.shown())).next(self.renewal)
    }
}

/// Takes the one that is meant, or the first, and the next of the others.
fn split(
    mut certificates: Vec<Certificate>,
    is_meant: impl Fn(&Certificate) -> bool,
) -> (Certificate, Option<TransitionCa>) {
    let index = certificates.iter().position(is_meant).unwrap_or_default();
    let first = certificates.remove(index);
    // Whether it is to sign or did makes no difference to a node.
    let beside = certificates.into_iter().next();
    (first, beside.map(|certificate| TransitionCa { place: Place::Next, certificate }))
}

/// Every CA that the trust file and the chains of a generation name. A file that cannot be read is told of
/// where it is used.
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
