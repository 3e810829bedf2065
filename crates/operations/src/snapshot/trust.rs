//! Whose signature counts on a snapshot.

use time::OffsetDateTime;
use zone_pki::Certificate;

use model::error::Result;
use store::site::Site;
use store::snapshot::Trust;
use store::zone_directory::retired;

/// Whom manifests of this zone may be signed by. A snapshot may be older than a CA.
///
/// # Errors
/// The CAs cannot be read.
pub fn trust(site: &Site, now: OffsetDateTime) -> Result<Trust> {
    let authorities = site.authorities_to_ask(now)?;
    let mut signers: Vec<Certificate> =
        authorities.all().into_iter().map(|(_, certificate)| certificate.clone()).collect();
    signers.extend(authorities.beside.all().map(|(_, ca)| ca.certificate.clone()));
    signers.extend(site.zone().into_iter().flat_map(retired).map(|(_, certificate)| certificate));
    Ok(Trust { zone: site.config().name.as_str().to_owned(), authorities: signers })
}
