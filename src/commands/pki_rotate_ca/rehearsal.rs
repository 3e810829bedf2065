//! `--rehearse`: the whole rotation, on a zone that nobody needs.

use std::path::Path;

use zone_pki::ShowPath;

use super::choice::asked;
use super::hands::ReachedHands;
use super::narration::{Both, Narration};
use super::{OPERATION, infer};
use crate::cli::{Format, PkiRotateCaArgs};
use crate::commands::{json, print};
use crate::error::{Exit, Failure, Result};
use crate::host::OutputFile;
use crate::operation_lock::OperationLock;
use crate::rehearsal::{Programs, rehearse};
use crate::report as output;
use crate::rolling::{Observer, RESTART_LIMIT, Watch};
use crate::rotation::{Rotation, Stage};
use crate::site::Site;
use crate::zone_directory::{CaPassphrase, Rotated, ZoneDirectory};

/// Anybody may read what was measured.
const PAGE_MODE: u32 = 0o644;

pub(super) fn run(arguments: &PkiRotateCaArgs, zone: &ZoneDirectory) -> Result<()> {
    let page = arguments.html.as_deref().map(|page| Ok((page, place_of(page)?))).transpose()?;
    let rotated = asked(arguments).unwrap_or(Rotated::Planes);
    output::message(&format!(
        "a zone of {} members on this machine, and {rotated} replaced in it",
        zone.config.members().count()
    ));
    let measured = rehearse(&zone.config, &Programs::default(), |zone, watch| operate(zone, rotated, watch))?;
    print(&match arguments.format {
        Format::Json => json(&measured.json())?,
        Format::Text => measured.text(),
    })?;
    if let Some((page, place)) = page {
        place.write(measured.html().as_bytes(), PAGE_MODE).map_err(|error| Failure::write(page, &error))?;
        output::message(&format!("the page: {}", page.shown()));
    }
    measured.judge()
}

/// Where the page goes: nothing is replaced by it.
fn place_of(page: &Path) -> Result<OutputFile> {
    let directory = page.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        return Err(Failure::new(Exit::MissingInput, format!("there is no directory {}", directory.shown()))
            .next("make it, or name another file for the page"));
    }
    match OutputFile::behind(page) {
        Ok(OutputFile::Regular(_)) => Err(Failure::bad_input(format!("{} is there already", page.shown()))
            .next("name another file, or move it away")),
        place => place.map_err(|error| Failure::write(page, &error)),
    }
}

fn operate(zone: &ZoneDirectory, rotated: Rotated, watch: &mut dyn Watch) -> Result<()> {
    let site = Site::Zone(reopened(zone.paths.root())?);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a directory that is not a zone")) };
    let lock = OperationLock::take(&site, OPERATION)?;
    let stage = infer(&site, zone)?.standing.stage;
    let mut hands = ReachedHands::new(&site, zone, Some(lock), RESTART_LIMIT);
    let mut narration = Narration::new(zone, None);
    let mut both = Both(watch, &mut narration);
    let mut rotation =
        Rotation { zone, observer: Observer::new(&site), rotated, hands: &mut hands, watch: &mut both };
    rotation.forward(stage, Stage::DropOld, &mut |_| Ok(())).map(drop)
}

fn reopened(root: &Path) -> Result<ZoneDirectory> {
    ZoneDirectory::open(root, CaPassphrase::new(None, None)?)
}
