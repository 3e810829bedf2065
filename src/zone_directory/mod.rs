//! A zone's directory on its signing machine: its description, its CAs, and what they issued.

mod assessment;
mod authorities;
mod create_authorities;
mod failures;
mod inventory;
mod issuing;

use std::fs::{File, TryLockError};
use std::path::Path;

use time::OffsetDateTime;

pub use assessment::{Assessment, Entry, Holder, Verdict};
pub use authorities::{Authorities, load_authority};
pub use create_authorities::{create_directory, create_missing};
pub use failures::private_failure;
pub use inventory::{Finding, Listed, all_clients, check, list};
pub use issuing::Issuer;

use crate::config::{Node, Problem, ZoneConfig, ZoneConfigError};
use crate::error::{Exit, Failure, Result};
use crate::plan::{ClusterToken, ZonePaths};
use crate::report;

/// A zone that was read, with where it lies.
#[derive(Debug)]
pub struct ZoneDirectory {
    /// Where it lies, absolute.
    pub paths: ZonePaths,
    /// Its description.
    pub config: ZoneConfig,
    /// What the operator should know of the description.
    pub warnings: Vec<Problem>,
}

impl ZoneDirectory {
    /// Reads `zone.toml` in `root`.
    pub fn open(root: &Path) -> Result<Self> {
        let paths = ZonePaths::new(absolute(root)?);
        let (config, warnings) =
            ZoneConfig::load(&paths.config()).map_err(|error| config_failure(&paths, error))?;
        Ok(Self { paths, config, warnings })
    }

    /// Prints the warnings, each with its line.
    pub fn report_warnings(&self) {
        let file = self.paths.config().display().to_string();
        self.warnings.iter().for_each(|problem| report::problem(&file, problem));
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Result<&Node> {
        self.config.node(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the zone {} has no node `{name}`", self.config.name))
                .next(self.config.nearest_node(name))
        })
    }

    /// The token of the cluster.
    pub fn token(&self, authorities: &Authorities) -> ClusterToken {
        match &self.config.etcd.token {
            Some(token) => ClusterToken::given(token),
            None => ClusterToken::derive(&self.config.name, &authorities.root.subject_public_key_sha256()),
        }
    }

    /// Holds the zone for as long as the returned file lives: two commands never issue at the same time.
    pub fn lock(&self) -> Result<File> {
        lock(&self.paths)
    }

    /// Reads the CAs, and makes them first if there are none.
    pub fn load_or_create_authorities(&self, now: OffsetDateTime) -> Result<Authorities> {
        if Authorities::are_absent(&self.paths) {
            let _held = self.lock()?;
            let made = create_missing(&self.paths, &self.config, now)?;
            if !made.is_empty() {
                report::message(&format!(
                    "made the CAs of {} in {}",
                    self.config.name,
                    self.paths.authorities().display()
                ));
            }
        }
        Authorities::load(&self.paths, now)
    }
}

/// Holds the zone at `paths` for as long as the returned file lives. Another command that issues is waited for: it takes
/// milliseconds, or as long as its progress bar says.
pub fn lock(paths: &ZonePaths) -> Result<File> {
    let failure = |error: &std::io::Error| Failure::read(paths.root(), error);
    let directory = File::open(paths.root()).map_err(|error| failure(&error))?;
    match directory.try_lock() {
        Ok(()) => return Ok(directory),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(failure(&error)),
    }
    report::message(&format!("waiting for another command that issues in {}", paths.root().display()));
    directory.lock().map_err(|error| failure(&error))?;
    Ok(directory)
}

/// A path that still means the same after a change of directory, for the command line of etcd.
pub fn absolute(path: &Path) -> Result<std::path::PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::read(path, &error))
}

fn config_failure(paths: &ZonePaths, error: ZoneConfigError) -> Failure {
    let file = paths.config().display().to_string();
    match error {
        ZoneConfigError::Read { path, source } => {
            let failure = Failure::read(&path, &source);
            if source.kind() == std::io::ErrorKind::NotFound {
                failure.next(format!(
                    "make a zone: zone-etcd init --zone {} --name example.zone --node node1=10.0.1.10",
                    paths.root().display()
                ))
            } else {
                failure
            }
        }
        ZoneConfigError::Problems { problems, .. } => {
            let errors =
                problems.iter().filter(|problem| problem.severity == crate::config::Severity::Error).count();
            let count = if errors == 1 { "a problem".to_owned() } else { format!("{errors} problems") };
            let mut failure = Failure::new(Exit::Configuration, format!("{file} has {count}"));
            failure.causes = problems.iter().map(|problem| problem.render(&file)).collect();
            failure.next(format!("correct {}, nothing was changed", if errors == 1 { "it" } else { "them" }))
        }
    }
}
