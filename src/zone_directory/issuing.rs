//! Issues what is missing and switches each holder to a new generation.

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{Authority, Certificate, FileKind, IssuanceLog, Issued, LogEntry, Staged, commit_all};

use super::ZoneLock;
use super::assessment::{Assessment, Entry, Verdict};
use super::authorities::{Authorities, load_authority};
use super::chain::pem;
use super::failures::issuance_log_failure;
use crate::error::{Failure, Result};
use crate::plan::{Plane, ZonePaths};

/// Fewer holders than this are done before a second thread has started.
const WORTH_A_THREAD: usize = 8;

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
    /// An issuer for a zone that nobody else changes.
    pub fn new(paths: &'z ZonePaths, authorities: &'z Authorities, _held: &ZoneLock) -> Result<Self> {
        let path = paths.issuance_log();
        let log = IssuanceLog::open(&path).map_err(|error| issuance_log_failure(paths, &error))?;
        Ok(Self { paths, authorities, peer: None, client: None, log })
    }

    /// Brings the holders of `assessments` up to date, as one step for the disk. Returns how many certificates were issued.
    ///
    /// The log is on disk before any of the certificates is in use, so no certificate in use is missing from it.
    pub fn bring_up_to_date(&mut self, assessments: &[Assessment<'_>], now: OffsetDateTime) -> Result<usize> {
        let incomplete: Vec<&Assessment<'_>> =
            assessments.iter().filter(|assessment| !assessment.is_complete()).collect();
        self.read_keys(&incomplete, now)?;
        let (staged, entries): (Vec<Staged>, Vec<Vec<LogEntry>>) =
            self.stage_all(&incomplete, now)?.into_iter().unzip();
        let entries = entries.concat();
        self.log.append(&entries).map_err(|error| issuance_log_failure(self.paths, &error))?;
        // One file system sync serves them all; for a single generation its files alone are cheaper to sync.
        let committed = match staged.len() {
            0 => Ok(()),
            1 => staged.into_iter().try_for_each(|staged| staged.commit().map(drop)),
            _ => commit_all(staged).map(drop),
        };
        committed.map_err(|error| store_failure(self.paths, &error))?;
        Ok(entries.len())
    }

    fn read_keys(&mut self, assessments: &[&Assessment<'_>], now: OffsetDateTime) -> Result<()> {
        let entries = || assessments.iter().flat_map(|assessment| &assessment.entries);
        let signs = |plane| {
            entries().any(|entry| entry.role.plane == plane && matches!(entry.verdict, Verdict::Issue(_)))
        };
        for (plane, slot) in [(Plane::Peer, &mut self.peer), (Plane::Client, &mut self.client)] {
            if slot.is_none() && signs(plane) {
                *slot = Some(load_authority(self.paths, plane.name(), now)?);
            }
        }
        Ok(())
    }

    fn stage_all(
        &self,
        assessments: &[&Assessment<'_>],
        now: OffsetDateTime,
    ) -> Result<Vec<(Staged, Vec<LogEntry>)>> {
        let stage = |part: &[&Assessment<'_>]| -> Result<Vec<(Staged, Vec<LogEntry>)>> {
            part.iter().map(|assessment| self.stage(assessment, now)).collect()
        };
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if workers == 1 || assessments.len() < WORTH_A_THREAD {
            return stage(assessments);
        }
        std::thread::scope(|scope| {
            let parts = assessments.chunks(assessments.len().div_ceil(workers));
            let running: Vec<_> = parts.map(|part| scope.spawn(move || stage(part))).collect();
            let mut staged = Vec::with_capacity(assessments.len());
            for worker in running {
                staged.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(staged)
        })
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
                    let issued = self.issue(entry, now)?;
                    log.push(log_entry(assessment, entry, &issued, now));
                    let chain = self.chain(entry, issued.certificate());
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
        Ok((staged, log))
    }

    /// A certificate as it is served: with the CAs above it.
    fn chain(&self, entry: &Entry, certificate: &Certificate) -> Vec<u8> {
        let above = self.authorities.served_with(entry.role.plane);
        pem(std::iter::once(certificate).chain(above)).into_bytes()
    }

    fn issue(&self, entry: &Entry, now: OffsetDateTime) -> Result<Issued> {
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
        let issued = signer.issue(&entry.spec, now).map_err(|error| failed().because(&error))?;
        // Whatever a CA that was made elsewhere brings about, no certificate is written that its verifiers would refuse, all
        // the way to the root that clients trust.
        self.authorities
            .verify(plane, issued.certificate(), entry.spec.usages, &entry.spec.names, now)
            .map_err(|error| failed().because(&error))?;
        Ok(issued)
    }
}

fn log_entry(assessment: &Assessment<'_>, entry: &Entry, issued: &Issued, now: OffsetDateTime) -> LogEntry {
    LogEntry::of(issued.certificate(), entry.role.name, &assessment.holder.name(), now)
}

fn store_failure(paths: &ZonePaths, error: &zone_pki::StoreError) -> Failure {
    let what = format!("cannot write certificates below {}", paths.root().display());
    Failure::write_chain(
        what,
        error,
        "each holder has its old certificates or its new ones, none of them damaged",
    )
}
