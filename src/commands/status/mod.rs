//! `status`: the zone, live.

mod file;
mod json;
mod next;
mod prometheus;
mod text;
mod watch;

use std::process::ExitCode;

use time::OffsetDateTime;

use super::client::{bring_up_to_date, known_client};
use super::{ca_passphrase, json as pretty_json, print};
use crate::cli::{StatusArgs, StatusFormat};
use crate::config::ClientName;
use crate::error::{Exit, Failure, Result};
use crate::live::{self, ANSWER_LIMIT, Credentials, CredentialsError, Health, LiveZone, PlaneMemory};
use crate::report;
use crate::zone_directory::{Authorities, CaPassphrase, ZoneDirectory};

pub(super) fn run(arguments: &StatusArgs) -> Result<ExitCode> {
    let passphrase = ca_passphrase(&arguments.zone)?;
    if let Some(seconds) = arguments.watch {
        return watch::run(arguments, &passphrase, seconds);
    }
    let question = Question::prepare(arguments, &passphrase, Warnings::Shown)?;
    let answer =
        live::on_runtime(question.ask(&mut PlaneMemory::default())).map_err(|error| no_runtime(&error))?;
    let text = match arguments.format {
        StatusFormat::Text => text::render(&answer),
        StatusFormat::Json => pretty_json(&json::Report::new(&answer))?,
        StatusFormat::Prometheus => prometheus::render(&answer),
    };
    match &arguments.output {
        Some(path) => file::replace(path, &text)?,
        None => print(&text)?,
    }
    Ok(exit_code(answer.live.judgement.health))
}

/// What the exit code says of a zone.
fn exit_code(health: Health) -> ExitCode {
    match health {
        Health::Healthy => ExitCode::SUCCESS,
        Health::Degraded => Exit::BadInput.into(),
        Health::LostQuorum => Exit::Unavailable.into(),
    }
}

/// Whether warnings are printed. Who looks every two seconds says them once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Warnings {
    Shown,
    Silent,
}

/// Whom to ask, and with what.
struct Question {
    zone: ZoneDirectory,
    authorities: Authorities,
    client: ClientName,
    credentials: Credentials,
}

/// What was answered, with the zone that was asked.
struct Answer<'q> {
    zone: &'q ZoneDirectory,
    authorities: &'q Authorities,
    client: &'q ClientName,
    live: LiveZone,
}

impl Question {
    fn prepare(arguments: &StatusArgs, passphrase: &CaPassphrase, warnings: Warnings) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let zone = ZoneDirectory::open(&arguments.zone.zone, passphrase.clone())?;
        if warnings == Warnings::Shown {
            zone.report_warnings();
        }
        let client = known_client(&zone, &arguments.client)?;
        let authorities = Authorities::load(&zone.paths, now)?;
        let credentials = credentials(&zone, &client, now, warnings)?;
        Ok(Self { zone, authorities, client, credentials })
    }

    async fn ask(&self, memory: &mut PlaneMemory) -> Answer<'_> {
        let Self { zone, authorities, client, credentials } = self;
        let live =
            LiveZone::observe_again(&zone.config, authorities, credentials, ANSWER_LIMIT, memory).await;
        Answer { zone, authorities, client, live }
    }
}

/// The client's certificate, renewed if that is due. One that is due and cannot be renewed here, where the keys of the CAs may
/// not be, is used as it is: whether it will do, the members say.
fn credentials(
    zone: &ZoneDirectory,
    client: &ClientName,
    now: OffsetDateTime,
    warnings: Warnings,
) -> Result<Credentials> {
    let renewed = bring_up_to_date(zone, client, now);
    let loaded = Credentials::load(&zone.paths.client_current(client));
    match (renewed, loaded) {
        (Ok(_), Ok(credentials)) => Ok(credentials),
        (Err(failure), Ok(credentials)) => {
            if warnings == Warnings::Shown {
                report::warning(&format!(
                    "the certificate of {client} is due and was not renewed: {failure}"
                ));
            }
            Ok(credentials)
        }
        (Err(failure), Err(_)) => Err(failure),
        (Ok(generation), Err(error)) => Err(unusable(zone, client, &generation, &error)),
    }
}

fn unusable(
    zone: &ZoneDirectory,
    client: &ClientName,
    generation: &std::path::Path,
    error: &CredentialsError,
) -> Failure {
    Failure::bad_input(format!("cannot use the certificate in {}", generation.display()))
        .because(error)
        .next(format!("issue it anew: {}", zone.proposed(&format!("pki issue --client {client}"))))
}

fn no_runtime(error: &std::io::Error) -> Failure {
    Failure::internal("cannot set up the connections").because(error)
}
