//! Certificates that `run` issues before a start: whether it does, and whether it can.

use time::OffsetDateTime;

use super::{Foresight, Launch};
use model::error::{Exit, Failure, Result};
use store::site::{Certificates, Site};
use store::zone_directory::refuse_without_keys;

impl Launch<'_> {
    /// Whether `run` issues certificates for the node first: in a zone directory, if something is missing or
    /// due. An activated node has what it was given.
    pub fn would_issue(&self) -> bool {
        matches!(self.site, Site::Zone(_)) && !self.certificates.are_complete()
    }

    /// Refuses what `run` would not or could not issue.
    pub(super) fn refuse_unless_issuable(&self, foresight: Foresight, now: OffsetDateTime) -> Result<()> {
        let (Site::Zone(zone), Certificates::Issued { assessment, .. }) = (self.site, &self.certificates)
        else {
            return Ok(());
        };
        assessment.refuse_start(zone)?;
        if refuse_without_keys(zone, assessment, now)? || foresight != Foresight::Stop {
            return Ok(());
        }
        let name = assessment.holder.short_name();
        Err(Failure::new(Exit::MissingInput, format!("the start of {name} would have to issue certificates"))
            .because("the keys of the CAs are locked, and no operator is there then to type the passphrase")
            .next(format!("issue them first: {}", zone.proposed(&format!("pki issue {name}")))))
    }
}
