//! Issues what is missing and switches each holder to a new generation.

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{Authority, FileKind, IssuanceLog, Issued, LogEntry, Staged, commit_all, verify};

use super::assessment::{Assessment, Entry, Verdict};
use super::authorities::{Authorities, load_authority};
use super::failures::private_failure;
use crate::error::{Failure, Result};
use crate::plan::{Plane, ZonePaths};

/// Signs with the plane CAs of a zone. Each key is read when it is first needed.
#[derive(Debug)]
pub struct Issuer<'z> {
    paths: &'z ZonePaths,
    authorities: &'z Authorities,
    peer: Option<Authority>,
    client: Option<Authority>,
    log: IssuanceLog,
}

impl<'z> Issuer<'z> {
    /// An issuer for a zone whose lock is held.
    pub fn new(paths: &'z ZonePaths, authorities: &'z Authorities) -> Result<Self> {
        let path = paths.issuance_log();
        let log = IssuanceLog::open(&path).map_err(|error| log_failure(paths, &error))?;
        Ok(Self { paths, authorities, peer: None, client: None, log })
    }

    /// Brings the holders of `assessments` up to date, as one step for the disk. Returns how many certificates were issued.
    ///
    /// The log is on disk before any of the certificates is in use, so no certificate in use is missing from it.
    pub fn bring_up_to_date(&mut self, assessments: &[Assessment<'_>], now: OffsetDateTime) -> Result<usize> {
        let mut staged = Vec::new();
        let mut log_entries = Vec::new();
        for assessment in assessments.iter().filter(|assessment| !assessment.is_complete()) {
            staged.push(self.stage(assessment, now, &mut log_entries)?);
        }
        self.log.append(&log_entries).map_err(|error| log_failure(self.paths, &error))?;
        // One file system sync serves them all; for a single generation its files alone are cheaper to sync.
        let committed = match staged.len() {
            0 => Ok(()),
            1 => staged.into_iter().try_for_each(|staged| staged.commit().map(drop)),
            _ => commit_all(staged).map(drop),
        };
        committed.map_err(|error| store_failure(self.paths, &error))?;
        Ok(log_entries.len())
    }

    fn stage(
        &mut self,
        assessment: &Assessment<'_>,
        now: OffsetDateTime,
        log: &mut Vec<LogEntry>,
    ) -> Result<Staged> {
        // Everything is signed before the first file is made: a CA that cannot sign leaves nothing behind.
        let mut files: Vec<(String, Zeroizing<Vec<u8>>, FileKind)> = Vec::new();
        for (name, bytes) in &assessment.trust_files {
            files.push(((*name).to_owned(), bytes.clone().into(), FileKind::Public));
        }
        for entry in &assessment.entries {
            let (chain, key) = match &entry.verdict {
                Verdict::Keep { chain, key, .. } => (chain.clone(), key.clone()),
                Verdict::Issue(_) => {
                    let issued = self.issue(entry, now)?;
                    log.push(log_entry(assessment, entry, &issued, now));
                    let chain = issued.chain_pem(self.authorities.plane(entry.role.plane)).into_bytes();
                    (chain, Zeroizing::new(issued.key().to_pem().as_bytes().to_vec()))
                }
            };
            files.push((entry.role.certificate_file(), chain.into(), FileKind::Public));
            files.push((entry.role.key_file(), key, FileKind::Private));
        }
        let store_failure = |error| store_failure(self.paths, &error);
        let mut staged = assessment.store.stage().map_err(store_failure)?;
        for (name, bytes, kind) in &files {
            staged.add(name, bytes, *kind).map_err(store_failure)?;
        }
        Ok(staged)
    }

    fn issue(&mut self, entry: &Entry, now: OffsetDateTime) -> Result<Issued> {
        let plane = entry.role.plane;
        let issuing = self.authority(plane, now)?;
        let failed =
            || format!("the {} CA cannot issue the certificate for {}", plane.name(), entry.role.name);
        let issued =
            issuing.issue(&entry.spec, now).map_err(|error| Failure::bad_input(failed()).because(&error))?;
        // Whatever a CA that was made elsewhere brings about, no certificate is written that its verifiers would refuse.
        let authority = self.authorities.plane(plane);
        verify(issued.certificate(), &[], authority, entry.spec.usages, &entry.spec.names, now).map_err(
            |error| {
                Failure::bad_input(failed())
                    .because(&error)
                    .next(format!("check ca/{}.crt: what it issues is not accepted", plane.name()))
            },
        )?;
        Ok(issued)
    }

    fn authority(&mut self, plane: Plane, now: OffsetDateTime) -> Result<&Authority> {
        let slot = match plane {
            Plane::Peer => &mut self.peer,
            Plane::Client => &mut self.client,
        };
        match slot {
            Some(authority) => Ok(authority),
            None => Ok(slot.insert(load_authority(self.paths, plane.name(), now)?)),
        }
    }
}

fn log_entry(assessment: &Assessment<'_>, entry: &Entry, issued: &Issued, now: OffsetDateTime) -> LogEntry {
    LogEntry::of(issued.certificate(), entry.role.name, &assessment.holder.name(), now)
}

fn store_failure(paths: &ZonePaths, error: &zone_pki::StoreError) -> Failure {
    let what = format!("cannot write certificates below {}", paths.root().display());
    Failure::write_chain(what, error, "the certificates in use are untouched")
}

fn log_failure(paths: &ZonePaths, error: &zone_pki::LogError) -> Failure {
    if let zone_pki::LogError::File(error) = error {
        return private_failure(&paths.issuance_log(), error);
    }
    Failure::write_chain(
        format!("cannot write {}", paths.issuance_log().display()),
        error,
        "nothing was issued",
    )
}
