//! `snapshot restore`: the data of all members, replaced by that of a snapshot; or, on a node, its own.

mod node;

use std::path::Path;

use time::OffsetDateTime;

use super::reading::{check, identity, refuse, trust};
use crate::arguments::{SealChoice, confirm, open_site};
use crate::cli::SnapshotRestoreArgs;
use crate::output::{RestoredZone, print_dry_run};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report::{message, shell_quoted, shell_quoted_path, warning};
use operations::event::Told;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::restoration::{Carried, Restoration, RestoreRequest, RestoreWords, leave_out};
use operations::runbook::{DryRun, Gates, Runbook};
use store::bundle::Sealing;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::snapshot::{Checked, SnapshotFault};

const TITLE: &str = "snapshot restore";

#[tracing::instrument(skip_all, name = "snapshot restore")]
pub(super) fn run(arguments: &SnapshotRestoreArgs, now: OffsetDateTime) -> Result<Option<RestoredZone>> {
    let mut site = open_site(&arguments.site)?;
    site.report_warnings();
    if site.zone().is_none() {
        return node::run(arguments, &site).map(|()| None);
    }
    if arguments.stage || arguments.staged || arguments.room_for.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "--stage, --staged and --room-for are for one node, with its local config",
        )
        .next("leave them out here, or name a node with --config node.json"));
    }
    let Some(file) = &arguments.file else { return Err(Failure::internal("no snapshot was named")) };
    let again = again(&site, arguments, file);
    site.refuse_unless_issued()?;
    site.act_as_owner()?;
    let identity = identity(arguments.identity.as_deref())?;
    let snapshot = checked(&site, arguments, file, identity.as_ref(), now)?;
    let mut gates = Gates::new(arguments.dry_run);
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
    }
    // Also those that are to be left out: they should not run.
    let live = Observer::new(&site).observe()?;
    let edit = leave_out(&mut site, &arguments.without)?;
    let mut watch = Told(&site);
    let mut operation = Operation::with(None, &site, TITLE, arguments.timeout.into(), &mut watch);
    let seals = match (&arguments.out, site.zone()) {
        (Some(_), Some(zone)) => Some(SealChoice::read(&arguments.sealing, zone)?),
        _ => None,
    };
    let seal = |node: &Node| match &seals {
        Some(seals) => seals.of(node),
        None => Ok(Sealing::Plain),
    };
    let carried = arguments.out.as_deref().map(|directory| Carried { directory, seal: &seal });
    let request = RestoreRequest {
        snapshot: &snapshot,
        identity: identity.as_ref(),
        edit: edit.as_ref(),
        carried: carried.as_ref(),
        etcd: arguments.etcd.as_ref(),
        again: &again,
        words: RestoreWords { although_quorum_answers: arguments.although_quorum_answers },
    };
    let mut restoration = Restoration::new(&mut operation, site.zone_directory()?, request, &live, now)?;
    restoration.pass_gates(&mut gates, &live)?;
    if gates.is_dry_run() {
        let listed = DryRun::of(TITLE, gates, &restoration, &live)?;
        return print_dry_run(listed, arguments.format).map(|()| None);
    }
    let name = site.config().name.as_str();
    if restoration.is_new {
        let what = format!(
            "the data of all members of {name} is set aside, and that of {} used",
            shell_quoted_path(file)
        );
        confirm(&what, name, arguments.yes, &again)?;
        // The operator may have thought about it for minutes.
        restoration.pass_gates(&mut gates, &Observer::new(&site).observe()?)?;
    }
    restoration.run()?;
    let report = RestoredZone::of(&restoration);
    for name in &arguments.without {
        let name = site.node(Some(name))?.name.short();
        let add = site.proposed(&format!("member add {name}"));
        message(&format!("once {name} has a machine again, it comes back with: {add}"));
    }
    if report.no_space {
        warning("the alarm NOSPACE came with the data: no writes are taken before it is ended");
        message(&format!("next: see what it takes: {}", site.proposed("doctor")));
    }
    Ok(Some(report))
}

/// Reads the snapshot to its end, and refuses one that is not as it should be.
fn checked(
    site: &Site,
    arguments: &SnapshotRestoreArgs,
    file: &Path,
    identity: Option<&store::bundle::Identity>,
    now: OffsetDateTime,
) -> Result<Checked> {
    let checked = check(file, Some(&trust(site, now)?), (identity, false))?;
    match checked.faults.as_slice() {
        [SnapshotFault::NoManifest(_)] if arguments.allow_missing_manifest => {
            warning("the snapshot has no manifest: that it is of this zone, only you know");
        }
        [SnapshotFault::NoManifest(_)] => {
            return refuse(&checked)
                .map_err(|failure| {
                    let next = failure.next.clone().unwrap_or_default();
                    failure
                        .next(format!("{next}; if it is lost: run the command with --allow-missing-manifest"))
                })
                .map(|()| checked);
        }
        _ => refuse(&checked)?,
    }
    if checked.manifest.is_some() && !checked.is_signer_known {
        warning("the manifest is not signed by a CA of the zone: who has made the snapshot, only you know");
    }
    Ok(checked)
}

/// The command, as it is typed once more.
fn again(site: &Site, arguments: &SnapshotRestoreArgs, file: &Path) -> String {
    let mut command = format!("{TITLE} {}", shell_quoted_path(file));
    for name in &arguments.without {
        command += &format!(" --without {}", shell_quoted(name));
    }
    if let Some(identity) = &arguments.identity {
        command += &format!(" --identity {}", shell_quoted_path(identity));
    }
    let said = [
        (arguments.allow_missing_manifest, " --allow-missing-manifest"),
        (arguments.although_quorum_answers, " --although-quorum-answers"),
    ];
    said.iter().filter(|(is_said, _)| *is_said).for_each(|(_, option)| command += option);
    if let Some(etcd) = &arguments.etcd {
        command += &format!(" --etcd {}", shell_quoted_path(etcd));
    }
    if let Some(out) = &arguments.out {
        command += &format!(" --out {}", shell_quoted_path(out));
    }
    for recipient in &arguments.sealing.recipients {
        command += &format!(" --recipient {}", shell_quoted(recipient));
    }
    if let Some(file) = &arguments.sealing.recipients_file {
        command += &format!(" --recipients-file {}", shell_quoted_path(file));
    }
    if let Some(file) = &arguments.sealing.passphrase.passphrase_file {
        command += &format!(" --passphrase-file {}", shell_quoted_path(file));
    }
    if arguments.sealing.no_encryption {
        command += " --no-encryption";
    }
    site.proposed(&command)
}
