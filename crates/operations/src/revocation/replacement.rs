//! What becomes of the files of a client that was revoked.

use std::path::PathBuf;

use zone_pki::{Certificate, ShowPath, regular_file};

use super::target::Target;
use crate::operation::Change;
use model::config::ClientName;
use model::error::{Failure, Result};
use model::plan::{CLIENT_ROLE, clients_of};
use model::report::shell_quoted_path;
use store::zone_directory::{Assessment, Holder, Issuer, OfRevoked, Targeted, ZoneDirectory, admit};

/// What becomes of them.
pub(super) enum Replacement {
    /// The zone always has this client, so it gets another certificate.
    Reissued(ClientName),
    /// They are put aside, so that they are not renewed.
    PutAside(ClientName, PathBuf),
}

impl Replacement {
    /// None for anything but a client, and for one that has another certificate since.
    pub(super) fn of(zone: &ZoneDirectory, target: &Target, targeted: &Targeted) -> Option<Self> {
        let client = target.client().filter(|client| has_revoked_in_use(zone, client, targeted))?;
        if clients_of(&zone.config).contains(client) {
            return Some(Self::Reissued(client.clone()));
        }
        let directory = zone.paths.client(client);
        let asides = (1_u32..).map(|number| directory.with_file_name(format!("{client}.revoked-{number}")));
        let aside = asides.into_iter().find(|path| !path.exists())?;
        Some(Self::PutAside(client.clone(), aside))
    }

    /// Does it, and returns what became of them.
    pub(super) fn carry_out(&self, change: &Change<'_>) -> Result<String> {
        let Change { zone, authorities, now } = *change;
        match self {
            Self::Reissued(client) => {
                let holder = Holder::Client(client);
                let assessment = Assessment::of(holder, &zone.config, &zone.paths, authorities, now)?;
                // Only this machine has its key, and without a certificate the zone could not be worked on.
                let reinstated = admit(zone, vec![assessment], OfRevoked::Reinstated)?;
                Issuer::new(zone, authorities)?.bring_up_to_date(&reinstated, now)?;
                let current = zone.paths.client_current(client);
                Ok(format!("{client} has a new certificate: {}", current.shown()))
            }
            Self::PutAside(client, aside) => {
                std::fs::rename(zone.paths.client(client), aside)
                    .map_err(|error| Failure::write(aside, &error))?;
                let issue = zone.proposed(&format!("pki issue --client {client} --reinstate"));
                let aside = shell_quoted_path(aside);
                Ok(format!("what was issued to {client} is in {aside} now; for another: {issue}"))
            }
        }
    }

    /// What would be done.
    pub(super) fn list(&self) -> (String, String) {
        match self {
            Self::Reissued(client) => (format!("client/{client}"), "a new certificate".to_owned()),
            Self::PutAside(client, aside) => {
                (format!("client/{client}"), format!("its files become {}", shell_quoted_path(aside)))
            }
        }
    }
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
