//! The way from a plane's CA up: what is served with a leaf, what clients trust, and whether a leaf leads
//! there.

use time::OffsetDateTime;
use zone_pki::{Certificate, CheckError, SubjectAltNames, Usages, verify};

use crate::zone_directory::authorities::certificates::AuthorityCertificates;
use model::config::Node;
use model::plan::Plane;

impl AuthorityCertificates {
    /// The CAs above a plane's, the nearest first, up to a self-signed root or as far as the zone knows them.
    pub fn above(&self, plane: Plane) -> Vec<&Certificate> {
        way_up(self.plane(plane), &self.known())
    }

    /// The CAs above the root, the nearest first, if it is an intermediate.
    pub(in crate::zone_directory) fn above_root(&self) -> Vec<&Certificate> {
        way_up(&self.root, &self.known())
    }

    /// What follows a leaf of the plane in its file: the plane's CA, and what stands between it and a
    /// self-signed root. A client that trusts the root alone needs it (RFC 8446, 4.4.2).
    pub fn served_with(&self, plane: Plane) -> Vec<&Certificate> {
        let between = self.above(plane).into_iter().filter(|certificate| !certificate.is_self_issued());
        std::iter::once(self.plane(plane)).chain(between).collect()
    }

    /// What clients trust: the top above the zone's root first, and what the client plane chains to if that
    /// is another.
    pub fn trusted_by_clients(&self) -> Vec<&Certificate> {
        let top = self.above_root().last().copied().unwrap_or(&self.root);
        let clients_top = self.top(Plane::Client);
        let beside = self.beside.root.as_ref().map(|root| &root.certificate);
        let mut trusted = vec![top];
        for other in std::iter::once(clients_top).chain(beside) {
            if !trusted.contains(&other) {
                trusted.push(other);
            }
        }
        if beside.is_some() {
            // As with the planes, the file stays the same when another of them begins to sign.
            trusted.sort_by_key(|root| (root.not_before(), root.fingerprint_sha256()));
        }
        trusted
    }

    /// Verifies that a leaf of the plane chains to the top above it, as the strictest of its verifiers goes.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(
        &self,
        plane: Plane,
        leaf: &Certificate,
        usages: Usages,
        names: &SubjectAltNames,
        now: OffsetDateTime,
    ) -> Result<(), CheckError> {
        let issuer = self.issuer_of(plane, leaf);
        let above = way_up(issuer, &self.known());
        let top = above.last().copied().unwrap_or(issuer);
        let between: Vec<&Certificate> = match above.split_last() {
            Some((_, between)) => [&[issuer], between].concat(),
            None => Vec::new(),
        };
        verify(leaf, &between, top, usages, names, now)
    }

    /// The CA of a plane that issued a leaf, of those that are trusted; the one that signs if none did.
    pub fn issuer_of(&self, plane: Plane, leaf: &Certificate) -> &Certificate {
        let issued = |ca: &&Certificate| leaf.names_issuer(ca);
        self.trusted(plane).into_iter().find(issued).unwrap_or(self.plane(plane))
    }

    /// The DNS names that the plane may certify, as far as the short name of `node` is concerned: those of
    /// the plane's CA, or of the one above it that does not permit the short name.
    pub fn permitted_dns(&self, plane: Plane, node: &Node) -> &[String] {
        let short = zone_pki::SubjectAltName::Dns(node.name.short().to_owned());
        let own = self.plane(plane);
        let refuses = |certificate: &&Certificate| {
            let constraints = certificate.name_constraints();
            !constraints.permitted_dns.is_empty() && constraints.check(&short).is_err()
        };
        self.above(plane).into_iter().find(refuses).unwrap_or(own).permitted_dns()
    }

    fn top(&self, plane: Plane) -> &Certificate {
        self.above(plane).last().copied().unwrap_or(self.plane(plane))
    }

    fn known(&self) -> Vec<&Certificate> {
        let beside = self.beside.root.as_ref().map(|root| &root.certificate);
        std::iter::once(&self.root).chain(beside).chain(&self.chain).collect()
    }
}

/// The certificates above `certificate` among those that are known, the nearest first.
pub(in crate::zone_directory) fn way_up<'c>(
    certificate: &Certificate,
    known: &[&'c Certificate],
) -> Vec<&'c Certificate> {
    let mut way: Vec<&'c Certificate> = Vec::new();
    let mut last = certificate;
    while !last.is_self_issued() {
        let next = known.iter().copied().find(|above| last.names_issuer(above) && !way.contains(above));
        let Some(next) = next else { break };
        way.push(next);
        last = next;
    }
    way
}

/// Certificates one after the other, as TLS and trust files have them.
pub(in crate::zone_directory) fn pem<'c>(certificates: impl IntoIterator<Item = &'c Certificate>) -> String {
    certificates.into_iter().map(Certificate::pem).collect()
}
