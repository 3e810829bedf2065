//! `snapshot status`: a file against its digests and its manifest. It asks no member.

use std::fmt::Write as _;
use std::path::Path;

use bytesize::ByteSize;
use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{ShowPath, instant};

use super::keys;
use super::reading::{check, file, identity, refuse, site_if_any, trust};
use crate::cli::{Format, SnapshotStatusArgs};
use crate::output::{json, print};
use model::error::Result;
use model::foreign_text::said;
use model::formats::{DrillRecord, Seal, SnapshotManifest};
use store::snapshot::{Checked, last_drill};

#[tracing::instrument(skip_all, name = "snapshot status")]
pub(super) fn run(arguments: &SnapshotStatusArgs, now: OffsetDateTime) -> Result<()> {
    let site = site_if_any(&arguments.site)?;
    let trust = site.as_ref().map(|site| trust(site, now)).transpose()?;
    let file = file(arguments.file.as_deref(), site.as_ref())?;
    let identity = identity(arguments.identity.as_deref())?;
    let wanted = (identity.as_ref(), arguments.signed);
    let checked = check(&file, trust.as_ref(), wanted)?;
    let status = SnapshotStatus::of(&checked);
    print(&match arguments.format {
        Format::Text => status.text(),
        Format::Json => json(&status)?,
    })?;
    refuse(&checked)
}

/// For programs. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct SnapshotStatus<'c> {
    file: &'c Path,
    is_sound: bool,
    /// What is wrong with it, as sentences.
    faults: Vec<String>,
    size: u64,
    sha256: &'c str,
    /// Whether the digest behind its pages was compared: a sealed one has to be opened for that.
    is_database_checked: bool,
    /// SHA-256 of the certificate of the CA that has signed the manifest.
    signed_by: Option<&'c str>,
    /// Whether that is a CA of the zone; if not, it was not compared with a zone.
    is_signer_known: bool,
    manifest: Option<&'c SnapshotManifest>,
    /// The last drill of these bytes.
    drill: Option<DrillRecord>,
}

impl<'c> SnapshotStatus<'c> {
    pub(super) fn of(checked: &'c Checked) -> Self {
        Self {
            file: &checked.paths.file,
            is_sound: checked.faults.is_empty(),
            faults: checked.faults.iter().map(ToString::to_string).collect(),
            size: checked.size,
            sha256: &checked.sha256,
            is_database_checked: checked.database.is_some(),
            signed_by: checked.signed_by.as_deref(),
            is_signer_known: checked.is_signer_known,
            manifest: checked.manifest.as_ref(),
            drill: last_drill(&checked.paths, &checked.sha256),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut out = format!("{}\n", self.file.shown());
        let mut line = |name: &str, text: String| {
            let _ = writeln!(out, "  {name:<10} {text}");
        };
        if let Some(manifest) = self.manifest {
            line("zone", format!("{}, cluster {}", said(&manifest.zone), said(&manifest.cluster_id)));
            let source = &manifest.from;
            line(
                "taken",
                format!(
                    "{}, from {} (etcd {})",
                    instant(manifest.taken_at),
                    said(&source.name),
                    said(&source.version)
                ),
            );
            let keys = keys(manifest);
            let least = if manifest.seal == Seal::Plain { "" } else { " at least" };
            line("revision", format!("{}{least}{keys}", manifest.revision));
            if manifest.without_quorum {
                line("quorum", "there was none: writes may be missing".to_owned());
            }
        }
        line("size", ByteSize::b(self.size).display().iec().to_string());
        if let Some(manifest) = self.manifest {
            let opened = match (manifest.seal, self.is_database_checked) {
                (Seal::Plain, _) => "",
                (_, true) => ", opened",
                (_, false) => ", not opened: with --identity KEYFILE the database in it is checked too",
            };
            line("seal", format!("{}{opened}", manifest.seal));
            line(
                "signature",
                match (self.signed_by, self.is_signer_known) {
                    (Some(_), true) => "by a CA of the zone".to_owned(),
                    (Some(sha256), false) => format!("by the CA {sha256}, which was compared with no zone"),
                    (None, _) => "none".to_owned(),
                },
            );
        }
        line(
            "drill",
            match &self.drill {
                Some(drill) if drill.passed => format!("passed, {}", instant(drill.at)),
                Some(drill) => format!("failed, {}", instant(drill.at)),
                None => "never".to_owned(),
            },
        );
        out
    }
}
