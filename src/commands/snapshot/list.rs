//! `snapshot list`: the snapshots of a directory by their manifests. Their bytes are not read.

use std::path::Path;

use bytesize::ByteSize;
use serde::Serialize;
use zone_pki::{ShowPath, instant};

use super::DIRECTORY;
use crate::arguments::open_site;
use crate::cli::{Format, SnapshotListArgs};
use crate::output::{json, print};
use model::error::Result;
use model::formats::{DrillRecord, SnapshotManifest};
use model::report::Table;
use store::snapshot::{ListedSnapshot, list};

#[tracing::instrument(skip_all, name = "snapshot list")]
pub(super) fn run(arguments: &SnapshotListArgs) -> Result<()> {
    let directory = match &arguments.directory {
        Some(directory) => directory.clone(),
        None => open_site(&arguments.site)?.directory().join(DIRECTORY),
    };
    let found = list(&directory)?;
    print(&match arguments.format {
        Format::Text => text(&found),
        Format::Json => json(&found.iter().map(Row::of).collect::<Vec<_>>())?,
    })
}

/// For programs. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'l> {
    file: &'l Path,
    /// What can be seen to be wrong without reading it.
    fault: Option<&'l str>,
    is_signed: bool,
    manifest: Option<&'l SnapshotManifest>,
    /// The last drill of these bytes.
    drill: Option<&'l DrillRecord>,
}

impl<'l> Row<'l> {
    fn of(listed: &'l ListedSnapshot) -> Self {
        Self {
            file: &listed.paths.file,
            fault: listed.fault.as_deref(),
            is_signed: listed.is_signed,
            manifest: listed.manifest.as_ref(),
            drill: listed.drill.as_ref(),
        }
    }
}

fn text(found: &[ListedSnapshot]) -> String {
    let mut table = Table::new(&["file", "taken", "revision", "size", "from", "seal", "drill", "fault"]);
    for listed in found {
        let name = listed.paths.file.file_name().map(Path::new).map(|name| name.shown().to_string());
        let of = |text: fn(&SnapshotManifest) -> String| {
            listed.manifest.as_ref().map_or_else(|| "-".to_owned(), text)
        };
        let drill = match &listed.drill {
            Some(drill) if drill.passed => "passed",
            Some(_) => "failed",
            None => "never",
        };
        table.row([
            name.unwrap_or_default(),
            of(|manifest| instant(manifest.taken_at)),
            of(|manifest| manifest.revision.to_string()),
            of(|manifest| ByteSize::b(manifest.size).display().iec().to_string()),
            of(|manifest| manifest.from.name.clone()),
            of(|manifest| manifest.seal.to_string()),
            drill.to_owned(),
            listed.fault.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table.render()
}
