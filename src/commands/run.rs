//! `run`: issue what is missing, and become etcd.

use std::time::Instant;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::arguments::{launch_options, open_site_to_start};
use crate::cli::{LaunchArgs, RunArgs};
use etcd::{become_etcd, dropped_settings};
use host::{close_inherited, end_with, hand_on_core_limit};
use launch::{FoundBinary, Launch, LaunchOptions, lock_node, refuse_without_member};
use model::config::{EtcdSettings, Node, Protection};
use model::error::{Exit, Failure, Result};
use model::report;
use store::site::{Certificates, Site};
use store::zone_directory::{Authorities, Issuer, Verdict, ZoneDirectory};

#[tracing::instrument(skip_all, name = "run")]
pub(super) fn run(arguments: RunArgs, now: OffsetDateTime) -> Result<()> {
    if let Some(parent) = arguments.end_with_parent {
        end_with(parent)?;
    }
    let begun = Instant::now();
    let LaunchArgs { site, node, start } = arguments.launch;
    let (site, is_first_registration) = open_site_to_start(&site, true, now)?;
    let site = match site {
        Site::Zone(zone) => Site::Zone(zone.with_clock_said_right(arguments.clock_is_right)),
        node => node,
    };
    site.report_warnings();
    let node = site.node(node.as_deref())?;
    refuse_without_member(node)?;
    let paths = site.node_paths(&node.name);
    let lock = lock_node(&paths)?;
    let options = launch_options(&site, node, start, is_first_registration)?;
    let found = FoundBinary::look_for(&site, node, &options)?;
    let launch = prepare(&site, node, &options, found, now)?;
    let announced = launch.announce_judged(node, now)?;
    let start = launch.judge_and_proceed(node, &announced, now)?;
    start.warnings.iter().for_each(|warning| report::warning(warning));
    launch.remember_binary()?;
    if let Some(announcement) = start.announcement(&launch) {
        report::message(&announcement);
    }
    let settings = &launch.member.settings;
    tell_what_is_dropped(settings);
    let lock = lock.keep_across_exec().map_err(|error| Failure::write(&paths.lock(), &error))?;
    close_inherited(lock).and_then(|()| hand_on_core_limit(settings.core_dumps)).map_err(|error| {
        Failure::new(Exit::Permission, "cannot leave behind what is not etcd's")
            .because(&error)
            .next("run it where /proc is mounted, and with limits that it may set; systemd: LimitCORE=0")
    })?;
    tracing::info!(path = %launch.binary.path.shown(), after = ?begun.elapsed(), "becomes etcd");
    let error = become_etcd(&launch.binary.path, &start.arguments, &settings.keep_environment);
    Err(Failure::new(Exit::for_io(&error), format!("cannot run {}", launch.binary.path.shown()))
        .because(&error)
        .next("check that the file is an etcd for this machine"))
}

/// A memory limit that is not there any more would be missed late.
fn tell_what_is_dropped(settings: &EtcdSettings) {
    let dropped = dropped_settings(&settings.keep_environment);
    if !dropped.is_empty() {
        report::warning(&format!(
            "not passed on to etcd: {}; to keep one, name it in `keep_environment` of [etcd]",
            dropped.join(", ")
        ));
    }
}

/// On the signing host, what is missing is issued first. An activated node has what it was given.
fn prepare<'z>(
    site: &'z Site,
    node: &'z Node,
    options: &LaunchOptions,
    found: FoundBinary,
    now: OffsetDateTime,
) -> Result<Launch<'z>> {
    match site {
        Site::Zone(zone) if zone.config.tls == Protection::Issued => {
            match prepare_complete(site, zone, node, options, &found, now)? {
                Some(launch) => Ok(launch),
                None => prepare_and_issue(site, zone, node, options, found, now),
            }
        }
        Site::Zone(_) | Site::Node(_) => {
            let certificates = site.certificates(node, now)?;
            let launch = Launch::prepare_with(found, site, node, certificates, options, now)?;
            launch.refuse_by_machine()?;
            if let Some(sources) = site.sources(node) {
                sources.lay_down(&launch.member.paths)?;
            }
            Ok(launch)
        }
    }
}

/// Members that are started together have nothing to issue, most of the time, and do not wait for each other
/// then.
fn prepare_complete<'z>(
    site: &'z Site,
    zone: &'z ZoneDirectory,
    node: &'z Node,
    options: &LaunchOptions,
    found: &FoundBinary,
    now: OffsetDateTime,
) -> Result<Option<Launch<'z>>> {
    let _held = zone.lock_to_read()?;
    if Authorities::are_absent(&zone.paths)? {
        return Ok(None);
    }
    let authorities = Authorities::load(&zone.paths, now)?;
    let certificates = Certificates::issued_by(authorities, site, node, now)?;
    let launch = Launch::prepare_with(found.clone(), site, node, certificates, options, now)?;
    if !launch.certificates.are_complete() {
        return Ok(None);
    }
    launch.refuse_by_machine()?;
    Ok(Some(launch))
}

/// What is missing is found out and issued under one lock, so that no other process issues the same or
/// revokes in between.
fn prepare_and_issue<'z>(
    site: &'z Site,
    zone: &'z ZoneDirectory,
    node: &'z Node,
    options: &LaunchOptions,
    found: FoundBinary,
    now: OffsetDateTime,
) -> Result<Launch<'z>> {
    let held = zone.lock()?;
    let authorities = zone.load_or_create_authorities(now, &held)?;
    let certificates = Certificates::issued_by(authorities.released(), site, node, now)?;
    let launch = Launch::prepare_with(found, site, node, certificates, options, now)?;
    launch.refuse_by_machine()?;
    let Certificates::Issued { assessment, .. } = &launch.certificates else { return Ok(launch) };
    if assessment.is_startable() {
        return Ok(launch);
    }
    assessment.refuse_start(zone)?;
    let authorities = held.authorities(now)?;
    let mut issuer = Issuer::new(zone, &authorities)?;
    issuer.bring_up_to_date(std::slice::from_ref(&**assessment), now)?;
    for entry in &assessment.entries {
        if let Verdict::Issue(reason) = entry.verdict() {
            report::message(&format!(
                "issued {} for {} ({reason})",
                entry.role.certificate_file(),
                node.name.short()
            ));
        }
    }
    issuer.keep_administrator(now);
    Ok(launch)
}
