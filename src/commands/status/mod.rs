//! `status`: the zone, live.

mod file;
mod json;
mod metrics;
mod next_step;
mod nodes;
mod page;
mod prometheus;
mod text;
mod watch;

use std::process::ExitCode;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::arguments::{ca_passphrase, open_site_with};
use crate::cli::{StatusArgs, StatusFormat};
use crate::output::{json as pretty_json, print, print_verdicts};
use launch::note_members;
use live::{
    self, ANSWER_LIMIT, COMPARISON_LIMIT, ComparisonMemory, Credentials, CredentialsError, Health,
    ListMemory, LiveZone, PlaneMemory,
};
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use store::clients::{known_client, present, warn_of_validity};
use store::site::Site;
use store::snapshot::LatestSnapshots;
use store::zone_directory::{Authorities, CaPassphrase};

#[tracing::instrument(skip_all, name = "status")]
pub(super) fn run(arguments: &StatusArgs) -> Result<ExitCode> {
    let passphrase = ca_passphrase(&arguments.site.ca_passphrase)?;
    if arguments.nodes {
        return nodes::run(arguments, &passphrase);
    }
    if let Some(seconds) = arguments.watch {
        return watch::run(arguments, &passphrase, seconds);
    }
    let question = Question::prepare(arguments, &passphrase, Warnings::Shown)?;
    let answer =
        live::on_runtime(question.ask(&mut Memory::default())).map_err(|error| no_runtime(&error))?;
    let text = match arguments.format {
        StatusFormat::Text if arguments.output.is_none() => {
            print_verdicts(&text::render(&answer))?;
            return Ok(exit_code(answer.live.judgement.health));
        }
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

fn exit_code(health: Health) -> ExitCode {
    match health {
        // What was not compared is to be noted, and no fault of the zone.
        Health::Healthy | Health::NotCompared => ExitCode::SUCCESS,
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

/// What was seen before, and need not be asked for each time.
#[derive(Debug, Default)]
struct Memory {
    planes: PlaneMemory,
    data: ComparisonMemory,
    lists: ListMemory,
}

struct Question {
    site: Site,
    authorities: Authorities,
    client: ClientName,
    credentials: Credentials,
}

/// What was answered, with the zone that was asked.
struct Answer<'q> {
    site: &'q Site,
    authorities: &'q Authorities,
    client: &'q ClientName,
    live: LiveZone,
    /// None where none are taken.
    snapshots: Option<LatestSnapshots>,
}

impl Question {
    fn prepare(arguments: &StatusArgs, passphrase: &CaPassphrase, warnings: Warnings) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let site = open_site_with(&arguments.site, passphrase.clone())?;
        site.refuse_unless_issued()?;
        if warnings == Warnings::Shown {
            site.report_warnings();
            note_members(&site, now);
        }
        let client = known_client(&site, &arguments.client)?;
        let authorities = site.authorities_to_ask(now)?;
        let credentials = credentials(&site, &client, now, warnings)?;
        Ok(Self { site, authorities, client, credentials })
    }

    async fn ask(&self, memory: &mut Memory) -> Answer<'_> {
        let Self { site, authorities, client, credentials } = self;
        let planes = &mut memory.planes;
        let mut live =
            LiveZone::observe_again(site.config(), authorities, credentials, ANSWER_LIMIT, planes).await;
        live.compare_data(credentials, COMPARISON_LIMIT, &mut memory.data).await;
        if let Site::Zone(zone) = site {
            live.compare_lists(zone, authorities, ANSWER_LIMIT, &mut memory.lists);
        }
        let snapshots = LatestSnapshots::of_site(site, live.cluster_id);
        Answer { site, authorities, client, live, snapshots }
    }
}

/// The client's certificate, as it is: whether it will do, the members say.
fn credentials(
    site: &Site,
    client: &ClientName,
    now: OffsetDateTime,
    warnings: Warnings,
) -> Result<Credentials> {
    let generation = present(site, client)?;
    if warnings == Warnings::Shown {
        warn_of_validity(site, client, now);
    }
    Credentials::load(&generation).map_err(|error| unusable(site, client, &generation, &error))
}

fn unusable(
    site: &Site,
    client: &ClientName,
    generation: &std::path::Path,
    error: &CredentialsError,
) -> Failure {
    Failure::bad_input(format!("cannot use the certificate in {}", generation.shown()))
        .because(error)
        .next(format!("issue it again: {}", site.proposed(&format!("pki issue --client {client}"))))
}

fn no_runtime(error: &std::io::Error) -> Failure {
    Failure::internal("cannot set up the connections").because(error)
}
