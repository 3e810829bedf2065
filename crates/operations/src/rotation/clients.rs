//! Clients in a rotation: what those get that are kept here, and who would be shut out, as far as can be told
//! from what was issued. etcd does not tell who uses which certificate.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use zone_pki::{IssuanceLog, LogEntry};

use crate::event::Event;
use crate::operation::Operation;
use model::error::Result;
use model::plan::{Plane, role_named};
use store::zone_directory::{
    Assessment, Authorities, Holder, Issuer, OfRevoked, ZoneDirectory, admit, all_clients, log_failure,
};

/// Who holds a certificate of the CA that is about to be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldHolder {
    /// Its name in the issuance log: a node's, or `client/NAME`.
    pub holder: String,
    /// The serial number of its newest certificate of the old CA.
    pub serial: String,
    /// Whether it was issued one of the new CA. Whether it uses that is not known here.
    pub has_new: bool,
}

/// Who holds certificates of the client plane's other CA that are valid and not revoked. Empty if no other is
/// trusted.
pub fn old_holders(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<Vec<OldHolder>> {
    let Some(other) = authorities.beside.plane(Plane::Client) else { return Ok(Vec::new()) };
    let failure =
        |error: &zone_pki::LogError| log_failure(&zone.paths.issuance_log(), error, "nothing was changed");
    let log = IssuanceLog::open(zone.paths.issuance_log()).map_err(|error| failure(&error))?;
    let mut latest: BTreeMap<String, LogEntry> = BTreeMap::new();
    log.for_each(|entry| {
        latest.insert(entry.serial.clone(), entry);
    })
    .map_err(|error| failure(&error))?;
    let is_client = |entry: &&LogEntry| {
        role_named(&entry.role)
            .is_some_and(|role| role.plane == Plane::Client && role.usages.contains(zone_pki::Usage::Client))
    };
    let valid =
        || latest.values().filter(is_client).filter(|entry| entry.revoked.is_none() && entry.not_after > now);
    let mut holders: BTreeMap<(&str, &str), &LogEntry> = BTreeMap::new();
    for entry in valid().filter(|entry| entry.issuer == other.certificate.subject()) {
        let newest = holders.entry((&entry.node, &entry.role)).or_insert(entry);
        if entry.issued_at > newest.issued_at {
            *newest = entry;
        }
    }
    let signer = authorities.plane(Plane::Client).subject();
    let has_new = |old: &LogEntry| {
        valid().any(|entry| entry.issuer == signer && entry.node == old.node && entry.role == old.role)
    };
    Ok(holders
        .into_values()
        .map(|entry| OldHolder {
            holder: entry.node.clone(),
            serial: entry.serial.clone(),
            has_new: has_new(entry),
        })
        .collect())
}

/// Issues to every client what the zone has for it now.
pub(super) fn issue_to_clients(operation: &mut Operation<'_>) -> Result<()> {
    let issued = operation.change(|step| {
        let clients = all_clients(step.zone)?;
        let assess = |client| {
            let holder = Holder::Client(client);
            Assessment::of(holder, &step.zone.config, &step.zone.paths, step.authorities, step.now)
        };
        let assessments = clients.iter().map(assess).collect::<Result<Vec<_>>>()?;
        let assessments = admit(step.zone, assessments, OfRevoked::LeftOut)?;
        Issuer::new(step.zone, step.authorities)?.bring_up_to_date(&assessments, step.now)?;
        let issued = assessments.iter().filter(|assessment| !assessment.is_complete());
        Ok(issued.map(|assessment| assessment.holder.short_name()).collect::<Vec<_>>())
    })?;
    issued.into_iter().for_each(|holder| operation.tell(Event::Issued { holder }));
    Ok(())
}
