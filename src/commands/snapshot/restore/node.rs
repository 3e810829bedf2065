//! `snapshot restore --config`: what one node does of it.

use std::io::Read;
use std::path::Path;

use zone_pki::{ShowPath, regular_file};

use super::super::reading::identity;
use crate::cli::{Format, SnapshotRestoreArgs};
use crate::output::{json, print};
use launch::restoration::NodeRestore;
use model::error::{Failure, Result};
use model::report;
use operations::restoration::{NodeRestoreState, RestoredNode, put_in_place_here, room_here, stage_here};
use store::site::Site;
use store::snapshot::below_seal;

pub(super) fn run(arguments: &SnapshotRestoreArgs, site: &Site) -> Result<()> {
    site.refuse_unless_issued()?;
    site.act_as_owner()?;
    if let Some(size) = arguments.room_for {
        let room = room_here(site, site.node(None)?, size)?;
        return print(&match arguments.format {
            Format::Json => json(&room)?,
            Format::Text => format!(
                "{}: {} bytes are free in {}, {} are needed\n",
                room.node,
                room.free_bytes,
                room.directory.shown(),
                room.needed_bytes
            ),
        });
    }
    let restore = NodeRestore::of(site, site.node(None)?, arguments.etcd.clone())?;
    let mut told = None;
    if let Some(file) = arguments.file.as_deref().filter(|_| !arguments.staged) {
        told = Some(staged(&restore, file, arguments)?);
    }
    if !arguments.stage {
        told = Some(put_in_place_here(&restore)?);
    }
    let Some(told) = told else { return Err(Failure::internal("nothing was asked for")) };
    print(&match arguments.format {
        Format::Json => json(&told)?,
        Format::Text => text(&told),
    })?;
    if told.state == NodeRestoreState::InPlace && told.service.is_none() {
        report::message(&format!("next: start it, unless what supervises it does: {}", site.proposed("run")));
    }
    Ok(())
}

fn staged(restore: &NodeRestore<'_>, file: &Path, arguments: &SnapshotRestoreArgs) -> Result<RestoredNode> {
    let identity = identity(arguments.identity.as_deref())?;
    let name = file.shown().to_string();
    let opened: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(regular_file::open(file).map_err(|error| Failure::read(file, &error))?),
    };
    stage_here(restore, &mut *below_seal(opened, &name, identity.as_ref())?)
}

fn text(told: &RestoredNode) -> String {
    let mut text = match told.state {
        NodeRestoreState::Staged => format!("{} has the restored data, beside its own\n", told.node),
        NodeRestoreState::InPlace => format!("{} has the restored data\n", told.node),
    };
    if let Some(old) = &told.old_data {
        text += &format!("  its data of before is {}\n", old.shown());
    }
    text
}
