//! `--continue`: who has activated the bundle that was carried, and whose member shows it.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{GenerationStore, ShowPath};

use super::outbox::{carried_to, what_is_open};
use super::proof;
use super::report::Served;
use super::selection::Selection;
use crate::access::by_hand::{Errand, Standing, read_answers};
use crate::cli::Format;
use crate::commands::{json, print};
use crate::error::{Failure, Result};
use crate::live::LiveZone;
use crate::report::{self, Table};
use crate::rolling::Observer;
use crate::site::Site;
use crate::zone_directory::{Authorities, ZoneDirectory};

/// A bundle that was carried, and what its member makes of it.
struct Seen {
    errand: Errand,
    /// None if its member does not answer here, or there is nothing to see yet; the inner error says what it shows instead.
    in_use: Option<std::result::Result<(), String>>,
}

/// The same for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'e> {
    node: &'e str,
    bundle: String,
    sequence: u64,
    #[serde(flatten)]
    standing: &'e Standing,
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
    let errands = read_answers(zone, &carried_to(zone, selection), out, now)?;
    let live = Observer::new(site).observe()?;
    let seen = errands.into_iter().map(|errand| look(site, zone, &live, errand, now));
    let seen = seen.collect::<Result<Vec<Seen>>>()?;
    print(&match format {
        Format::Json => json(&seen.iter().map(Seen::row).collect::<Vec<_>>())?,
        Format::Text => table(&seen),
    })?;
    if let Some(failure) = seen.iter().find_map(Seen::failure) {
        return Err(failure);
    }
    let errands = seen.into_iter().map(|seen| seen.errand);
    let open: Vec<Errand> = errands.filter(|errand| !errand.is_done()).collect();
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
    errand: Errand,
    now: OffsetDateTime,
) -> Result<Seen> {
    let node = zone.node(errand.node.full())?;
    if !errand.is_done() || !proof::answers(node, live) {
        return Ok(Seen { errand, in_use: None });
    }
    let authorities = Authorities::load(&zone.paths, now)?;
    let generations = GenerationStore::new(zone.node_paths(&node.name).generations());
    let Some(generation) = generations.current().ok().flatten() else {
        return Err(Failure::internal("what was bundled is not there"));
    };
    let in_use = proof::prove(site, zone, &authorities, node, &generation)?;
    Ok(Seen { errand, in_use: Some(in_use) })
}

impl Seen {
    fn failure(&self) -> Option<Failure> {
        let Errand { node, answer, line, standing, .. } = &self.errand;
        let name = node.short();
        if let Standing::Wrong { why } = standing {
            return Some(
                Failure::bad_input(format!("{} is no answer to its bundle", answer.shown()))
                    .because(why.clone())
                    .next(format!("on {name}, see what this says, and carry its output back: {line}")),
            );
        }
        let Some(Err(why)) = &self.in_use else { return None };
        Some(
            Failure::bad_input(format!("the new certificates of {name} are not in use"))
                .because(why.clone())
                .next(format!("on {name}, see what this says, and carry its output back: {line}")),
        )
    }

    fn served(&self) -> Served {
        match (&self.errand.standing, &self.in_use) {
            (_, Some(Ok(()))) => Served::Proved,
            (Standing::Done { .. }, _) => Served::Delivered,
            _ => Served::Open,
        }
    }

    fn row(&self) -> Row<'_> {
        let Errand { node, bundle, sequence, standing, line, .. } = &self.errand;
        let bundle = bundle.to_string_lossy().into_owned();
        Row { node: node.short(), bundle, sequence: *sequence, standing, served: self.served(), line }
    }

    fn state(&self) -> String {
        match &self.errand.standing {
            Standing::Open => "open".to_owned(),
            Standing::Wrong { why } => format!("wrong: {why}"),
            Standing::Done { .. } if matches!(self.in_use, Some(Err(_))) => "done, and not in use".to_owned(),
            Standing::Done { restart_reasons } if restart_reasons.is_empty() => "done".to_owned(),
            Standing::Done { restart_reasons } => {
                format!("done; start its member anew: {}", restart_reasons.join(" and "))
            }
        }
    }
}

fn table(all: &[Seen]) -> String {
    let mut table = Table::new(&["node", "bundle", "state"]);
    for seen in all {
        let Errand { node, sequence, .. } = &seen.errand;
        table.row([node.short().to_owned(), sequence.to_string(), seen.state()]);
    }
    table.render()
}
