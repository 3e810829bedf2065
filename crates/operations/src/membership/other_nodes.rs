//! The other nodes, which know from their bundles who the members are and where: those that are reached get
//! new ones, for the others it is said how.

use std::path::Path;

use crate::operation::Operation;
use crate::runbook::{ListedStep, StepKind};
use crate::transport::{BY_ETCD, NodeTransport};
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::DEFAULT_NODE_DIRECTORY;
use model::report as output;
use store::bundle::{self, proposed_activate};
use store::zone_directory::ZoneDirectory;

/// Which of them know of a change, by their short names.
#[derive(Debug, Default)]
pub struct OtherNodes {
    /// Those that have taken a bundle that says so, or had it.
    pub told: Vec<String>,
    /// Those to which a file is carried.
    pub by_hand: Vec<String>,
    /// Those that were to be told, and why they are not.
    not_reached: Vec<(String, Failure)>,
}

impl OtherNodes {
    /// Brings each of them what says so. One that is not reached keeps none of the others from it.
    ///
    /// # Errors
    /// The lock of the operation is lost.
    pub fn tell(operation: &mut Operation<'_>, zone: &ZoneDirectory, changed: &Node) -> Result<Self> {
        let mut others = Self::default();
        for node in zone.config.members().filter(|node| node.name != changed.name) {
            let name = node.name.short().to_owned();
            if !zone.has_bundled(&name) {
                continue;
            }
            let is_called = matches!(operation.transport(node), NodeTransport::Command(_));
            if !is_called && !operation.delivers_by_etcd(node) {
                others.by_hand.push(name);
                continue;
            }
            operation.still_held()?;
            match operation.deliver(node) {
                Ok(_) => others.told.push(name),
                Err(failure) => others.not_reached.push((name, failure)),
            }
        }
        Ok(others)
    }

    /// What [`tell`](Self::tell) would do.
    pub fn list(
        operation: &Operation<'_>,
        zone: &ZoneDirectory,
        moved: &Node,
        live: &LiveZone,
    ) -> Vec<ListedStep> {
        let others = zone.config.members().filter(|node| node.name != moved.name);
        let row = |node: &Node| {
            let how = match operation.transport(node) {
                _ if operation.delivers_by_etcd(node) => BY_ETCD,
                NodeTransport::Command(_) => "by the command of [access]",
                _ => "with the next bundle that is carried there",
            };
            let what = format!("where {} is now, {how}", moved.name.short());
            ListedStep::new(StepKind::Deliver, what).on(node, live)
        };
        others.filter(|node| zone.has_bundled(node.name.short())).map(row).collect()
    }

    /// Those that do not know of it.
    pub fn left(&self) -> Vec<String> {
        self.by_hand.iter().chain(self.not_reached.iter().map(|(name, _)| name)).cloned().collect()
    }

    /// Says what is left to do. `changed` is what has happened, such as `infra3 has moved`; `again` is the
    /// command that brings what is missing.
    ///
    /// # Errors
    /// One was not reached.
    pub fn settle(self, zone: &ZoneDirectory, changed: &str, again: &str) -> Result<()> {
        if !self.by_hand.is_empty() {
            let names: Vec<&str> = self.by_hand.iter().map(String::as_str).collect();
            output::message(&format!(
                "next: the bundles of the others do not say that {changed}: they run on, but warn at a start \
                 and fail in `check` until they have new ones: {}",
                carried(zone, &names)
            ));
        }
        if self.not_reached.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.not_reached.iter().map(|(name, _)| name.as_str()).collect();
        let exit = self.not_reached.first().map_or(Exit::Unavailable, |(_, failure)| failure.exit);
        let what = format!("{changed}, and {} does not know of it", output::enumerated(&names));
        let failure = self.not_reached.iter().fold(Failure::new(exit, what), |failure, (name, why)| {
            let why = why.to_string();
            failure.because(if why.contains(name.as_str()) { why } else { format!("{name}: {why}") })
        });
        Err(failure.next(format!("once that is fixed, bring what is missing: {again}")))
    }
}

/// How nodes get bundles to which files are carried. Where their directories are is not known here.
pub fn carried(zone: &ZoneDirectory, names: &[&str]) -> String {
    let (bundle, (_, seal)) = (bundle::proposed(zone, names), bundle::proposed_sealing(zone, names));
    let name = if let [name] = names { name } else { "NODE" };
    let activate = proposed_activate(&format!("DIR/{name}.bundle"), seal, Path::new(DEFAULT_NODE_DIRECTORY));
    format!("{bundle}; there (unless in {DEFAULT_NODE_DIRECTORY}, with --node-dir and --config): {activate}")
}
