//! The commands that make bundles again, as the operator seals them, and that activate them.

use std::collections::HashMap;
use std::path::Path;

use crate::zone_directory::ZoneDirectory;
use model::formats::{BundleRecord, Seal};
use model::plan::proposed_on_node;
use model::report::shell_quoted;

/// Where it is not known how bundles are sealed: every node can open this one.
const SEAL: &str = "--passphrase-file FILE";
/// More keys than these are no help in a line: they are in a file.
const KEYS_AT_MOST: usize = 9;

/// The command for the bundles of these nodes, to be typed where their zone directory is. They are sealed as
/// the last files were.
pub fn proposed(zone: &ZoneDirectory, nodes: &[&str]) -> String {
    zone.proposed(&format!("bundle {} {}", nodes.join(" "), proposed_out(zone, nodes)))
}

/// The options of it, which `pki renew` has as well.
pub fn proposed_out(zone: &ZoneDirectory, nodes: &[&str]) -> String {
    format!("--out DIR {}", proposed_sealing(zone, nodes).0)
}

/// The options that seal bundles of these nodes as the last files were, and what that is.
pub fn proposed_sealing(zone: &ZoneDirectory, nodes: &[&str]) -> (String, Seal) {
    seal_of(zone, nodes).unwrap_or_else(|| (SEAL.to_owned(), Seal::Passphrase))
}

/// The same, said on a node.
pub const OUT_ELSEWHERE: &str = "--out DIR --passphrase-file FILE";

/// The same, said on a node, which does not know where the zone directory is.
pub fn proposed_elsewhere(node: &str) -> String {
    format!("zone-etcd bundle {node} {OUT_ELSEWHERE}")
}

/// The command that activates a bundle. `file` is as a shell reads it.
pub fn proposed_activate(file: &str, seal: Seal, root: &Path) -> String {
    proposed_on_node(&format!("activate {file}{}", seal.opened_with()), root)
}

/// How a node comes to what it lacks, where it is not known how its bundles are encrypted. `command` writes
/// the bundle: `bundle` with what there is, `pki renew` with new certificates. `place` is where the node's
/// directory `root` is: here, or on a node.
pub fn proposed_renewal(command: &str, node: &str, place: &str, root: &Path) -> String {
    let activate = proposed_activate(&format!("DIR/{node}.bundle"), Seal::Passphrase, root);
    format!("on the signing host: zone-etcd {command} {node} {OUT_ELSEWHERE}; then {place}: {activate}")
}

/// None where a passphrase has sealed them, or it is not known.
fn seal_of(zone: &ZoneDirectory, nodes: &[&str]) -> Option<(String, Seal)> {
    let records = latest_files(zone, nodes)?;
    if records.iter().all(|record| record.seal == Seal::Plain) {
        return Some(("--no-encryption".to_owned(), Seal::Plain));
    }
    if !records.iter().all(|record| record.seal == Seal::Recipients && !record.sealed_to.is_empty()) {
        return None;
    }
    if nodes.len() > KEYS_AT_MOST {
        return Some(("--recipients-file FILE".to_owned(), Seal::Recipients));
    }
    let keys = nodes.iter().zip(&records).flat_map(|(node, record)| {
        record
            .sealed_to
            .iter()
            .map(move |key| format!("--recipient {}", shell_quoted(&format!("{node}={key}"))))
    });
    Some((keys.collect::<Vec<_>>().join(" "), Seal::Recipients))
}

/// What is recorded of the last bundle of each node that was a file: one that went through a pipe says
/// nothing of how files are sealed. None unless each had one.
fn latest_files(zone: &ZoneDirectory, nodes: &[&str]) -> Option<Vec<BundleRecord>> {
    let names: Vec<&str> = nodes
        .iter()
        .map(|node| zone.config.node(node).map(|node| node.name.full()))
        .collect::<Option<_>>()?;
    let mut latest: HashMap<&str, Option<BundleRecord>> = names.iter().map(|name| (*name, None)).collect();
    let note = |record: BundleRecord| {
        let Some(latest) = latest.get_mut(record.node.as_str()) else { return };
        let is_newer = latest.as_ref().is_none_or(|latest| latest.sequence <= record.sequence);
        if record.file != BundleRecord::NO_FILE && is_newer {
            *latest = Some(record);
        }
    };
    // What cannot be read is told of by the command that makes the bundles.
    BundleRecord::log(&zone.paths).and_then(|log| log.for_each(note)).ok()?;
    names.iter().map(|name| latest.remove(*name).flatten()).collect()
}
