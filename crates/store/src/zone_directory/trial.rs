//! A certificate for no holder below each CA that was made elsewhere: whatever a verifier may hold against
//! the way up is seen before anything is written.

use time::OffsetDateTime;
use zone_pki::{Authority, CheckError};

use crate::zone_directory::authorities::certificates::AuthorityCertificates;
use crate::zone_directory::authorities::create_authorities::first_revocations;
use model::config::ZoneConfig;
use model::error::{Failure, Result};
use model::plan::{Plane, roles_of};

/// Makes a revocation list, and issues what the first member would have, and verifies it all the way up.
pub(in crate::zone_directory) fn try_out(
    authorities: &AuthorityCertificates,
    plane: Plane,
    signer: &Authority,
    zone: &ZoneConfig,
    now: OffsetDateTime,
) -> Result<()> {
    first_revocations(signer, now)?;
    let Some(node) = zone.members().next() else { return Ok(()) };
    for role in roles_of(node).filter(|role| role.plane == plane) {
        let failed = || {
            Failure::bad_input(format!(
                "what the {} CA, {}, issues would be refused",
                plane.name(),
                signer.certificate().subject()
            ))
            .next(
                "ask for a CA that may issue certificates for TLS servers and clients, and look at: openssl \
                 x509 -text",
            )
        };
        let spec = role.node_spec(zone, node, authorities.permitted_dns(plane, node));
        let issued = signer.issue(&spec, now).map_err(|error| failed().because(&error))?;
        authorities.verify(plane, issued.certificate(), spec.usages, &spec.names, now).map_err(|error| {
            let failure = failed().because(&error);
            match error {
                CheckError::RefusedByGo(refusal) => failure.next(refusal.rule.remedy),
                _ => failure,
            }
        })?;
    }
    Ok(())
}
