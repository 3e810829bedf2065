//! `recover salvage`: all that the log of a node holds, in a snapshot.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use zone_pki::{ShowPath, regular_file};

use crate::arguments::open_site;
use crate::cli::{Format, RecoverSalvageArgs};
use crate::output::{json, print};
use launch::refuse_without_member;
use model::error::{Exit, Failure, Result};
use model::report;
use operations::recovery::{Salvage, SalvageReport, Salvaged};
use store::snapshot::SnapshotPaths;

/// For how long nothing may come of a snapshot on this machine.
const STALL_LIMIT: Duration = Duration::from_secs(60);

#[tracing::instrument(skip_all, name = "recover salvage")]
pub(super) fn run(arguments: &RecoverSalvageArgs) -> Result<()> {
    let place = arguments.out.as_deref().filter(|out| *out != Path::new("-")).map(Place::of).transpose()?;
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let node = site.node(arguments.node.as_deref())?;
    refuse_without_member(node)?;
    site.act_as_owner()?;
    let salvage = Salvage {
        into: place.as_ref().map(|place| place.directory.clone()),
        stem: place.as_ref().map(|place| place.stem.clone()),
        rehearse: arguments.rehearse,
        etcd: arguments.etcd.clone(),
        limit: arguments.timeout.into(),
        stall: STALL_LIMIT,
    };
    let salvaged = salvage.carry_out(&site, node)?;
    match (place, arguments.rehearse) {
        (Some(place), _) => {
            let (report, file) = salvaged.place(&place.directory)?;
            tell(arguments, &report, Some(&file))?;
            report::message(
                "next: bring both files to the signing host, before this member runs again, and type there: \
                 zone-etcd recover --help",
            );
            Ok(())
        }
        (None, true) => tell(arguments, &salvaged.report, None),
        (None, false) => send(&salvaged),
    }
}

/// Where the snapshot is to be.
struct Place {
    directory: PathBuf,
    stem: String,
}

impl Place {
    fn of(out: &Path) -> Result<Self> {
        let stem = out.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".db"));
        let stem = stem.filter(|stem| !stem.is_empty()).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("--out {}: not the name of a snapshot", out.shown()))
                .next("end it with .db, such as --out recovered.db, or write to standard output: --out -")
        })?;
        let beside = SnapshotPaths::of(out);
        if let Some(there) = [&beside.file, &beside.manifest].into_iter().find(|path| path.exists()) {
            return Err(Failure::new(Exit::CannotCreate, format!("{} is there already", there.shown()))
                .next("name another file with --out"));
        }
        let directory = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(Self { directory: directory.unwrap_or(Path::new(".")).to_owned(), stem: stem.to_owned() })
    }
}

/// For who asks from elsewhere: the report in one line, then the snapshot.
fn send(salvaged: &Salvaged) -> Result<()> {
    let failed = |error: io::Error| {
        Failure::new(Exit::CannotCreate, "cannot write to standard output").because(&error)
    };
    let report = salvaged.report.line()?;
    let path = salvaged.file.path().ok_or_else(|| Failure::internal("a snapshot that is no file"))?;
    let mut file: File = regular_file::open(path).map_err(|error| Failure::read(path, &error))?;
    let mut out = io::stdout().lock();
    out.write_all(&report).and_then(|()| io::copy(&mut file, &mut out)).map_err(failed)?;
    out.flush().map_err(failed)
}

fn tell(arguments: &RecoverSalvageArgs, told: &SalvageReport, file: Option<&Path>) -> Result<()> {
    print(&match arguments.format {
        Format::Json => json(told)?,
        Format::Text => text(told, file),
    })
}

pub(super) fn text(told: &SalvageReport, file: Option<&Path>) -> String {
    let manifest = &told.manifest;
    let mut text = String::new();
    if let Some(file) = file {
        let _ = writeln!(text, "{}", file.shown());
    }
    let keys = manifest.keys.map_or_else(String::new, |keys| format!(", {keys} keys"));
    let _ = writeln!(
        text,
        "  revision {}{keys}, {}, after {:.1} s\n  all {} entries of the log, {} of them beyond what the \
         member knew to be committed",
        manifest.revision,
        ByteSize::b(manifest.size).display().iec(),
        Duration::from_millis(told.took_ms).as_secs_f64(),
        told.log.position.last_index,
        told.entries_salvaged
    );
    for error in &told.errors {
        let _ = writeln!(text, "  it says: {error}");
    }
    text
}
