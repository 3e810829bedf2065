//! `status --nodes`: the nodes that the zone's etcd has bundles for, and how far each is.

mod json;
mod prometheus;
mod text;

use std::process::ExitCode;

use time::{Duration, OffsetDateTime};

use super::{Warnings, credentials, file, no_runtime};
use crate::arguments::open_site_with;
use crate::cli::{StatusArgs, StatusFormat};
use crate::output::{json as pretty_json, print};
use diagnosis::rules::deliveries::BEFORE;
use live::{SeenNode, see_nodes};
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use model::plan::DeliveryKind;
use store::site::Site;
use store::zone_directory::CaPassphrase;

/// The nodes that were seen.
struct Seen<'z> {
    site: &'z Site,
    nodes: Vec<SeenNode<'z>>,
    at: OffsetDateTime,
}

pub(super) fn run(arguments: &StatusArgs, passphrase: &CaPassphrase) -> Result<ExitCode> {
    let now = OffsetDateTime::now_utc();
    let site = open_site_with(&arguments.site, passphrase.clone())?;
    site.refuse_unless_issued()?;
    let Some(zone) = site.zone() else {
        return Err(Failure::new(Exit::Usage, "a node does not know how far the others are")
            .next("run the command where the zone directory is, with --zone"));
    };
    site.report_warnings();
    let authorities = site.authorities_to_ask(now)?;
    let credentials = credentials(&site, &ClientName::admin(), now, Warnings::Shown)?;
    let before = arguments
        .before
        .map_or(BEFORE, |before| Duration::try_from(*before.as_ref()).unwrap_or(Duration::MAX));
    let nodes = live::on_runtime(see_nodes(zone, &authorities, &credentials, before))
        .map_err(|error| no_runtime(&error))??;
    let seen = Seen { site: &site, nodes, at: now };
    let text = match arguments.format {
        StatusFormat::Text => text::render(&seen),
        StatusFormat::Json => pretty_json(&json::Report::new(&seen))?,
        StatusFormat::Prometheus => prometheus::render(&seen),
    };
    match &arguments.output {
        Some(path) => file::replace(path, &text)?,
        None => print(&text)?,
    }
    Ok(if seen.not_well().next().is_none() { ExitCode::SUCCESS } else { Exit::BadInput.into() })
}

impl<'z> Seen<'z> {
    /// How many there are of a kind.
    fn count(&self, kind: DeliveryKind) -> usize {
        self.nodes.iter().filter(|seen| seen.state.kind() == kind).count()
    }

    /// Those about which something is to be done.
    fn not_well(&self) -> impl Iterator<Item = &SeenNode<'z>> {
        self.nodes.iter().filter(|seen| !seen.state.kind().is_well())
    }
}
