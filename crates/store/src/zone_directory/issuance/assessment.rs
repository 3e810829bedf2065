//! What a node or a client has, against what it has to have. Nothing is written here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::{Certificate, CertificateRequest, Generation, GenerationStore, ShowPath};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::issuance::entry::{Entry, Found, Verdict};
use crate::zone_directory::issuance::holder::{Holder, check_constraints};
use crate::zone_directory::revocation::revoked_holders::RevokedCertificate;
use model::config::ZoneConfig;
use model::disabled_fixes::Fix;
use model::error::{Exit, Failure, Result};
use model::plan::{IssueReason, Plane, Role, ZonePaths, plane_of_role};

/// Everything that a holder has to have, and what is missing of it.
#[derive(Debug)]
pub struct Assessment<'z> {
    pub holder: Holder<'z>,
    pub store: GenerationStore,
    pub current: Option<Generation>,
    /// Its certificates, in the order of the role table.
    pub entries: Vec<Entry>,
    /// The files beside them.
    pub trust_files: Vec<(&'static str, Vec<u8>)>,
    /// Whether those files, and the CAs that follow each certificate, are in the current generation as they
    /// should be.
    pub trust_is_current: bool,
    /// The certificates for which the holder is revoked; empty if it is not.
    revoked: Vec<RevokedCertificate>,
    /// Whether it was revoked, and is to have certificates again.
    is_reinstated: bool,
}

impl<'z> Assessment<'z> {
    /// Compares what is on disk with the zone description.
    pub fn of(
        holder: Holder<'z>,
        zone: &ZoneConfig,
        paths: &ZonePaths,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Self> {
        Self::in_store(holder, zone, holder.generations(paths), authorities, now)
    }

    /// As [`Assessment::of`], for generations that are elsewhere than in a zone directory.
    pub fn in_store(
        holder: Holder<'z>,
        zone: &ZoneConfig,
        directory: PathBuf,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let store = GenerationStore::new(&directory);
        let current = store.current().map_err(|error| {
            Failure::bad_input(format!("cannot read the certificates in {}", directory.shown()))
                .because(&error)
                .next(format!(
                    "move {} away, and have `zone-etcd pki issue` make new ones",
                    directory.shown()
                ))
        })?;
        let found: Vec<(&'static Role, Option<Found>)> = holder
            .roles()
            .into_iter()
            .map(|role| (role, current.as_ref().map(|generation| Found::read(generation, role))))
            .collect();
        let mut revoked = authorities.revoked_holders.of(&holder.name()).to_vec();
        let listed = found.iter().filter_map(|(_, found)| found.as_ref()?.listed(authorities));
        for certificate in listed {
            if revoked.iter().all(|known| known.serial != certificate.serial) {
                revoked.push(certificate);
            }
        }
        if Fix::RevokedFirst.is_off() {
            revoked.clear();
        }
        let mut entries = Vec::new();
        for (role, found) in found {
            let spec = holder.spec(zone, role, authorities);
            check_constraints(holder, &spec, role.plane, authorities)?;
            let request = found.as_ref().and_then(Found::request);
            let verdict = match found {
                found if !revoked.is_empty() => Verdict::Withheld(found.and_then(Found::into_present)),
                Some(found) => found.examine(&spec, authorities.plane(role.plane), now),
                None => Verdict::Issue(IssueReason::Missing),
            };
            entries.push(Entry { role, spec, verdict, request });
        }
        let chains_are_current =
            entries.iter().all(|entry| entry.is_followed_by(&authorities.served_with(entry.role.plane)));
        let trust_files = holder.trust_files(authorities);
        let trust_is_current = chains_are_current
            && current.as_ref().is_some_and(|generation| {
                trust_files
                    .iter()
                    .all(|(name, bytes)| generation.read(name).is_ok_and(|present| present == *bytes))
            });
        let is_reinstated = false;
        Ok(Self { holder, store, current, entries, trust_files, trust_is_current, revoked, is_reinstated })
    }

    /// Whether everything is there as it should be.
    pub fn is_complete(&self) -> bool {
        self.trust_is_current
            && self.entries.iter().all(|entry| matches!(entry.verdict, Verdict::Keep { .. }))
    }

    /// Has the certificates issued by these requests, by the stems of their roles. One that is there for the
    /// key of its request stays.
    pub fn certify(&mut self, mut requests: BTreeMap<&'static str, CertificateRequest>) {
        for entry in &mut self.entries {
            let Some(request) = requests.remove(entry.role.stem) else { continue };
            let is_there = entry.request.as_ref().is_some_and(|present| {
                present.subject_public_key_info() == request.subject_public_key_info()
            });
            let is_withheld = matches!(entry.verdict, Verdict::Withheld(_));
            let is_due = !is_there || matches!(entry.verdict, Verdict::Issue(IssueReason::Reinstated));
            if is_due && !is_withheld {
                entry.request = Some(Box::new(request));
                entry.verdict = Verdict::Issue(IssueReason::Requested);
            }
        }
    }

    /// Whether the holder was revoked: it gets no certificate, by whatever way it would.
    pub fn is_revoked(&self) -> bool {
        !self.revoked.is_empty()
    }

    pub fn revoked(&self) -> &[RevokedCertificate] {
        &self.revoked
    }

    /// Has a holder that was revoked get certificates again, all of them.
    pub(in crate::zone_directory) fn reinstate(&mut self) {
        if self.is_revoked() {
            self.revoked.clear();
            self.is_reinstated = true;
            for entry in &mut self.entries {
                entry.verdict = Verdict::Issue(IssueReason::Reinstated);
            }
        }
    }

    /// Whether it was revoked, and is to have certificates again.
    pub(in crate::zone_directory) fn is_reinstated(&self) -> bool {
        self.is_reinstated
    }

    /// Whether anything is to be written: of what was revoked, only what its holder trusts.
    pub(in crate::zone_directory) fn has_work(&self) -> bool {
        if self.is_revoked() {
            !self.trust_is_current && self.is_withheld_whole()
        } else {
            !self.is_complete()
        }
    }

    /// Whether a member may start with what is there and nothing has to be written: nothing is due, or it is
    /// revoked and may start.
    pub fn is_startable(&self) -> bool {
        self.is_complete() || (self.is_revoked() && self.trust_is_current && !self.is_kept_from_starting())
    }

    /// Whether it was revoked so that its member must not start: others refuse its peer certificate, or what
    /// it had is not there. With a certificate of the client plane revoked it serves on, and a voter that
    /// does not come back would be missed.
    pub fn is_kept_from_starting(&self) -> bool {
        let is_of_peers =
            |certificate: &RevokedCertificate| plane_of_role(&certificate.role) != Some(Plane::Client);
        self.is_revoked() && (!self.is_withheld_whole() || self.revoked.iter().any(is_of_peers))
    }

    /// Refuses a start that revocation forbids.
    ///
    /// # Errors
    /// As [`refuse_revoked`](Self::refuse_revoked).
    pub fn refuse_start(&self, zone: &ZoneDirectory) -> Result<()> {
        if self.is_kept_from_starting() { self.refuse_revoked(zone) } else { Ok(()) }
    }

    /// Whether it was revoked, and all that it had is there.
    pub fn is_withheld_whole(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.verdict, Verdict::Withheld(Some(_))))
    }

    /// Whether what it trusts, or sends with its certificates, is to be written again, and no certificate is
    /// to be issued.
    pub fn lacks_trust_alone(&self) -> bool {
        self.has_work() && !self.entries.iter().any(|entry| matches!(entry.verdict, Verdict::Issue(_)))
    }

    /// Whether a key of the holder is on its node, and not here.
    pub fn has_keys_elsewhere(&self) -> bool {
        self.entries.iter().any(|entry| entry.request.is_some())
    }

    /// Refuses what takes keys that the holder made itself. `next` says what to do instead, on its machine.
    pub fn refuse_keys_elsewhere(&self, next: impl Into<String>) -> Result<()> {
        if !self.has_keys_elsewhere() {
            return Ok(());
        }
        let name = self.holder.short_name();
        Err(Failure::new(Exit::MissingInput, format!("the keys of {name} are not here"))
            .because(format!("{name} made them itself, and asked for certificates"))
            .next(next))
    }

    /// Turns every certificate that is `due` into one to be issued.
    pub fn issue_where(&mut self, reason: &IssueReason, due: impl Fn(&Role, &Certificate) -> bool) {
        for entry in &mut self.entries {
            if let Verdict::Keep { certificate, .. } = &entry.verdict
                && due(entry.role, certificate)
            {
                entry.verdict = Verdict::Issue(reason.clone());
            }
        }
    }
}
