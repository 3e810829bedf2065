//! A node refuses more than this zone directory knows of: its lists are kept here until the operator says
//! that they count.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use time::OffsetDateTime;
use zone_pki::{RevocationList, regular_file};

use launch::activation::ListsInUse;
use model::config::Node;
use model::error::{Failure, Result};
use model::plan::Plane;
use model::report::shell_quoted_path;
use store::zone_directory::{Authorities, ZoneDirectory, plane_that_signed};

/// What to say of it, with the command that takes over what the node knows. `refused` is what the node said.
/// What none of the zone's CAs has signed is kept nowhere.
pub(super) fn kept(zone: &ZoneDirectory, node: &Node, in_use: &ListsInUse, refused: Failure) -> Failure {
    match keep(zone, node, in_use) {
        Ok(files) if files.is_empty() => refused,
        Ok(files) => {
            let files: Vec<String> = files.iter().map(|file| shell_quoted_path(file)).collect();
            let adopt = zone.proposed(&format!("pki revoke --adopt-list {}", files.join(" ")));
            refused.next(format!(
                "take over what {} refuses, of which this zone directory does not know: {adopt}",
                node.name.short()
            ))
        }
        Err(failure) => refused.because(format!("its lists were not kept here: {failure}")),
    }
}

fn keep(zone: &ZoneDirectory, node: &Node, in_use: &ListsInUse) -> Result<Vec<PathBuf>> {
    if in_use.node != node.name.full() {
        return Ok(Vec::new());
    }
    let authorities = Authorities::load_before_their_time(&zone.paths, OffsetDateTime::now_utc())?;
    let signed = |plane: &Plane| {
        let list = RevocationList::from_der(in_use.of(*plane)?).ok()?;
        (plane_that_signed(zone, &authorities, &list) == Some(*plane)).then_some((*plane, list))
    };
    let lists = Plane::ALL.iter().filter_map(signed);
    lists.map(|(plane, list)| write(&zone.paths.received_list(&node.name, plane), &list)).collect()
}

/// What was kept before of this node is in its newer list, unless it tells less now than it did.
fn write(path: &Path, list: &RevocationList) -> Result<PathBuf> {
    let kept = regular_file::read(path).ok().and_then(|der| RevocationList::from_der(&der).ok());
    if kept.is_some_and(|kept| list.missing_of(&kept).next().is_some()) {
        return Ok(path.to_owned());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let written = || {
        std::fs::create_dir_all(directory)?;
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(list.der())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    written().map(|_| path.to_owned()).map_err(|error| Failure::write(path, &error))
}
