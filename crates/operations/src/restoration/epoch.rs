//! What a zone becomes by a restore: another cluster, which no member of before can be taken for.

use time::OffsetDateTime;
use zone_pki::{ShowPath, whole_seconds};

use etcd::read_snapshot;
use live::LiveZone;
use model::error::{Exit, Failure, Result};
use model::formats::{
    RecoveredLog, RestoredEpoch, RestoredSnapshot, SalvagedLog, Seal, SnapshotDatabase, SnapshotManifest,
};
use store::snapshot::{Checked, DIRECTORY, list};
use store::zone_directory::{Authorities, ZoneDirectory, draw_token, read_restored};

/// So much every revision is raised at least: who has seen a later one than the snapshot has is told that it
/// was compacted, and reads again. It is what etcd's documentation proposes: eleven days of 1000 writes a
/// second.
const BUMP_AT_LEAST: i64 = 1_000_000_000;

/// What the zone is to become, and whether that was decided on before: by the same command, which was
/// interrupted.
#[derive(Debug)]
pub(super) struct PlannedEpoch {
    pub(super) epoch: RestoredEpoch,
    pub(super) is_new: bool,
    /// What was recorded when it was planned.
    pub(super) before: Option<RestoredEpoch>,
}

/// Goes on with the restore that is under way if it is of the same snapshot and for the same members, and
/// plans another one otherwise.
pub(super) fn plan(
    zone: &ZoneDirectory,
    snapshot: &Checked,
    live: &LiveZone,
    now: OffsetDateTime,
) -> Result<PlannedEpoch> {
    let (before, members) = (read_restored(&zone.paths)?, RestoredEpoch::members_of(&zone.config));
    let database = database_of(snapshot)?;
    if let Some(epoch) = before.as_ref().filter(|epoch| epoch.completed_at.is_none())
        && epoch.snapshot.database == database
        && epoch.members == members
    {
        return Ok(PlannedEpoch { epoch: epoch.clone(), is_new: false, before });
    }
    let revision = revision_of(snapshot)?;
    let token = draw_token(zone, &Authorities::load(&zone.paths, now)?)?;
    let cluster_id = RestoredEpoch::cluster_of(&members, &token).id.to_string();
    let highest = highest_seen(zone, live, before.as_ref());
    let epoch = RestoredEpoch {
        format: RestoredEpoch::FORMAT,
        epoch: before.as_ref().map_or(0, |before| before.epoch) + 1,
        token,
        cluster_id,
        snapshot: RestoredSnapshot {
            name: snapshot.paths.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            database,
            revision,
            salvaged_from: snapshot.manifest.as_ref().and_then(salvaged_from),
        },
        bump_revision: bump(highest, revision),
        members,
        made_at: whole_seconds(now),
        staged_at: None,
        completed_at: None,
    };
    Ok(PlannedEpoch { epoch, is_new: true, before })
}

fn salvaged_from(manifest: &SnapshotManifest) -> Option<SalvagedLog> {
    let RecoveredLog { last_term, last_index, .. } = *manifest.recovered.as_ref()?;
    Some(SalvagedLog { cluster_id: manifest.cluster_id.clone(), last_term, last_index })
}

/// By how much the revisions of a snapshot are raised where the highest was seen at `highest`.
fn bump(highest: i64, revision: i64) -> i64 {
    BUMP_AT_LEAST.max(highest.saturating_add(highest / 5).saturating_sub(revision))
}

fn database_of(snapshot: &Checked) -> Result<SnapshotDatabase> {
    let of_manifest = || snapshot.manifest.as_ref().map(|manifest| manifest.database.clone());
    snapshot.database.clone().or_else(of_manifest).ok_or_else(|| {
        let file = snapshot.paths.file.shown();
        Failure::new(Exit::Usage, format!("{file} is sealed, and what is in it is not known"))
            .next("name the private key that opens it with --identity")
    })
}

/// A sealed one has what its manifest says, at least.
fn revision_of(snapshot: &Checked) -> Result<i64> {
    match &snapshot.manifest {
        Some(manifest) if manifest.seal != Seal::Plain => Ok(manifest.revision),
        _ => {
            let file = &snapshot.paths.file;
            let facts = read_snapshot(file).map_err(|error| {
                Failure::bad_input(format!("{} cannot be restored", file.shown()))
                    .because(&error)
                    .next("use another snapshot: zone-etcd snapshot list")
            })?;
            Ok(facts.revision)
        }
    }
}

/// The highest revision that any client may have seen, as far as that is known here.
fn highest_seen(zone: &ZoneDirectory, live: &LiveZone, before: Option<&RestoredEpoch>) -> i64 {
    let listed = list(&zone.paths.root().join(DIRECTORY)).unwrap_or_default();
    let snapshots = listed.into_iter().filter_map(|listed| listed.manifest);
    let of_zone = snapshots.filter(|manifest| manifest.zone == zone.config.name.as_str());
    let answered = live.members.iter().filter_map(|member| member.status.as_ref().ok());
    of_zone
        .map(|manifest| manifest.revision)
        .chain(answered.map(|status| status.revision))
        .chain(before.map(RestoredEpoch::first_revision))
        .max()
        .unwrap_or_default()
}
