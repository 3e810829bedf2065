//! A snapshot that is recent enough to go on with, or one that is taken now.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::SnapshotRequest;
use crate::operation::Operation;
use model::error::Result;
use model::report;
use store::bundle::Sealing;
use store::snapshot::{Checked, DIRECTORY, ListedSnapshot, Trust, list};
use store::zone_directory::{Authorities, document_signer};

/// How old it may be.
const RECENT: Duration = Duration::from_secs(3600);
/// For how long nothing may come.
const STALL_LIMIT: Duration = Duration::from_secs(30);

impl Operation<'_> {
    /// Makes sure of a snapshot that is whole and not older than an hour: it is what is left if what comes
    /// next goes wrong.
    ///
    /// # Errors
    /// No recent snapshot is valid, and a new one cannot be taken.
    pub fn secure_snapshot(&mut self) -> Result<PathBuf> {
        let zone = self.site().zone_directory()?;
        let directory = zone.paths.root().join(DIRECTORY);
        let now = OffsetDateTime::now_utc();
        let authorities = Authorities::load(&zone.paths, now)?;
        let trusted = authorities.all().into_iter().map(|(_, certificate)| certificate.clone()).collect();
        let trust = Trust { zone: zone.config.name.as_str().to_owned(), authorities: trusted };
        let cluster = self.observer.observe()?.cluster_id.map(|id| id.to_string());
        if let Some(recent) = recent(&directory, &trust, cluster.as_deref(), now)? {
            report::message(&format!("the snapshot {} is whole, and of the last hour", recent.shown()));
            return Ok(recent);
        }
        let signer = document_signer(zone, &authorities, now)?;
        let request = SnapshotRequest {
            directory: &directory,
            from: None,
            sealing: Sealing::Plain,
            signer: Some(&signer),
            without_quorum: false,
            stall: STALL_LIMIT,
            outlet: None,
        };
        let taken = self.save_snapshot(&request)?;
        report::message(&format!("a snapshot is in {}", taken.paths.file.shown()));
        Ok(taken.paths.file)
    }
}

/// One of this cluster, taken with a quorum, signed by a CA of the zone, and read to its end.
fn recent(
    directory: &Path,
    trust: &Trust,
    cluster: Option<&str>,
    now: OffsetDateTime,
) -> Result<Option<PathBuf>> {
    if !directory.exists() {
        return Ok(None);
    }
    let is_recent = |listed: &ListedSnapshot| {
        listed.manifest.as_ref().is_some_and(|manifest| {
            !manifest.without_quorum
                && Some(manifest.cluster_id.as_str()) == cluster
                && manifest.taken_at <= now
                && now - manifest.taken_at < RECENT
        })
    };
    let is_whole = |file: &PathBuf| {
        Checked::read(file, Some(trust), None).is_ok_and(|checked| {
            checked.faults.is_empty() && checked.is_signer_known && checked.database.is_some()
        })
    };
    let newest_first = list(directory)?.into_iter().rev().filter(is_recent);
    Ok(newest_first.map(|listed| listed.paths.file).find(is_whole))
}
