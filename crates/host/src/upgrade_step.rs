//! With which etcd a member in a zone directory starts while `upgrade` walks the zone to another version.
//!
//! Such a member reads `zone.toml`, which has the version at the end of the way. What it may start with until
//! then is in its node directory, as it is in the bundle of a node that has one. It is no record of how far
//! an upgrade is: that follows from what the members run.

use std::fs;
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};
use zone_pki::{ShowPath, regular_file};

use super::state::{Durability, write_json};
use model::config::{EtcdSettings, EtcdVersion};
use model::error::{Failure, Result};
use model::plan::NodePaths;

/// An etcd on the way to the one of `zone.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeStep {
    /// The version of `zone.toml` for which this holds: with any other one, what `zone.toml` says is what
    /// counts.
    pub toward: EtcdVersion,
    pub version: EtcdVersion,
    pub forces_snapshot: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    toward: String,
    version: String,
    forces_snapshot: bool,
}

impl UpgradeStep {
    /// The settings with which the member of a node directory starts that is described by these.
    ///
    /// # Errors
    /// There is a step that cannot be read.
    pub fn settings(paths: &NodePaths, described: &EtcdSettings) -> Result<EtcdSettings> {
        let step = Self::load(paths)?.filter(|step| step.toward == described.described_version());
        Ok(step
            .map_or_else(|| described.clone(), |step| described.at_step(step.version, step.forces_snapshot)))
    }

    fn load(paths: &NodePaths) -> Result<Option<Self>> {
        let path = paths.upgrade_step();
        let text = match regular_file::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        let damaged = |why: String| {
            Failure::bad_input(format!("{} cannot be used", path.shown())).because(why).next(
                "have it written again while the other members run: zone-etcd upgrade; or remove it to start \
                 with the version of zone.toml",
            )
        };
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let version =
            |text: &str| EtcdVersion::parse_supported(text).map_err(|error| damaged(error.to_string()));
        Ok(Some(Self {
            toward: version(&stored.toward)?,
            version: version(&stored.version)?,
            forces_snapshot: stored.forces_snapshot,
        }))
    }

    /// Has the member start with this from now on. A step that is the version of `zone.toml` itself needs no
    /// file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(self, paths: &NodePaths) -> Result<()> {
        let path = paths.upgrade_step();
        if self.version == self.toward && !self.forces_snapshot {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::write(&path, &error)),
                _ => Ok(()),
            };
        }
        let stored = Stored {
            toward: self.toward.to_string(),
            version: self.version.to_string(),
            forces_snapshot: self.forces_snapshot,
        };
        write_json(&path, &stored, Durability::Synced).map_err(|error| Failure::write(&path, &error))
    }
}
