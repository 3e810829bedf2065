//! `--continue`: who has activated the bundle that was carried, and whose member shows it.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::GenerationStore;

use super::offline_bundles::{carried_to, what_is_open};
use super::selection::Selection;
use crate::cli::Format;
use crate::output::{json, print};
use live::LiveZone;
use model::error::{Failure, Result};
use model::report::{self, Table};
use operations::observer::Observer;
use operations::renewal::{Served, answers, prove};
use operations::transport::offline::{AnswerState, CarriedBundle, read_answers};
use store::site::Site;
use store::zone_directory::{Authorities, ZoneDirectory};

/// A bundle that was carried, and what its member makes of it.
struct Seen {
    bundle: CarriedBundle,
    /// None if its member does not answer here, or there is nothing to see yet; the inner error says what it
    /// shows instead.
    in_use: Option<std::result::Result<(), String>>,
}

/// The same for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'e> {
    node: &'e str,
    bundle: String,
    sequence: u64,
    #[serde(flatten)]
    state: &'e AnswerState,
    served: Served,
    line: &'e str,
}

pub(super) fn go_on(
    site: &Site,
    zone: &ZoneDirectory,
    selection: &Selection<'_>,
    out: &Path,
    format: Format,
    now: OffsetDateTime,
) -> Result<()> {
    let bundles = read_answers(zone, &carried_to(zone, selection), out, now)?;
    let live = Observer::new(site).observe()?;
    let seen = bundles.into_iter().map(|bundle| look(site, zone, &live, bundle, now));
    let seen = seen.collect::<Result<Vec<Seen>>>()?;
    print(&match format {
        Format::Json => json(&seen.iter().map(Seen::row).collect::<Vec<_>>())?,
        Format::Text => table(&seen),
    })?;
    if let Some(failure) = seen.iter().find_map(Seen::failure) {
        return Err(failure);
    }
    let bundles = seen.into_iter().map(|seen| seen.bundle);
    let open: Vec<CarriedBundle> = bundles.filter(|bundle| !bundle.is_done()).collect();
    report::message(&match open.is_empty() {
        true => "all of them have what is new".to_owned(),
        false => what_is_open(zone, &open, out),
    });
    Ok(())
}

/// Asks the member of a node that is done, if it answers here.
fn look(
    site: &Site,
    zone: &ZoneDirectory,
    live: &LiveZone,
    bundle: CarriedBundle,
    now: OffsetDateTime,
) -> Result<Seen> {
    let node = zone.node(bundle.node.full())?;
    if !bundle.is_done() || !answers(node, live) {
        return Ok(Seen { bundle, in_use: None });
    }
    let authorities = Authorities::load(&zone.paths, now)?;
    let generations = GenerationStore::new(zone.node_paths(&node.name).generations());
    let Some(generation) = generations.current().ok().flatten() else {
        return Err(Failure::internal("what was bundled is not there"));
    };
    let in_use = prove(site, zone, &authorities, node, &generation)?;
    Ok(Seen { bundle, in_use: Some(in_use) })
}

impl Seen {
    fn failure(&self) -> Option<Failure> {
        let CarriedBundle { node, line, .. } = &self.bundle;
        let name = node.short();
        if let Some(failure) = self.bundle.refusal() {
            return Some(failure);
        }
        let Some(Err(why)) = &self.in_use else { return None };
        Some(
            Failure::bad_input(format!("the new certificates of {name} are not in use"))
                .because(why.clone())
                .next(format!("on {name}, see what this says, and carry its output back: {line}")),
        )
    }

    fn served(&self) -> Served {
        match (&self.bundle.state, &self.in_use) {
            (_, Some(Ok(()))) => Served::Proved,
            (AnswerState::Done { .. }, _) => Served::Delivered,
            _ => Served::Open,
        }
    }

    fn row(&self) -> Row<'_> {
        let CarriedBundle { node, file, sequence, state, line, .. } = &self.bundle;
        let bundle = file.to_string_lossy().into_owned();
        Row { node: node.short(), bundle, sequence: *sequence, state, served: self.served(), line }
    }

    fn state(&self) -> String {
        match &self.bundle.state {
            AnswerState::Open => "open".to_owned(),
            AnswerState::Wrong { why } => format!("wrong: {why}"),
            AnswerState::Done { .. } if matches!(self.in_use, Some(Err(_))) => {
                "done, and not in use".to_owned()
            }
            AnswerState::Done { restart_reasons } if restart_reasons.is_empty() => "done".to_owned(),
            AnswerState::Done { restart_reasons } => {
                format!("done; restart its member: {}", restart_reasons.join(" and "))
            }
        }
    }
}

fn table(all: &[Seen]) -> String {
    let mut table = Table::new(&["node", "bundle", "state"]);
    for seen in all {
        let CarriedBundle { node, sequence, .. } = &seen.bundle;
        table.row([node.short().to_owned(), sequence.to_string(), seen.state()]);
    }
    table.render()
}
