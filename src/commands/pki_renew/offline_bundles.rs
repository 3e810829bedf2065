//! `--out`: the bundles of nodes to which people carry files.

use std::path::{Path, PathBuf};

use super::selection::Selection;
use crate::arguments::SealChoice;
use crate::cli::PkiRenewArgs;
use model::config::Node;
use model::error::Result;
use model::report::{self, shell_quoted_path};
use operations::operation::Operation;
use operations::transport::gets_files;
use operations::transport::offline::CarriedBundle;
use store::zone_directory::ZoneDirectory;

/// Where the bundles go, and how they are sealed.
pub(super) struct OfflineBundles {
    directory: PathBuf,
    seals: SealChoice,
}

impl OfflineBundles {
    pub(super) fn read(arguments: &PkiRenewArgs, zone: &ZoneDirectory) -> Result<Option<Self>> {
        let Some(directory) = arguments.carried.out.clone() else { return Ok(None) };
        Ok(Some(Self { directory, seals: SealChoice::read(&arguments.carried.sealing, zone)? }))
    }

    /// Writes the bundles, and tells what is to be typed on which node.
    pub(super) fn fill(
        &self,
        operation: &Operation<'_>,
        zone: &ZoneDirectory,
        selection: &Selection<'_>,
    ) -> Result<()> {
        let nodes = carried_to(zone, selection);
        let bundles = operation.write_bundles(&nodes, &self.directory, |node| self.seals.of(node))?;
        if !bundles.is_empty() {
            report::message(&what_is_open(zone, &bundles, &self.directory));
        }
        Ok(())
    }
}

/// Those of the nodes to which people carry files.
pub(super) fn carried_to<'z>(zone: &ZoneDirectory, selection: &Selection<'z>) -> Vec<&'z Node> {
    selection.nodes().filter(|node| gets_files(zone, node)).collect()
}

/// What people do next for these.
pub(super) fn what_is_open(zone: &ZoneDirectory, bundles: &[CarriedBundle], out: &Path) -> String {
    let mut text =
        "next: carry each bundle to its node, type there what stands below, and carry the answer back"
            .to_owned();
    for bundle in bundles {
        text.push_str(&format!("\n  {}: {}", bundle.node.short(), bundle.line));
    }
    let names: Vec<&str> = bundles.iter().map(|bundle| bundle.node.short()).collect();
    let out = shell_quoted_path(out);
    let command = format!("pki renew {} --out {out} --continue", names.join(" "));
    text + &format!("\nthen: {}", zone.proposed(&command))
}
