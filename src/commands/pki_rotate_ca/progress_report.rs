//! What happens, told as it happens; and the kits of clients, written as their stage begins.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use model::error::{Failure, Result};
use model::report as output;
use operations::event::{Event, Watch};
use operations::rotation::{Stage, write_kit};
use store::zone_directory::{Authorities, ZoneDirectory};

/// Tells a person, and writes kits if that is asked for.
pub(super) struct ProgressReport<'n> {
    zone: &'n ZoneDirectory,
    kits: Option<&'n Path>,
    failure: Option<Failure>,
}

impl<'n> ProgressReport<'n> {
    pub(super) fn new(zone: &'n ZoneDirectory, kits: Option<&'n Path>) -> Self {
        Self { zone, kits, failure: None }
    }

    /// A kit that could not be written is told of once everything else is done: the zone is not to wait for
    /// it.
    pub(super) fn finish(self) -> Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    fn write_kit(&mut self, name: &str) {
        let (Some(kits), Some(stage)) = (self.kits, Stage::named(name)) else { return };
        let zone = self.zone;
        let written = Authorities::load(&zone.paths, OffsetDateTime::now_utc())
            .and_then(|authorities| write_kit(kits, stage, &authorities, zone.config.name.as_str()));
        match written {
            Ok(home) => output::message(&format!("  for clients elsewhere: {}", home.shown())),
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl Watch for ProgressReport<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Stage { name, what } => {
                output::message(&format!("{name}: {what}"));
                self.write_kit(name);
            }
            Event::Issued { holder } => output::message(&format!("  {holder} has what it needs")),
            Event::LeaderMoved { from, to } => {
                output::message(&format!("  {from} handed leadership to {to}"))
            }
            Event::Restarting { .. } => {}
            Event::Restarted { node, took } => {
                output::message(&format!("  {node} restarted, back after {:.2} s", took.as_secs_f64()));
            }
        }
    }
}

/// Two that watch.
pub(super) struct Both<'w>(pub(super) &'w mut dyn Watch, pub(super) &'w mut dyn Watch);

impl Watch for Both<'_> {
    fn event(&mut self, event: Event) {
        self.0.event(event.clone());
        self.1.event(event);
    }
}
