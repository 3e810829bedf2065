//! `--rehearse`: the whole rotation, on a throwaway zone.

use std::path::Path;

use zone_pki::ShowPath;

use super::choice::asked;
use super::progress_report::{Both, ProgressReport};
use super::{OPERATION, infer};
use crate::cli::{Format, PkiRotateCaArgs};
use crate::output::{json, print};
use host::OutputFile;
use model::error::{Exit, Failure, Result};
use model::report as output;
use operations::event::Watch;
use operations::operation::Operation;
use operations::restart::RESTART_LIMIT;
use operations::rotation::{Rotation, Stage};
use operations::runbook::Runbook;
use rehearsal::{Programs, rehearse};
use store::site::Site;
use store::zone_directory::{CaPassphrase, RotationScope, ZoneDirectory};

/// What was measured is no secret.
const PAGE_MODE: u32 = 0o644;

pub(super) fn run(arguments: &PkiRotateCaArgs, zone: &ZoneDirectory) -> Result<()> {
    let page = arguments.html.as_deref().map(|page| Ok((page, place_of(page)?))).transpose()?;
    let rotated = asked(arguments).unwrap_or(RotationScope::Planes);
    output::message(&format!(
        "a zone of {} members on this machine, and {rotated} replaced in it",
        zone.config.members().count()
    ));
    output::show_progress_here();
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

fn operate(zone: &ZoneDirectory, rotated: RotationScope, watch: &mut dyn Watch) -> Result<()> {
    let site = Site::Zone(reopened(zone.paths.root())?);
    let zone = site.zone_directory()?;
    let mut narration = ProgressReport::new(zone, None);
    let mut both = Both(watch, &mut narration);
    let mut operation = Operation::begin(&site, OPERATION, RESTART_LIMIT, &mut both)?;
    let from = infer(&site, zone)?.progress.stage;
    let mut rotation = Rotation {
        operation: &mut operation,
        zone,
        rotated,
        from,
        until: Some(Stage::DropOld),
        carried: None,
        before_drop: |_| Ok(()),
        pending: None,
    };
    rotation.run()
}

fn reopened(root: &Path) -> Result<ZoneDirectory> {
    ZoneDirectory::open(root, CaPassphrase::new(None, None)?)
}
