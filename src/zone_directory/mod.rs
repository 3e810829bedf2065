//! A zone's directory on its signing machine: its description, its CAs, and what they issued.

mod assessment;
mod authorities;
mod chain;
mod create_authorities;
mod document_signer;
mod existing;
mod failures;
mod inventory;
mod issuing;
mod trial;
mod zone_lock;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

pub use assessment::{Assessment, Entry, Holder, Verdict};
pub use authorities::{Authorities, load_authority};
pub use create_authorities::{create_directory, create_file, create_missing};
pub use document_signer::{DocumentSigner, document_signer};
pub use existing::{
    GivenCas, GivenFiles, GivenPlanes, Requests, adopt, complete, inspect, inspect_authority, request,
};
pub use failures::private_failure;
pub use inventory::{Finding, Listed, all_clients, check, has_issued_to, list};
pub use issuing::Issuer;
pub use zone_lock::{ZoneLock, ZoneReadLock};

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
    /// The directory as the operator wrote it, for commands that are proposed.
    written: PathBuf,
}

impl ZoneDirectory {
    /// Reads `zone.toml` in `root`.
    pub fn open(root: &Path) -> Result<Self> {
        let paths = ZonePaths::new(absolute(root)?);
        let (config, warnings) =
            ZoneConfig::load(&paths.config()).map_err(|error| config_failure(&paths, error))?;
        refuse_writable_by_others(paths.root())?;
        Ok(Self { paths, config, warnings, written: root.to_owned() })
    }

    /// A command for this zone, as the operator can type it here.
    pub fn proposed(&self, command: &str) -> String {
        format!("zone-etcd {command} --zone {}", report::shell_quoted(&self.written.display().to_string()))
    }

    /// Prints the warnings, each with its line.
    pub fn report_warnings(&self) {
        let file = self.paths.config().display().to_string();
        self.warnings.iter().for_each(|problem| report::problem(&file, problem));
    }

    /// Where clients reach the members.
    pub fn client_urls(&self) -> Vec<String> {
        self.config.members().map(Node::client_url).collect()
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

    /// Keeps every other command from issuing in this zone.
    pub fn lock(&self) -> Result<ZoneLock> {
        ZoneLock::take(&self.paths)
    }

    /// Keeps every command from issuing in this zone, and lets others read as well.
    pub fn lock_to_read(&self) -> Result<ZoneReadLock> {
        ZoneReadLock::take(&self.paths)
    }

    /// Reads the CAs, and makes them first in a zone that has issued nothing yet.
    pub fn load_or_create_authorities(&self, now: OffsetDateTime, held: &ZoneLock) -> Result<Authorities> {
        if Authorities::are_absent(&self.paths)? {
            create_missing(&self.paths, &self.config, now, held)?;
            report::message(&format!(
                "made the CAs of {} in {}",
                self.config.name,
                self.paths.authorities().display()
            ));
        }
        let authorities = Authorities::load(&self.paths, now)?;
        authorities.warn_of_age(&self.paths, now);
        Ok(authorities)
    }
}

/// A path that still means the same after a change of directory, for the command line of etcd.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::read(path, &error))
}

/// Who may write there may replace `zone.toml`, move `ca/` away, or lead a file of ours elsewhere.
fn refuse_writable_by_others(root: &Path) -> Result<()> {
    let mode = std::fs::metadata(root).map_err(|error| Failure::read(root, &error))?.permissions().mode();
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::new(Exit::Permission, format!("others can write to {}", root.display()))
        .because(format!("its mode is {:04o}", mode & 0o7777))
        .next(format!("if nothing in it was changed: chmod go-w {}", root.display())))
}

fn config_failure(paths: &ZonePaths, error: ZoneConfigError) -> Failure {
    let file = paths.config().display().to_string();
    match error {
        ZoneConfigError::Read { path, source } => {
            let failure = Failure::read(&path, &source);
            if source.kind() == std::io::ErrorKind::NotFound {
                failure.next(format!(
                    "name the zone's directory with --zone; or make a zone: \
                     zone-etcd init --zone {} --name example.zone --node node1=10.0.1.10",
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
