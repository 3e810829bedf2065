//! What becomes of holders that were revoked where certificates are issued: the one place in which one of
//! them is let in again.

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::issuance::assessment::Assessment;
use crate::zone_directory::issuance::holder::Holder;
use model::error::{Failure, Result};
use model::report;

/// What is to become of holders that were revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfRevoked {
    /// They were named, and not reinstated: nothing is issued.
    Refused,
    /// None were named: they get nothing, which is reported.
    LeftOut,
    /// An operator has named them, and said that they are trusted again.
    Reinstated,
}

impl OfRevoked {
    /// As the command line says it: `--reinstate`, and whether all are meant.
    pub fn said(reinstate: bool, is_all: bool) -> Self {
        match (reinstate, is_all) {
            (true, false) => Self::Reinstated,
            (_, true) => Self::LeftOut,
            (false, false) => Self::Refused,
        }
    }
}

/// Those of the assessed that are to have certificates.
///
/// # Errors
/// One of them was revoked, and may not be left out.
pub fn admit<'z>(
    zone: &ZoneDirectory,
    mut assessments: Vec<Assessment<'z>>,
    of_revoked: OfRevoked,
) -> Result<Vec<Assessment<'z>>> {
    match of_revoked {
        OfRevoked::Reinstated => assessments.iter_mut().for_each(Assessment::reinstate),
        OfRevoked::Refused => {
            assessments.iter().try_for_each(|assessment| assessment.refuse_revoked(zone))?
        }
        OfRevoked::LeftOut => {
            let (revoked, others): (Vec<_>, Vec<_>) =
                assessments.into_iter().partition(Assessment::is_revoked);
            if !revoked.is_empty() {
                let names: Vec<String> =
                    revoked.iter().map(|assessment| assessment.holder.short_name()).collect();
                report::message(&format!("left out, because revoked: {}", names.join(", ")));
            }
            assessments = others;
        }
    }
    Ok(assessments)
}

impl Assessment<'_> {
    /// Refuses a holder that was revoked: what it had is replaced for an operator who names it alone, and
    /// says that it is trusted.
    ///
    /// # Errors
    /// It was revoked.
    pub fn refuse_revoked(&self, zone: &ZoneDirectory) -> Result<()> {
        if !self.is_revoked() {
            return Ok(());
        }
        let name = self.holder.short_name();
        let again = match self.holder {
            Holder::Node(_) if self.has_keys_elsewhere() => {
                zone.proposed_requests(&self.holder.name(), " --new-keys", " --reinstate")
            }
            Holder::Node(_) => zone.proposed(&format!("pki issue {name} --reinstate")),
            Holder::Client(client) => zone.proposed(&format!("pki issue --client {client} --reinstate")),
        };
        let mut failure = Failure::bad_input(format!("{name} was revoked, and gets no certificates"));
        failure.causes = self.revoked().iter().map(ToString::to_string).collect();
        Err(failure.next(format!("only if it is trusted again: {again}")))
    }
}
