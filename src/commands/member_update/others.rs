//! The other nodes, which know from their bundles where members are: those that are reached get new ones, for the others it is said how.

use std::path::Path;

use time::OffsetDateTime;

use crate::access::{self, Access};
use crate::bundle::{self, proposed_activate};
use crate::commands::restart::report::Told;
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::operation_lock::OperationLock;
use crate::plan::DEFAULT_NODE_DIRECTORY;
use crate::report as output;
use crate::site::Site;
use crate::zone_directory::ZoneDirectory;

/// Which of them know where the member is now, by their short names.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Those that have taken a bundle that says so, or had it.
    pub(super) told: Vec<String>,
    /// Those to which a file is carried.
    pub(super) by_hand: Vec<String>,
    /// Those that were to be told, and why they are not.
    not_reached: Vec<(String, Failure)>,
}

impl Others {
    /// Brings each of them what says so. One that is not reached keeps none of the others from it.
    pub(super) fn tell(
        site: &Site,
        zone: &ZoneDirectory,
        moved: &Node,
        lock: &OperationLock,
    ) -> Result<Self> {
        let mut others = Self::default();
        for node in zone.config.members().filter(|node| node.name != moved.name) {
            let name = node.name.short().to_owned();
            if !zone.has_bundled(&name) {
                continue;
            }
            if !matches!(Access::of(zone, node), Access::Command(_)) {
                others.by_hand.push(name);
                continue;
            }
            lock.still_held()?;
            match access::deliver(zone, &[node], OffsetDateTime::now_utc(), Some(lock), &mut Told(site)) {
                Ok(_) => others.told.push(name),
                Err(failure) => others.not_reached.push((name, failure)),
            }
        }
        Ok(others)
    }

    /// Those that have its old place.
    pub(super) fn left(&self) -> Vec<String> {
        self.by_hand.iter().chain(self.not_reached.iter().map(|(name, _)| name)).cloned().collect()
    }

    /// Says what is left to do.
    ///
    /// # Errors
    /// One was not reached.
    pub(super) fn settle(self, zone: &ZoneDirectory, moved: &Node) -> Result<()> {
        let moved = moved.name.short();
        if !self.by_hand.is_empty() {
            let names: Vec<&str> = self.by_hand.iter().map(String::as_str).collect();
            output::message(&format!(
                "next: the others have the old place of {moved} in their bundles: they run on, but warn at a start and fail in `check` until \
                 they have new ones: {}",
                carried(zone, &names)
            ));
        }
        if self.not_reached.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.not_reached.iter().map(|(name, _)| name.as_str()).collect();
        let exit = self.not_reached.first().map_or(Exit::Unavailable, |(_, failure)| failure.exit);
        let what = format!("{moved} has moved, but {} does not know where to", output::enumerated(&names));
        let failure = self.not_reached.iter().fold(Failure::new(exit, what), |failure, (name, why)| {
            let why = why.to_string();
            failure.because(if why.contains(name.as_str()) { why } else { format!("{name}: {why}") })
        });
        Err(failure.next(format!(
            "once that is fixed, bring what is missing: {}",
            zone.proposed(&format!("member update {moved}"))
        )))
    }
}

/// How nodes get bundles to which files are carried. Where their directories are is not known here.
pub(super) fn carried(zone: &ZoneDirectory, names: &[&str]) -> String {
    let (bundle, (_, seal)) = (bundle::proposed(zone, names), bundle::proposed_sealing(zone, names));
    let name = if let [name] = names { name } else { "NODE" };
    let activate = proposed_activate(&format!("DIR/{name}.bundle"), seal, Path::new(DEFAULT_NODE_DIRECTORY));
    format!("{bundle}; there (unless in {DEFAULT_NODE_DIRECTORY}, with --node-dir and --config): {activate}")
}
