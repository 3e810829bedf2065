//! Issues what is missing and switches each holder to a new generation.

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{Authority, Certificate, FileKind, IssuanceLog, LogEntry, ShowPath, Staged, commit_all};

use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::authorities::ca_keys::{KeyState, key_state};
use crate::zone_directory::authorities::chain::pem;
use crate::zone_directory::authorities::held_key::HeldKey;
use crate::zone_directory::failures::issuance_log_failure;
use crate::zone_directory::issuance::assessment::Assessment;
use crate::zone_directory::issuance::entry::{Entry, Verdict};
use crate::zone_directory::issuance::holder::Holder;
use crate::zone_directory::issuance::parallel::in_parallel;
use crate::zone_directory::{HeldAuthorities, ZoneDirectory};
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use model::plan::{IssueReason, Plane, ZonePaths};
use model::report;

/// Whether the CA of a plane has something to sign.
fn signs(plane: Plane, assessments: &[&Assessment<'_>]) -> bool {
    let mut entries = assessments.iter().flat_map(|assessment| &assessment.entries);
    entries.any(|entry| entry.role.plane == plane && matches!(entry.verdict, Verdict::Issue(_)))
}

/// Refuses what an [`Issuer`] could not sign: a key is not there or is not the CA's, or the log cannot be
/// used. No operator is asked for a passphrase: where one would be, it returns false.
pub fn refuse_without_keys(
    zone: &ZoneDirectory,
    assessment: &Assessment<'_>,
    now: OffsetDateTime,
) -> Result<bool> {
    IssuanceLog::open(zone.paths.issuance_log())
        .map_err(|error| issuance_log_failure(&zone.paths, &error))?;
    for plane in Plane::ALL.into_iter().filter(|plane| signs(*plane, &[assessment])) {
        let is_locked = key_state(&zone.paths, plane.name())? == KeyState::Locked;
        if is_locked && zone.ca_passphrase.asks() {
            return Ok(false);
        }
        load_authority(&zone.paths, plane.name(), &zone.ca_passphrase, now)?;
    }
    Ok(true)
}

/// Signs with the plane CAs of a zone. Each key is read when it is first needed.
#[derive(Debug)]
pub struct Issuer<'z> {
    zone: &'z ZoneDirectory,
    authorities: &'z HeldAuthorities<'z>,
    peer: Option<Authority>,
    client: Option<Authority>,
    log: IssuanceLog,
}

impl<'z> Issuer<'z> {
    /// An issuer for a zone whose lock is held.
    pub fn new(zone: &'z ZoneDirectory, authorities: &'z HeldAuthorities<'z>) -> Result<Self> {
        let path = zone.paths.issuance_log();
        let log = IssuanceLog::open(&path).map_err(|error| issuance_log_failure(&zone.paths, &error))?;
        Ok(Self { zone, authorities, peer: None, client: None, log })
    }

    /// Brings the holders of `assessments` up to date, as one step for the disk. Returns how many
    /// certificates were issued.
    ///
    /// The log is on disk before any of the certificates is in use, so no certificate in use is missing from
    /// it.
    #[tracing::instrument(skip_all, name = "issue")]
    pub fn bring_up_to_date(&mut self, assessments: &[Assessment<'_>], now: OffsetDateTime) -> Result<usize> {
        let incomplete: Vec<&Assessment<'_>> =
            assessments.iter().filter(|assessment| assessment.has_work()).collect();
        self.read_keys(&incomplete, now)?;
        let (staged, entries): (Vec<Staged>, Vec<Vec<LogEntry>>) =
            self.stage_all(&incomplete, now)?.into_iter().unzip();
        let entries = entries.concat();
        let reinstated = incomplete.iter().filter_map(|assessment| match assessment.holder {
            Holder::Node(node) if assessment.is_reinstated() => Some(node),
            _ => None,
        });
        self.zone.forget_recipients(self.authorities.lock(), reinstated, now)?;
        self.log.append(&entries).map_err(|error| issuance_log_failure(&self.zone.paths, &error))?;
        // One file system sync serves them all; for a single generation its files alone are cheaper to sync.
        let committed = match staged.len() {
            0 => Ok(()),
            1 => staged.into_iter().try_for_each(|staged| staged.commit().map(drop)),
            _ => commit_all(staged).map(drop),
        };
        committed.map_err(|error| store_failure(&self.zone.paths, &error))?;
        Ok(entries.len())
    }

    /// Brings the administrator's certificate up to date, which is as old as those of the nodes: a command
    /// that only asks the members issues nothing. That it cannot be issued is said, and keeps no node from
    /// having its own.
    pub fn keep_administrator(&mut self, now: OffsetDateTime) {
        match self.issue_to_administrator(now) {
            Ok(0) => {}
            Ok(_) => report::message("issued the certificate of the client admin"),
            Err(failure) => {
                report::warning(&format!("the certificate of admin is due and was not renewed: {failure}"));
            }
        }
    }

    fn issue_to_administrator(&mut self, now: OffsetDateTime) -> Result<usize> {
        let ZoneDirectory { config, paths, .. } = self.zone;
        let admin = ClientName::admin();
        let assessment = Assessment::of(Holder::Client(&admin), config, paths, self.authorities, now)?;
        self.bring_up_to_date(&[assessment], now)
    }

    fn read_keys(&mut self, assessments: &[&Assessment<'_>], now: OffsetDateTime) -> Result<()> {
        for (plane, slot) in [(Plane::Peer, &mut self.peer), (Plane::Client, &mut self.client)] {
            if slot.is_none() && signs(plane, assessments) {
                *slot = Some(load_authority(&self.zone.paths, plane.name(), &self.zone.ca_passphrase, now)?);
            }
        }
        Ok(())
    }

    fn stage_all(
        &self,
        assessments: &[&Assessment<'_>],
        now: OffsetDateTime,
    ) -> Result<Vec<(Staged, Vec<LogEntry>)>> {
        in_parallel(assessments, |assessment| self.stage(assessment, now))
    }

    fn stage(&self, assessment: &Assessment<'_>, now: OffsetDateTime) -> Result<(Staged, Vec<LogEntry>)> {
        // Everything is signed before the first file is made: a CA that cannot sign leaves nothing behind.
        let mut log = Vec::new();
        let mut files: Vec<(String, Zeroizing<Vec<u8>>, FileKind)> = Vec::new();
        for (name, bytes) in &assessment.trust_files {
            files.push(((*name).to_owned(), bytes.clone().into(), FileKind::Public));
        }
        for entry in &assessment.entries {
            let (chain, key) = match &entry.verdict {
                Verdict::Keep { certificate, key, .. } => (self.chain(entry, certificate), key.clone()),
                Verdict::Issue(_) => {
                    refuse_to_make_a_key(self.zone, assessment, entry)?;
                    let (certificate, key) = self.issue(entry, now)?;
                    let entry_of =
                        LogEntry::of(&certificate, entry.role.name, &assessment.holder.name(), now);
                    log.push(LogEntry { reinstated: assessment.is_reinstated(), ..entry_of });
                    (self.chain(entry, &certificate), key)
                }
                Verdict::Withheld(Some(present)) => (present.chain.clone(), present.key.clone()),
                Verdict::Withheld(None) => continue,
            };
            files.push((entry.role.certificate_file(), chain.into(), FileKind::Public));
            files.push(key.into_file(entry.role));
        }
        let store_failure = |error| store_failure(&self.zone.paths, &error);
        let mut staged = assessment.store.stage().map_err(store_failure)?;
        for (name, bytes, kind) in &files {
            staged.add(name, bytes, *kind).map_err(store_failure)?;
        }
        Ok((staged, log))
    }

    /// A certificate as it is served: with the CAs above it.
    fn chain(&self, entry: &Entry, certificate: &Certificate) -> Vec<u8> {
        let above = self.authorities.served_with(entry.role.plane);
        pem(std::iter::once(certificate).chain(above)).into_bytes()
    }

    fn issue(&self, entry: &Entry, now: OffsetDateTime) -> Result<(Certificate, HeldKey)> {
        let plane = entry.role.plane;
        let failed = || {
            Failure::bad_input(format!(
                "the {} CA cannot issue the certificate for {}",
                plane.name(),
                entry.role.name
            ))
            .next(format!("check ca/{}.crt and ca/root.crt: what they issue is not accepted", plane.name()))
        };
        let signer = match plane {
            Plane::Peer => &self.peer,
            Plane::Client => &self.client,
        };
        let Some(signer) = signer else {
            return Err(Failure::internal("a CA's key was not read before it signs"));
        };
        let issued = match &entry.request {
            None => signer.issue(&entry.spec, now).map(|issued| {
                let (certificate, key) = issued.into_parts();
                (certificate, HeldKey::Here(Zeroizing::new(key.to_pem().as_bytes().to_vec())))
            }),
            Some(request) => signer
                .issue_for(&entry.spec, request, now)
                .map(|certificate| (certificate, HeldKey::OnNode(request.clone()))),
        };
        let (certificate, key) = issued.map_err(|error| failed().because(&error))?;
        // Whatever a CA that was made elsewhere brings about, no certificate is written that its verifiers
        // would refuse, all the way to the root that clients trust.
        self.authorities
            .verify(plane, &certificate, entry.spec.usages, &entry.spec.names, now)
            .map_err(|error| failed().because(&error))?;
        Ok((certificate, key))
    }
}

/// A node that has made its own keys makes them all.
fn refuse_to_make_a_key(zone: &ZoneDirectory, assessment: &Assessment<'_>, entry: &Entry) -> Result<()> {
    let is_revoked = matches!(entry.verdict, Verdict::Issue(IssueReason::Reinstated));
    if (entry.request.is_some() && !is_revoked) || !assessment.has_keys_elsewhere() {
        return Ok(());
    }
    let (node, full) = (assessment.holder.short_name(), assessment.holder.name());
    Err(Failure::new(
        Exit::MissingInput,
        format!("there is no request for the {} certificate of {node}", entry.role.name),
    )
    .because(format!("{node} makes its own keys, so none is made for it here"))
    .next(zone.proposed_requests(&full, if is_revoked { " --new-keys" } else { "" }, "")))
}

fn store_failure(paths: &ZonePaths, error: &zone_pki::StoreError) -> Failure {
    let what = format!("cannot write certificates below {}", paths.root().shown());
    Failure::write_chain(
        what,
        error,
        "each holder has its old certificates or its new ones, none of them damaged",
    )
}
