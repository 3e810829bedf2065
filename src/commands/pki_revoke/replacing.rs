//! What becomes of the files of a client that was revoked.

use time::OffsetDateTime;
use zone_pki::{Certificate, ShowPath, regular_file};

use super::target::Target;
use crate::config::ClientName;
use crate::error::{Failure, Result};
use crate::plan::{CLIENT_ROLE, clients_of};
use crate::report::shell_quoted;
use crate::zone_directory::{
    Assessment, HeldAuthorities, Holder, Issuer, OfRevoked, Targeted, ZoneDirectory, admit,
};

/// A client that the zone always has gets another certificate. Any other is put aside, so that nobody renews it. One that has another
/// certificate since stays as it is. Returns what became of it.
pub(super) fn replace_client(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    target: &Target,
    targeted: &Targeted,
    now: OffsetDateTime,
) -> Result<Option<String>> {
    let Some(client) = target.client() else { return Ok(None) };
    if !has_revoked_in_use(zone, client, targeted) {
        return Ok(None);
    }
    if clients_of(&zone.config).contains(client) {
        let assessment = Assessment::of(Holder::Client(client), &zone.config, &zone.paths, authorities, now)?;
        // Nobody but this machine has its key, and without a certificate the zone could not be worked on.
        let reinstated = admit(zone, vec![assessment], OfRevoked::Reinstated)?;
        Issuer::new(zone, authorities)?.bring_up_to_date(&reinstated, now)?;
        return Ok(Some(format!(
            "{client} has a new certificate: {}",
            zone.paths.client_current(client).shown()
        )));
    }
    let directory = zone.paths.client(client);
    let aside = (1_u32..).map(|number| directory.with_file_name(format!("{client}.revoked-{number}")));
    let Some(aside) = aside.into_iter().find(|path| !path.exists()) else { return Ok(None) };
    std::fs::rename(&directory, &aside).map_err(|error| Failure::write(&aside, &error))?;
    let aside = shell_quoted(&aside.shown().to_string());
    Ok(Some(format!(
        "what was issued to {client} is in {aside} now; for another: {}",
        zone.proposed(&format!("pki issue --client {client} --reinstate"))
    )))
}

/// Whether its files are those that were revoked, or cannot be told.
fn has_revoked_in_use(zone: &ZoneDirectory, client: &ClientName, targeted: &Targeted) -> bool {
    let path = zone.paths.client_current(client).join(CLIENT_ROLE.certificate_file());
    match regular_file::read(&path) {
        Err(_) => zone.paths.client(client).exists(),
        Ok(text) => Certificate::from_pem(&text)
            .map_or(true, |certificate| targeted.all().any(|entry| entry.serial == certificate.serial_hex())),
    }
}
