//! `recover`: the zone goes on with the best log that is left.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::{ShowPath, regular_file};

use super::Restore;
use super::report::{Report, Resumed, survey as survey_text};
use super::salvage::text;
use crate::arguments::{confirm, open_zone};
use crate::cli::{Format, RecoverZoneArgs, SiteArgs, SnapshotRestoreArgs, ZoneArg};
use crate::output::{json, print, print_dry_run};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::foreign_text;
use model::formats::RestoredEpoch;
use model::report::{self as output, enumerated, shell_quoted_path};
use operations::observer::Observer;
use operations::recovery::{From, LogReport, Recovery, Survey, refuse_answering, unknown};
use operations::runbook::{DryRun, Gates, Runbook};
use operations::snapshot::trust;
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::snapshot::DIRECTORY;
use store::zone_directory::{ZoneDirectory, document_signer, read_restored};

/// For how many election timeouts a quorum is looked for: two elections, each of up to two timeouts.
const ELECTIONS: u32 = 4;

#[tracing::instrument(skip_all, name = "recover")]
pub(super) fn run(arguments: &RecoverZoneArgs, restore: Restore<'_>, now: OffsetDateTime) -> Result<()> {
    let given = given(&arguments.method)?;
    let carried = arguments.log.iter().map(|file| carried(file)).collect::<Result<Vec<_>>>()?;
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let begun = read_restored(&zone.paths)?.filter(|epoch| epoch.completed_at.is_none());
    let site = Site::Zone(zone);
    let dead = dead(&site, &arguments.dead, begun.as_ref())?;
    site.act_as_owner()?;
    let all = Survey::ask(&site, dead.clone(), carried)?;
    if let Some(file) = begun.map(|epoch| under_way(&site, arguments, &epoch, &all)).transpose()?.flatten() {
        output::message("a restore of this zone is under way: it goes on");
        return match (restore(&restore_of(arguments, file, arguments.yes))?, arguments.format) {
            (None, _) => Ok(()),
            (Some(restored), Format::Text) => restored.print(Format::Text),
            (Some(restore), Format::Json) => print(&json(&Resumed { restore })?),
        };
    }
    let mut gates = Gates::new(arguments.dry_run || arguments.rehearse);
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
    }
    let observer = Observer::new(&site);
    gates.pass(
        "no quorum, and none of the dead answers",
        refuse_answering(&observer, &dead, ELECTIONS * site.config().etcd.election, all.may_run),
    )?;
    gates.pass("members with data are no majority", all.refuse_majority(&site))?;
    let logs = all.logs.clone();
    let survey = given.is_none().then_some(all);
    if let Some(survey) = &survey {
        gates.pass("every survivor's log is known", survey.refuse_unread(&site))?;
        gates.pass("the logs are of one cluster", survey.refuse_strangers())?;
        gates.pass("no better log is given up", survey.refuse_better_dead())?;
        if arguments.format == Format::Text {
            print(&survey_text(survey))?;
        }
    }
    let authorities = site.authorities(now)?;
    let best = survey.as_ref().and_then(Survey::best);
    let from = match (given, best) {
        (Some(file), _) => From::Snapshot(file),
        (None, Some((node, log))) => From::Log(node, Box::new(log.clone())),
        (None, None) => return Err(nothing_left(&site, &arguments.dead)),
    };
    let mut recovery = Recovery {
        site: &site,
        survivors: site.config().members().filter(|node| !dead.contains(node)).collect(),
        from,
        logs,
        // Before the long part: it may ask for a passphrase.
        signer: document_signer(site.zone_directory()?, &authorities, now)?,
        trust: trust(&site, now)?,
        limit: arguments.timeout.into(),
        snapshot: None,
        salvaged: None,
        dead,
    };
    let unknown = best.map(|(_, log)| unknown(&recovery.dead, log));
    if let Some(unknown) = &unknown {
        output::message(unknown);
    }
    if arguments.dry_run {
        let listed = DryRun::of("recover", gates, &recovery, &observer.observe()?)?;
        return print_dry_run(listed, arguments.format);
    }
    if arguments.rehearse {
        let rehearsed = recovery.rehearse()?;
        let report = Report::new(&recovery, survey.as_ref(), unknown.as_deref(), Some(&rehearsed), None);
        print(&match arguments.format {
            Format::Json => json(&report)?,
            Format::Text => format!("a rehearsal, of which nothing is left:\n{}", text(&rehearsed, None)),
        })?;
        return gates.ended();
    }
    confirm(
        &what(&recovery),
        site.config().name.as_str(),
        arguments.yes,
        &again(site.zone_directory()?, arguments),
    )?;
    recovery.run()?;
    if arguments.format == Format::Text {
        print(&told(&recovery))?;
    }
    let file = recovery.snapshot.as_ref().map(|taken| taken.paths.file.clone());
    let restored = file.map_or(Ok(None), |file| restore(&restore_of(arguments, file, true)));
    let (restored, ended) = match restored {
        Ok(restored) => (restored, Ok(())),
        Err(failure) => (None, Err(failure)),
    };
    match arguments.format {
        // Also of a restore that failed: what was salvaged is there.
        Format::Json => {
            let restored = restored.as_ref();
            let report = Report::new(&recovery, survey.as_ref(), unknown.as_deref(), None, restored);
            print(&json(&report)?)?;
        }
        Format::Text => restored.map_or(Ok(()), |restored| restored.print(arguments.format))?,
    }
    ended
}

/// The snapshot of a restore that was interrupted, if it is the one that is asked for: with the very members
/// that are left, and of a log that none of them is ahead of. Otherwise the logs are to be looked at.
fn under_way(
    site: &Site,
    arguments: &RecoverZoneArgs,
    epoch: &RestoredEpoch,
    survey: &Survey<'_>,
) -> Result<Option<PathBuf>> {
    let zone = site.zone_directory()?;
    let left: BTreeSet<&str> = survey.survivors.iter().map(|node| node.name.full()).collect();
    let has_gone_on = epoch.snapshot.salvaged_from.as_ref().is_some_and(|salvaged| {
        survey.logs.iter().any(|(_, log)| {
            log.cluster_id == salvaged.cluster_id && log.rank() > (salvaged.last_term, salvaged.last_index)
        })
    });
    if has_gone_on || left != epoch.members.iter().map(|member| member.node.as_str()).collect() {
        return Ok(None);
    }
    if arguments.rehearse {
        let what = "a restore of this zone is under way: there is nothing to rehearse";
        return Err(
            Failure::new(Exit::TryAgain, what).next(format!("go on with it: {}", again(zone, arguments)))
        );
    }
    let file = zone.paths.root().join(DIRECTORY).join(&epoch.snapshot.name);
    if file.exists() {
        return Ok(Some(file));
    }
    let without: Vec<String> =
        survey.dead.iter().map(|node| format!(" --without {}", node.name.short())).collect();
    let again = format!("snapshot restore FILE{}", without.concat());
    Err(Failure::new(Exit::TryAgain, "a restore of this zone is under way")
        .because(format!("from {}, which is not in {DIRECTORY}/", epoch.snapshot.name))
        .next(format!("go on with it: {}", zone.proposed(&again))))
}

/// `is_agreed`: the operator has agreed to it.
fn restore_of(arguments: &RecoverZoneArgs, file: PathBuf, is_agreed: bool) -> SnapshotRestoreArgs {
    let ZoneArg { zone, ca_passphrase, .. } = arguments.zone.clone();
    SnapshotRestoreArgs {
        file: Some(file),
        site: SiteArgs { zone: Some(zone), config: None, ca_passphrase },
        without: arguments.dead.clone(),
        identity: None,
        allow_missing_manifest: false,
        although_quorum_answers: false,
        stage: false,
        staged: false,
        room_for: None,
        out: arguments.out.clone(),
        sealing: arguments.sealing.clone(),
        etcd: None,
        timeout: arguments.timeout,
        yes: is_agreed,
        dry_run: arguments.dry_run,
        format: arguments.format,
    }
}

fn told(recovery: &Recovery<'_>) -> String {
    let file = recovery.snapshot.as_ref().map(|taken| taken.paths.file.as_path());
    match (&recovery.salvaged, file) {
        (Some(salvaged), file) => text(salvaged, file),
        (None, Some(file)) => format!("{}\n", file.shown()),
        (None, None) => String::new(),
    }
}

/// What an operator agrees to.
fn what(recovery: &Recovery<'_>) -> String {
    let names = |nodes: &[&Node]| {
        let names: Vec<&str> = nodes.iter().map(|node| node.name.short()).collect();
        enumerated(&names)
    };
    let from = match &recovery.from {
        From::Log(node, _) => format!("what the log of {} holds", node.name.short()),
        From::Snapshot(file) => format!("what is in {}", file.shown()),
    };
    format!(
        "{} goes on as a new cluster of {}, with {from}; {} and what they alone had is given up",
        recovery.site.config().name,
        names(&recovery.survivors),
        names(&recovery.dead)
    )
}

fn again(zone: &ZoneDirectory, arguments: &RecoverZoneArgs) -> String {
    let method = match arguments.method.as_slice() {
        [method, file] => format!(" --method {method} {}", shell_quoted_path(Path::new(file))),
        _ => String::new(),
    };
    let mut command = format!("recover --dead {}{method}", arguments.dead.join(","));
    for log in &arguments.log {
        command += &format!(" --log {}", shell_quoted_path(log));
    }
    if let Some(out) = &arguments.out {
        command += &format!(" --out {}", shell_quoted_path(out));
    }
    zone.proposed(&command)
}

/// The snapshot of `--method snapshot FILE`; none with `--method log`.
fn given(method: &[String]) -> Result<Option<PathBuf>> {
    match method {
        [method] if method == "log" => Ok(None),
        [method, file] if method == "snapshot" => Ok(Some(PathBuf::from(file))),
        _ => Err(Failure::new(Exit::Usage, "--method: neither `log` nor `snapshot FILE`")
            .next("zone-etcd recover --help")),
    }
}

fn carried(file: &Path) -> Result<LogReport> {
    let text = regular_file::read(file).map_err(|error| Failure::read(file, &error))?;
    foreign_text::json(&text).map_err(|error| {
        Failure::bad_input(format!("{} is not the JSON of a log", file.shown()))
            .because(&error)
            .next("make it on the node again: zone-etcd recover log --format json")
    })
}

/// Those that a restore which is under way has left out already have no member any more.
fn dead<'s>(site: &'s Site, names: &[String], begun: Option<&RestoredEpoch>) -> Result<Vec<&'s Node>> {
    let mut dead: Vec<&Node> = Vec::new();
    for name in names {
        let node = site.node(Some(name))?;
        if begun.is_none() {
            launch::refuse_without_member(node)?;
        }
        if dead.iter().all(|known| known.name != node.name) {
            dead.push(node);
        }
    }
    Ok(dead)
}

fn nothing_left(site: &Site, dead: &[String]) -> Failure {
    Failure::new(Exit::MissingInput, "no log is left to recover from").next(format!(
        "go on from a snapshot: {}",
        site.proposed(&format!("recover --dead {} --method snapshot FILE", dead.join(",")))
    ))
}
