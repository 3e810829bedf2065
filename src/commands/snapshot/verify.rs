//! `snapshot verify`: what `status` checks, and a drill: the snapshot is restored, and an etcd started on it.

use std::path::Path;

use bytesize::ByteSize;
use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::reading::{check, file, identity, refuse, site_if_any, trust};
use super::status::SnapshotStatus;
use crate::cli::{Format, SnapshotVerifyArgs};
use crate::output::{json, print};
use host::{Durability, free_space, temporary_directory, write_json};
use model::error::{Exit, Failure, Result};
use model::formats::{DrillRecord, Seal};
use model::report;
use rehearsal::{Drill, Programs};
use store::snapshot::Checked;

/// The log of a member that has just begun, and the file that it makes ready for the next
/// (`SegmentSizeBytes` in etcd's `server/storage/wal/wal.go`).
const LOG: u64 = 2 * (64 << 20);

#[tracing::instrument(skip_all, name = "snapshot verify")]
pub(super) fn run(arguments: &SnapshotVerifyArgs, now: OffsetDateTime) -> Result<()> {
    let of = &arguments.status;
    let site = site_if_any(&of.site)?;
    let trust = site.as_ref().map(|site| trust(site, now)).transpose()?;
    let file = file(of.file.as_deref(), site.as_ref())?;
    let identity = identity(of.identity.as_deref())?;
    refuse_without_room(&file)?;
    let wanted = (identity.as_ref(), of.signed);
    let checked = check(&file, trust.as_ref(), wanted)?;
    let record = match (&checked.manifest, checked.faults.is_empty()) {
        (Some(manifest), true) => {
            if checked.database.is_none() {
                return Err(sealed(&file));
            }
            let identity = identity.filter(|_| manifest.seal != Seal::Plain);
            let programs = Programs { etcd: arguments.etcd.clone(), zone_etcd: None };
            report::progress("restoring it, and starting an etcd on it");
            let record = Drill { file: &file, identity, manifest, programs }.hold()?;
            write_json(&checked.paths.drill, &record, Durability::Synced)
                .map_err(|error| Failure::write(&checked.paths.drill, &error))?;
            Some(record)
        }
        _ => None,
    };
    let status = SnapshotStatus::of(&checked);
    print(&match of.format {
        Format::Text => status.text(),
        Format::Json => json(&status)?,
    })?;
    refuse(&checked)?;
    record.map_or(Ok(()), |record| refuse_failed(&checked, &record))
}

fn refuse_failed(checked: &Checked, record: &DrillRecord) -> Result<()> {
    if record.passed {
        return Ok(());
    }
    let what = format!("{} does not restore to what its manifest says", checked.paths.file.shown());
    let failure = record.faults.iter().cloned().fold(Failure::bad_input(what), Failure::because);
    Err(failure.next("use another snapshot; where the zone is: zone-etcd snapshot list"))
}

fn sealed(file: &Path) -> Failure {
    Failure::new(Exit::Usage, format!("{} is sealed, and a drill restores what is in it", file.shown()))
        .next("name the private key that opens it with --identity")
}

fn refuse_without_room(file: &Path) -> Result<()> {
    let directory = temporary_directory();
    let size = std::fs::metadata(file).map_err(|error| Failure::read(file, &error))?.len();
    let space = free_space(&directory).map_err(|error| Failure::write(&directory, &error))?;
    // One that is sealed is written once more.
    let needed = size.saturating_mul(5) / 2 + LOG;
    if space.free >= needed {
        return Ok(());
    }
    let iec = |bytes| ByteSize::b(bytes).display().iec().to_string();
    Err(Failure::new(Exit::CannotCreate, format!("there is no room for a drill in {}", directory.shown()))
        .because(format!("{} are free, and {} are needed", iec(space.free), iec(needed)))
        .next("name another directory by the variable TMPDIR"))
}
