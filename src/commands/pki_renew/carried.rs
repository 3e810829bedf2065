//! Nodes to which people carry what is new: the bundles, and the answers to them.

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use super::selection::Selection;
use crate::access::Access;
use crate::access::by_hand::{Errand, Standing, read_answers, write_bundles};
use crate::cli::{Format, PkiRenewArgs};
use crate::commands::bundle::seal_choice::SealChoice;
use crate::commands::{json, print};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::report::{self, Table, shell_quoted};
use crate::zone_directory::ZoneDirectory;

/// Where the bundles go, and how they are sealed.
pub(super) struct Outbox {
    directory: PathBuf,
    seals: SealChoice,
}

/// A bundle that is carried, for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'e> {
    node: &'e str,
    bundle: String,
    sequence: u64,
    #[serde(flatten)]
    standing: &'e Standing,
    line: &'e str,
}

impl Outbox {
    pub(super) fn read(arguments: &PkiRenewArgs, zone: &ZoneDirectory) -> Result<Option<Self>> {
        let Some(directory) = arguments.out.clone() else { return Ok(None) };
        Ok(Some(Self { directory, seals: SealChoice::read(&arguments.sealing, zone)? }))
    }

    /// Writes the bundles, and tells what is to be typed on which node.
    pub(super) fn tell(
        &self,
        zone: &ZoneDirectory,
        selection: &Selection<'_>,
        now: OffsetDateTime,
    ) -> Result<()> {
        let nodes = carried_to(zone, selection);
        let errands = write_bundles(zone, &nodes, &self.directory, |node| self.seals.of(node), now)?;
        if !errands.is_empty() {
            report::message(&tell_open(zone, &errands, &self.directory));
        }
        Ok(())
    }
}

/// `--continue`: who is done, and who is not.
pub(super) fn go_on(
    zone: &ZoneDirectory,
    selection: &Selection<'_>,
    out: &Path,
    format: Format,
    now: OffsetDateTime,
) -> Result<()> {
    let errands = read_answers(zone, &carried_to(zone, selection), out, now)?;
    print(&match format {
        Format::Json => json(&errands.iter().map(row).collect::<Vec<_>>())?,
        Format::Text => table(&errands),
    })?;
    let wrong = errands.iter().find_map(|errand| match &errand.standing {
        Standing::Wrong { why } => Some((errand, why)),
        _ => None,
    });
    if let Some((errand, why)) = wrong {
        let (name, line) = (errand.node.short(), &errand.line);
        return Err(Failure::bad_input(format!("{} is no answer to its bundle", errand.answer.display()))
            .because(why.clone())
            .next(format!("on {name}, see what this says, and carry its output back: {line}")));
    }
    let open: Vec<Errand> = errands.into_iter().filter(|errand| !errand.is_done()).collect();
    report::message(&match open.is_empty() {
        true => "all of them have what is new".to_owned(),
        false => tell_open(zone, &open, out),
    });
    Ok(())
}

fn carried_to<'z>(zone: &ZoneDirectory, selection: &Selection<'z>) -> Vec<&'z Node> {
    selection.nodes().filter(|node| matches!(Access::of(zone, node), Access::ByHand)).collect()
}

fn tell_open(zone: &ZoneDirectory, errands: &[Errand], out: &Path) -> String {
    let mut text =
        "next: carry each bundle to its node, type there what stands below, and carry the answer back"
            .to_owned();
    for errand in errands {
        text.push_str(&format!("\n  {}: {}", errand.node.short(), errand.line));
    }
    let names: Vec<&str> = errands.iter().map(|errand| errand.node.short()).collect();
    let out = shell_quoted(&out.display().to_string());
    let command = format!("pki renew {} --out {out} --continue", names.join(" "));
    text + &format!("\nthen: {}", zone.proposed(&command))
}

fn row(errand: &Errand) -> Row<'_> {
    let Errand { node, bundle, sequence, standing, line, .. } = errand;
    let bundle = bundle.display().to_string();
    Row { node: node.short(), bundle, sequence: *sequence, standing, line }
}

fn table(errands: &[Errand]) -> String {
    let mut table = Table::new(&["node", "bundle", "state"]);
    for errand in errands {
        let state = match &errand.standing {
            Standing::Open => "open".to_owned(),
            Standing::Done { restart_reasons } if restart_reasons.is_empty() => "done".to_owned(),
            Standing::Done { restart_reasons } => {
                format!("done; start its member anew: {}", restart_reasons.join(" and "))
            }
            Standing::Wrong { why } => format!("wrong: {why}"),
        };
        table.row([errand.node.short().to_owned(), errand.sequence.to_string(), state]);
    }
    table.render()
}
