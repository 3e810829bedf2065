//! `snapshot save`: from a follower that has caught up, to a file that is whole or not there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::pruning::prune;
use super::{DIRECTORY, keys};
use crate::arguments::open_site;
use crate::cli::{Format, SnapshotSaveArgs};
use crate::output::{json, print};
use model::error::{Exit, Failure, Result};
use model::formats::SnapshotManifest;
use model::report::{self, shell_quoted_path};
use operations::event::Told;
use operations::operation::Operation;
use operations::snapshot::{Outlet, SnapshotRequest, TakenSnapshot};
use store::bundle::{Recipient, Sealing};
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::snapshot::{Keep, SENT};
use store::zone_directory::{DocumentSigner, create_directory, document_signer};

/// No member is restarted.
const NO_RESTART: Duration = Duration::ZERO;

#[tracing::instrument(skip_all, name = "snapshot save")]
pub(super) fn run(arguments: &SnapshotSaveArgs, now: OffsetDateTime) -> Result<()> {
    let recipients = recipients(&arguments.recipients)?;
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    site.refuse_unless_issued()?;
    let from = arguments.from.as_deref().map(|name| member_named(&site, name)).transpose()?;
    site.act_as_owner()?;
    bring_admin_up_to_date(&site, now);
    // Before the long part: it may ask for a passphrase.
    let signer = signer(&site, arguments, now)?;
    let outlet = outlet(arguments)?;
    let directory = match (&arguments.to, &outlet) {
        (Some(to), None) => to.clone(),
        (_, None) => site.directory().join(DIRECTORY),
        (_, Some(_)) => {
            let directory = site.directory().join(DIRECTORY);
            create_directory(&directory)?;
            directory.join(SENT)
        }
    };
    let request = SnapshotRequest {
        directory: &directory,
        from,
        sealing: match recipients.is_empty() {
            true => Sealing::Plain,
            false => Sealing::Recipients(recipients.iter().collect()),
        },
        signer: signer.as_ref(),
        without_quorum: arguments.without_quorum,
        stall: arguments.stall_timeout.into(),
        outlet: outlet.as_ref(),
    };
    let mut watch = Told(&site);
    let mut operation = Operation::with(None, &site, "snapshot save", NO_RESTART, &mut watch);
    let taken = operation.save_snapshot(&request)?;
    let keep = Keep { last: arguments.keep, daily: arguments.keep_daily, weekly: arguments.keep_weekly };
    let removed = if outlet.is_some() { Vec::new() } else { prune(&taken, keep)? };
    let told = match arguments.format {
        Format::Text => text(&taken, signer.is_some(), &removed),
        Format::Json => json(&Saved::of(&taken, signer.is_some(), &removed))?,
    };
    match outlet {
        // Standard output is the snapshot.
        Some(Outlet::StandardOutput) => report::message(told.trim_end()),
        _ => print(&told)?,
    }
    if taken.manifest.without_quorum {
        report::warning("the members had no quorum: what was written last may be missing");
    }
    if outlet.is_some() {
        let manifest = taken.paths.manifest.shown();
        report::message(&format!(
            "it was sent; its manifest is in {manifest}, to lie beside it where it is read"
        ));
        return Ok(());
    }
    let status = format!("snapshot status {}", shell_quoted_path(&taken.paths.file));
    report::message(&format!("next: check the file, wherever it is kept: {}", site.proposed(&status)));
    Ok(())
}

/// What it is sent to, if it is not written to a directory.
fn outlet(arguments: &SnapshotSaveArgs) -> Result<Option<Outlet>> {
    let refused = |what: &str, next: &str| Failure::new(Exit::Usage, what.to_owned()).next(next.to_owned());
    let is_standard_output = arguments.to.as_deref() == Some(Path::new("-"));
    let outlet = match &arguments.to_command {
        Some(line) => Outlet::Command(line.clone()),
        None if is_standard_output => Outlet::StandardOutput,
        None => return Ok(None),
    };
    if arguments.keep.or(arguments.keep_daily).or(arguments.keep_weekly).is_some() {
        return Err(refused("older snapshots are removed from a directory only", "leave --keep out"));
    }
    if is_standard_output && report::is_terminal() {
        return Err(refused("standard output is a terminal", "redirect it, or name a directory with --to"));
    }
    Ok(Some(outlet))
}

fn member_named<'s>(site: &'s Site, name: &str) -> Result<&'s model::config::Node> {
    site.config().node(name).filter(|node| node.member).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{name} is no member of {}", site.config().name))
            .next(site.config().known_nodes())
    })
}

fn recipients(keys: &[String]) -> Result<Vec<Recipient>> {
    let parse = |text: &String| {
        // The text itself may be a private key.
        Recipient::parse(text).map_err(|error| {
            Failure::new(Exit::Usage, "--recipient: no key that a snapshot can be sealed to")
                .because(&error)
                .next(
                    "give the public key: what `age-keygen -y KEYFILE` prints, or a line of \
                     ~/.ssh/id_ed25519.pub",
                )
        })
    };
    keys.iter().map(parse).collect()
}

/// The CA that signs; none on a node, which has the key of no CA.
fn signer(site: &Site, arguments: &SnapshotSaveArgs, now: OffsetDateTime) -> Result<Option<DocumentSigner>> {
    match site.zone().filter(|_| !arguments.no_signature) {
        None => Ok(None),
        Some(zone) => document_signer(zone, &site.authorities(now)?, now).map(Some),
    }
}

/// For programs. Fields are added, never renamed.
#[derive(Serialize)]
struct Saved<'t> {
    file: &'t PathBuf,
    manifest_file: &'t PathBuf,
    is_signed: bool,
    /// Older ones that were not to be kept.
    removed: &'t [PathBuf],
    manifest: &'t SnapshotManifest,
}

impl<'t> Saved<'t> {
    fn of(taken: &'t TakenSnapshot, is_signed: bool, removed: &'t [PathBuf]) -> Self {
        let TakenSnapshot { paths, manifest } = taken;
        Self { file: &paths.file, manifest_file: &paths.manifest, is_signed, removed, manifest }
    }
}

fn text(taken: &TakenSnapshot, is_signed: bool, removed: &[PathBuf]) -> String {
    let manifest = &taken.manifest;
    let keys = keys(manifest);
    let mut text = format!(
        "{}\n  revision {}{keys}, {}, from {} (etcd {}), {}{}\n",
        taken.paths.file.shown(),
        manifest.revision,
        ByteSize::b(manifest.size).display().iec(),
        manifest.from.name,
        manifest.from.version,
        manifest.seal,
        if is_signed { ", signed" } else { ", not signed" }
    );
    for file in removed {
        let _ = writeln!(text, "removed {}", file.shown());
    }
    text
}
