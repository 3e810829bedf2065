//! A data directory that is of no use to the member any more is put aside, and never deleted.

use std::path::Path;

use time::OffsetDateTime;
use time::macros::format_description;
use zone_pki::ShowPath;

use crate::error::{Exit, Failure, Result};
use crate::report;

/// Renames the data directory to `data.aside-TIME`, in UTC.
pub(super) fn move_away(data: &Path, now: OffsetDateTime) -> Result<()> {
    let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
    let stamp = now.format(&stamp).unwrap_or_default();
    let mut name = data.as_os_str().to_owned();
    name.push(format!(".aside-{stamp}"));
    let aside = Path::new(&name);
    // rename(2) would replace an empty directory without a word.
    if aside.exists() {
        return Err(Failure::new(Exit::TryAgain, format!("{} is there already", aside.shown()))
            .next("run the command again in a second"));
    }
    if let Ok(target) = std::fs::read_link(data) {
        return Err(Failure::bad_input(format!("{} points to {}", data.shown(), target.shown()))
            .because("the data would stay where it is, and new data would go elsewhere")
            .next(format!("empty it yourself: move what is in {} to another place", target.shown())));
    }
    std::fs::rename(data, aside).map_err(|error| match error.kind() {
        std::io::ErrorKind::ResourceBusy => Failure::new(
            Exit::CannotCreate,
            format!("{} is where a disk is mounted, and cannot be renamed", data.shown()),
        )
        .next(format!("move what is in it to another place on that disk: {}", data.join("member").shown())),
        _ => Failure::write(aside, &error),
    })?;
    if let Some(parent) = data.parent() {
        let synced = std::fs::File::open(parent).and_then(|directory| directory.sync_all());
        synced.map_err(|error| Failure::write(parent, &error))?;
    }
    report::message(&format!("put {} aside as {}", data.shown(), aside.shown()));
    Ok(())
}
