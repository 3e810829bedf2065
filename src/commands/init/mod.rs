//! `init`: a commented `zone.toml`, if there is none, and the zone's CAs.

mod description;
mod existing_ca;

use std::path::Path;

use time::OffsetDateTime;

use existing_ca::Wish;
use zone_pki::ShowPath;

use crate::arguments::ca_passphrase;
use crate::cli::InitArgs;
use model::error::{Exit, Failure, Result};
use model::plan::{ZonePaths, clients_of};
use model::report;
use store::zone_directory::{
    Assessment, Holder, Issuer, NewKeys, ZoneDirectory, ZoneLock, absolute, create_directory, create_file,
    create_missing,
};

#[tracing::instrument(skip_all, name = "init")]
pub(super) fn run(arguments: &InitArgs, now: OffsetDateTime) -> Result<()> {
    let ca_passphrase = ca_passphrase(&arguments.zone.ca_passphrase)?;
    let wish = existing_ca::wish(&arguments.existing)?;
    let paths = ZonePaths::new(absolute(&arguments.zone.zone)?);
    let described = description::of(arguments, &paths)?;
    if let Some(text) = &described {
        existing_ca::inspect_for(&wish, text, &ca_passphrase, now)?;
    }
    create_directory(paths.root())?;
    let held = ZoneLock::take(&paths)?;
    if let Some(text) = described {
        create_file(&paths.config(), &text)?;
        report::message(&format!("wrote {}", paths.config().shown()));
    }
    let zone = ZoneDirectory::open(paths.root(), ca_passphrase)?;
    let zone = zone.with_clock_said_right(arguments.zone.clock_is_right);
    zone.report_warnings();
    zone.refuse_clock_behind()?;
    zone.refuse_unless_issued()?;
    let locked: Vec<&'static str> = arguments.lock.iter().map(|key| key.stem()).collect();
    let keys = NewKeys { passphrase: &zone.ca_passphrase, locked: &locked };
    let made_authorities = match &wish {
        Wish::None => make_authorities(&zone, &keys, now, &held)?,
        Wish::Adopt(given) => existing_ca::take(&zone, given, &keys, now, &held)?,
        Wish::Request(authority) => {
            return existing_ca::ask(&zone, &arguments.zone.zone, *authority, &keys, now, &held);
        }
        Wish::Complete(files) => existing_ca::finish(&zone, files, now, &held)?,
    };
    let made_clients = make_clients(&zone, now, &held)?;
    if !made_authorities && !made_clients {
        if matches!(wish, Wish::None) {
            return Err(nothing_to_make(&zone));
        }
        report::message(&format!("{} has these CAs already: nothing is left to do", zone.config.name));
        return Ok(());
    }
    tell_next_steps(&zone, &arguments.zone.zone);
    Ok(())
}

/// Whether any was missing.
fn make_authorities(
    zone: &ZoneDirectory,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<bool> {
    let made = create_missing(&zone.paths, &zone.config, keys, now, held)?;
    if !made.is_empty() {
        report::message(&format!("made {} in {}", named(&made), zone.paths.authorities().shown()));
    }
    Ok(!made.is_empty())
}

fn nothing_to_make(zone: &ZoneDirectory) -> Failure {
    Failure::new(Exit::CannotCreate, format!("{} has its CAs already", zone.config.name))
        .because(format!(
            "{} is never replaced: every certificate and the cluster's token follow from it",
            zone.paths.authorities().shown()
        ))
        .next("nothing is left to do for init; for another zone choose another directory with --zone")
}

fn named(stems: &[&str]) -> String {
    match stems {
        [one] => format!("the {one} CA"),
        _ => format!("the CAs {}", stems.join(", ")),
    }
}

/// Whether any was missing.
fn make_clients(zone: &ZoneDirectory, now: OffsetDateTime, held: &ZoneLock) -> Result<bool> {
    let authorities = held.authorities(now)?;
    authorities.warn_of_age(&zone.paths, now);
    let clients = clients_of(&zone.config);
    let assessments = clients
        .iter()
        .map(|client| Assessment::of(Holder::Client(client), &zone.config, &zone.paths, &authorities, now))
        .collect::<Result<Vec<_>>>()?;
    let issued = Issuer::new(zone, &authorities)?.bring_up_to_date(&assessments, now)?;
    if issued > 0 {
        let names: Vec<&str> = clients.iter().map(|client| client.as_str()).collect();
        report::message(&format!(
            "made the client certificates {} in {}",
            names.join(", "),
            zone.paths.clients().shown()
        ));
    }
    Ok(issued > 0)
}

fn tell_next_steps(zone: &ZoneDirectory, written: &Path) {
    let shown = report::shell_quoted_path(written);
    let Some(first) = zone.config.members().next() else { return };
    report::message(&format!(
        "\nkeep {} safe: anyone who has its keys can join the cluster and read it\n\
         next: zone-etcd plan --zone {shown} --node {}    what will run there\n\
         \x20     zone-etcd run --zone {shown} --node {}     start it from here, then the others\n\
         on machines of their own, a sealed file for each:\n\
         \x20     zone-etcd bundle --zone {shown} --out DIR --passphrase-file FILE",
        zone.paths.authorities().shown(),
        first.name.short(),
        first.name.short(),
    ));
}
