//! A revocation list that was signed, with its probe, on its way to `ca/`.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{Authority, IssuanceLog, RevocationList, Revoked};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::authorities::create_authorities::{create, stage, sync};
use crate::zone_directory::failures::issuance_log_failure;
use crate::zone_directory::revocation::revocation_probe::NewProbe;
use crate::zone_directory::rotation::exchange::Exchange;
use model::error::{Exit, Failure, Result};
use model::plan::Plane;

pub(in crate::zone_directory) struct SignedList<'z> {
    zone: &'z ZoneDirectory,
    plane: Plane,
    list: Vec<u8>,
    probe: Option<NewProbe>,
    now: OffsetDateTime,
}

impl<'z> SignedList<'z> {
    /// The list that follows another one: with all that is in that, and more.
    pub(in crate::zone_directory) fn following(
        zone: &'z ZoneDirectory,
        authority: &Authority,
        plane: Plane,
        present: &RevocationList,
        missing: &[Revoked],
        now: OffsetDateTime,
    ) -> Result<Self> {
        let entries = [present.entries(), missing].concat();
        let number = present.number().unwrap_or_default().saturating_add(1);
        Self::sign(zone, authority, plane, entries, number, now)
    }

    /// A list with these, and its probe.
    pub(in crate::zone_directory) fn sign(
        zone: &'z ZoneDirectory,
        authority: &Authority,
        plane: Plane,
        mut entries: Vec<Revoked>,
        number: u64,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let is_empty = entries.is_empty();
        let probe = (!is_empty).then(|| NewProbe::issue(authority, &zone.config, now)).flatten();
        entries.extend(probe.as_ref().map(|probe| probe.entry(now)));
        let list = authority
            .revocation_list(&entries, number, now, authority.certificate().not_after())
            .map_err(|error| {
                Failure::new(Exit::BadInput, format!("the {} CA cannot make a revocation list", plane.name()))
                    .because(&error)
                    .next(
                        "what was to be revoked is recorded: run the command again once the CA can sign \
                         lists",
                    )
            })?;
        Ok(Self { zone, plane, list, probe, now })
    }

    /// Puts it in its place, and its probe after it: a probe that is on no list would be a certificate like
    /// any other.
    pub(in crate::zone_directory) fn put(self) -> Result<()> {
        self.record()?;
        let paths = &self.zone.paths;
        let staged = stage(paths)?;
        let put = |bytes: &[u8], mode, path: &Path| {
            let aside = staged.path().join("aside");
            create(&aside, bytes, mode)?;
            std::fs::rename(&aside, path).map_err(|error| Failure::write(path, &error))?;
            sync(&paths.authorities())
        };
        put(&self.list, 0o644, &paths.revocation_list(self.plane.name()))?;
        match &self.probe {
            Some(probe) => put(&probe.pem, 0o600, &paths.revocation_probe(self.plane.name())),
            None => Ok(()),
        }
    }

    /// Puts it into an exchange of `ca/`.
    pub(in crate::zone_directory) fn write_to(self, exchange: &Exchange<'_>) -> Result<()> {
        self.record()?;
        exchange.write(&format!("{}.crl", self.plane.name()), &self.list, 0o644)?;
        match &self.probe {
            Some(probe) => exchange.write(&format!("{}.probe", self.plane.name()), &probe.pem, 0o600),
            None => Ok(()),
        }
    }

    /// Whatever was issued is in the log before it is in a file.
    fn record(&self) -> Result<()> {
        let Some(probe) = &self.probe else { return Ok(()) };
        let paths = &self.zone.paths;
        let failure = |error: zone_pki::LogError| issuance_log_failure(paths, &error);
        let log = IssuanceLog::open(paths.issuance_log()).map_err(failure)?;
        log.append(&[probe.log_entry(&self.zone.config, self.plane, self.now)]).map_err(failure)
    }
}
