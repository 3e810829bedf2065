//! `--out`: the bundles of nodes to which people carry files.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::selection::Selection;
use crate::access::Access;
use crate::access::by_hand::{Errand, write_bundles};
use crate::cli::PkiRenewArgs;
use crate::commands::bundle::seal_choice::SealChoice;
use crate::config::Node;
use crate::error::Result;
use crate::report::{self, shell_quoted_path};
use crate::zone_directory::ZoneDirectory;

/// Where the bundles go, and how they are sealed.
pub(super) struct Outbox {
    directory: PathBuf,
    seals: SealChoice,
}

impl Outbox {
    pub(super) fn read(arguments: &PkiRenewArgs, zone: &ZoneDirectory) -> Result<Option<Self>> {
        let Some(directory) = arguments.carried.out.clone() else { return Ok(None) };
        Ok(Some(Self { directory, seals: SealChoice::read(&arguments.carried.sealing, zone)? }))
    }

    /// Writes the bundles, and tells what is to be typed on which node.
    pub(super) fn fill(
        &self,
        zone: &ZoneDirectory,
        selection: &Selection<'_>,
        now: OffsetDateTime,
    ) -> Result<()> {
        let nodes = carried_to(zone, selection);
        let errands = write_bundles(zone, &nodes, &self.directory, |node| self.seals.of(node), now)?;
        if !errands.is_empty() {
            report::message(&what_is_open(zone, &errands, &self.directory));
        }
        Ok(())
    }
}

/// Those of the nodes to which people carry files.
pub(super) fn carried_to<'z>(zone: &ZoneDirectory, selection: &Selection<'z>) -> Vec<&'z Node> {
    selection.nodes().filter(|node| matches!(Access::of(zone, node), Access::ByHand)).collect()
}

/// What people do next for these.
pub(super) fn what_is_open(zone: &ZoneDirectory, errands: &[Errand], out: &Path) -> String {
    let mut text =
        "next: carry each bundle to its node, type there what stands below, and carry the answer back"
            .to_owned();
    for errand in errands {
        text.push_str(&format!("\n  {}: {}", errand.node.short(), errand.line));
    }
    let names: Vec<&str> = errands.iter().map(|errand| errand.node.short()).collect();
    let out = shell_quoted_path(out);
    let command = format!("pki renew {} --out {out} --continue", names.join(" "));
    text + &format!("\nthen: {}", zone.proposed(&command))
}
