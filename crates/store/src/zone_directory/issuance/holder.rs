//! Who holds certificates, and what each is to hold.

use std::path::PathBuf;

use zone_pki::LeafSpec;

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::authorities::chain::pem;
use model::config::{ClientName, Node, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::plan::{CLIENT_ROLE, Plane, ROOT_FILE, Role, ZonePaths, roles_of};

/// Who holds certificates.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'z> {
    Node(&'z Node),
    Client(&'z ClientName),
}

impl<'z> Holder<'z> {
    /// The name in messages and in the issuance log: `node1.example.zone` or `client/admin`.
    pub fn name(self) -> String {
        match self {
            Self::Node(node) => node.name.full().to_owned(),
            Self::Client(client) => format!("client/{client}"),
        }
    }

    /// The name in tables: `node1` or `client/admin`.
    pub fn short_name(self) -> String {
        match self {
            Self::Node(node) => node.name.short().to_owned(),
            Self::Client(_) => self.name(),
        }
    }

    pub fn generations(self, paths: &ZonePaths) -> PathBuf {
        match self {
            Self::Node(node) => paths.node(&node.name).generations(),
            Self::Client(client) => paths.client(client),
        }
    }

    pub(in crate::zone_directory) fn roles(self) -> Vec<&'static Role> {
        match self {
            Self::Node(node) => roles_of(node).collect(),
            Self::Client(_) => vec![&CLIENT_ROLE],
        }
    }

    /// The files of every generation beside the certificates: what the holder trusts. A client needs what
    /// verifies servers alone.
    pub(in crate::zone_directory) fn trust_files(
        self,
        authorities: &Authorities,
    ) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![(ROOT_FILE, pem(authorities.trusted_by_clients()).into_bytes())];
        if let Self::Node(node) = self
            && node.member
        {
            for plane in Plane::ALL {
                files.push((plane.authority_file(), pem(authorities.trusted(plane)).into_bytes()));
                files.push((plane.revocation_file(), authorities.revocations(plane).der().to_vec()));
            }
        }
        files
    }

    pub(in crate::zone_directory) fn spec(
        self,
        zone: &ZoneConfig,
        role: &Role,
        authorities: &Authorities,
    ) -> LeafSpec {
        match self {
            Self::Node(node) => role.node_spec(zone, node, authorities.permitted_dns(role.plane, node)),
            Self::Client(client) => role.client_spec(zone, client),
        }
    }
}

/// A name that a CA may not certify would make a certificate that every member refuses.
pub(in crate::zone_directory) fn check_constraints(
    holder: Holder<'_>,
    spec: &LeafSpec,
    plane: Plane,
    authorities: &Authorities,
) -> Result<()> {
    for authority in std::iter::once(authorities.plane(plane)).chain(authorities.above(plane)) {
        for name in spec.names.iter() {
            let Err(error) = authority.name_constraints().check(name) else { continue };
            return Err(Failure::new(
                Exit::Configuration,
                format!("no certificate of {} can have the name {name}", holder.short_name()),
            )
            .because(format!("{} may certify only some names: {error}", authority.subject()))
            .next(
                "use a name below the zone's, or an IP address; other names have to be in zone.toml when the \
                 CAs are made",
            ));
        }
    }
    Ok(())
}
