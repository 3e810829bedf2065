//! The directory of an activated node: its local config, its generations, its data. It never holds a CA key.

mod data_place;
mod loaded;

use std::path::{Path, PathBuf};

pub use data_place::refuse_data_among;
use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::bundle::proposed_renewal;
use crate::config::{LocalConfig, Node, NodeName, Problem, ZoneConfig};
use crate::error::{Exit, Failure, Result};
use crate::existing_certificates::Sources;
use crate::plan::{NodePaths, Recorded, RightToBootstrap};
use crate::report;
use crate::zone_directory::{Authorities, absolute, config_failure, private_failure};

/// The description of the zone in a generation, as far as this node has to know it.
pub const DESCRIPTION: &str = "zone.toml";
/// The manifest of the bundle that a generation came in.
pub const MANIFEST: &str = "manifest.json";
/// The manifest of an earlier bundle of this node, which gave it the right to bootstrap.
pub const FOUNDING: &str = "founding.json";
/// The signature of [`FOUNDING`].
pub const FOUNDING_SIGNATURE: &str = "founding.sig";

/// A node that was activated.
#[derive(Debug)]
pub struct NodeDirectory {
    /// Where it lies, absolute.
    pub paths: NodePaths,
    /// The zone, as far as this node has to know it.
    pub config: ZoneConfig,
    /// Which of its nodes this is.
    pub name: NodeName,
    /// The local config, if it says all that there is.
    local: Option<Box<LocalConfig>>,
    /// What the operator should know of the description.
    warnings: Vec<Problem>,
    /// The file that the warnings are about.
    warned_of: PathBuf,
    /// The local config as the operator wrote it, for commands that are proposed.
    written: PathBuf,
}

/// What the decision to start rests on, of a manifest.
#[derive(serde::Deserialize)]
struct Right {
    may_bootstrap: bool,
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
}

/// When the bundle was made, of its manifest.
#[derive(serde::Deserialize)]
struct MadeAt {
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
}

/// When the member was last started, of `state.json`.
#[derive(serde::Deserialize)]
struct DecidedAt {
    #[serde(with = "time::serde::rfc3339")]
    decided_at: OffsetDateTime,
}

impl NodeDirectory {
    /// Reads the local config of a node, and what was activated beside it.
    pub fn open(config: &Path) -> Result<Self> {
        let file = absolute(config)?;
        let (local, warnings) = LocalConfig::load(&file).map_err(config_failure)?;
        let paths = NodePaths::new(file.parent().unwrap_or(Path::new("/")));
        let written = config.to_owned();
        match local.pki {
            Some(_) => Self::activated(&file, &local, paths, written),
            None => loaded::open(&file, local, warnings, paths, written),
        }
    }

    fn activated(file: &Path, local: &LocalConfig, paths: NodePaths, written: PathBuf) -> Result<Self> {
        let description = paths.current(DESCRIPTION);
        let (zone, warnings) = ZoneConfig::load(&description).map_err(config_failure)?;
        let (name, data) = match zone.node(local.name.as_str()) {
            Some(node) => (node.name.clone(), node.data_directory.clone()),
            None => return Err(mixed_up(file, local.name.as_str(), &description)),
        };
        Ok(Self {
            paths: paths.with_data(data.as_deref()),
            config: zone,
            name,
            local: None,
            warnings,
            warned_of: description,
            written,
        })
    }

    /// Whether a bundle has given it the right to bootstrap the cluster that its description gives. Where there is no bundle, nobody
    /// else has a say in it.
    pub fn right_to_bootstrap(&self, now: OffsetDateTime) -> RightToBootstrap {
        if !self.is_activated() {
            return RightToBootstrap::Given;
        }
        let given =
            [FOUNDING, MANIFEST].iter().filter_map(|manifest| read_right(&self.paths.current(manifest)));
        match given.max() {
            Some(issued) => RightToBootstrap::given_at(issued, now),
            None => RightToBootstrap::Withheld,
        }
    }

    /// Whether it was activated, and is not the local config of another program.
    pub fn is_activated(&self) -> bool {
        self.local.is_none()
    }

    /// Where the certificates are, if they were made elsewhere.
    pub fn sources(&self) -> Option<Sources> {
        self.local.as_ref().map(|local| loaded::sources(local, &self.paths))
    }

    /// The node itself.
    pub fn node(&self) -> Result<&Node> {
        // `open` has found it under this name.
        self.config
            .node(self.name.full())
            .ok_or_else(|| Failure::internal("the description of this node lost its own node"))
    }

    /// The certificates of the CAs and the revocation lists that the node was given.
    pub fn authorities(&self, now: OffsetDateTime) -> Result<Authorities> {
        let generation = self.paths.current("");
        zone_pki::private_file::check_directory(&generation)
            .map_err(|error| private_failure(&generation, &error))?;
        Authorities::of_generation(&generation, &self.renewal("here"), now)
    }

    /// The last thing that is recorded here to have been done. A file that cannot be read is told of where it is used.
    pub fn last_recorded(&self) -> Option<Recorded> {
        let (manifest, state) = (self.paths.current(MANIFEST), self.paths.state());
        let made = read_json(&manifest).map(|MadeAt { issued_at }| issued_at);
        let decided = read_json(&state).map(|DecidedAt { decided_at }| decided_at);
        let recorded = [
            made.map(|at| Recorded { what: "its bundle was made", at, file: manifest }),
            decided.map(|at| Recorded { what: "its member was started", at, file: state }),
        ];
        recorded.into_iter().flatten().max_by_key(|recorded| recorded.at)
    }

    /// Names a clock that is behind what is recorded.
    pub fn warn_of_clock(&self) {
        let now = OffsetDateTime::now_utc();
        if let Some(last) = self.last_recorded().filter(|last| last.is_to_come(now)) {
            report::warning(&format!(
                "this machine's clock is behind what is recorded: it says {}, and {last}",
                zone_pki::instant(now)
            ));
        }
    }

    /// Prints the warnings, each with its line, and what is wrong with the clock.
    pub fn report_warnings(&self) {
        self.warn_of_clock();
        let file = self.warned_of.shown().to_string();
        self.warnings.iter().for_each(|problem| report::problem(&file, problem));
    }

    /// How the node comes to other certificates. `place` is where it is, as seen by who reads that.
    pub fn renewal(&self, place: &str) -> String {
        proposed_renewal("bundle", self.name.short(), place, self.paths.root())
    }

    /// A command for this node, as the operator can type it here.
    pub fn proposed(&self, command: &str) -> String {
        format!("zone-etcd {command} --config {}", report::shell_quoted_path(&self.written))
    }
}

/// When a manifest gave the right; none if it did not, or is not there.
fn read_right(manifest: &Path) -> Option<OffsetDateTime> {
    let right: Right = read_json(manifest)?;
    right.may_bootstrap.then_some(right.issued_at)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&zone_pki::regular_file::read(path).ok()?).ok()
}

fn mixed_up(file: &Path, name: &str, description: &Path) -> Failure {
    let short = name.split('.').next().unwrap_or(name);
    Failure::new(Exit::Configuration, format!("{} does not fit what was activated", file.shown()))
        .because(format!("it is for {name}, which {} does not know", description.shown()))
        .next(proposed_renewal("bundle", short, "here", file.parent().unwrap_or(Path::new("/"))))
}
