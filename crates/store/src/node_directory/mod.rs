//! The directory of an activated node: its local config, its generations, its data. It never holds a CA key.

mod data_place;
mod delivery_key;
mod loaded;
mod members;

use std::path::{Path, PathBuf};

pub use data_place::refuse_data_among;
pub use delivery_key::DeliveryKey;
pub use loaded::{lay_down_local, local_files};
pub use members::{Members, Place, keep, keep_members, kept_members, no_list};
use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::bundle::{MANIFEST_FILE, Manifest, proposed_renewal};
use crate::existing_certificates::Sources;
use crate::zone_directory::{Authorities, absolute, config_failure, private_failure};
use host::MemberState;
use model::config::{LocalConfig, Node, NodeName, Problem, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{NodePaths, Recorded, RightToBootstrap};
use model::report;

/// The description of the zone in a generation, as far as this node has to know it.
pub const DESCRIPTION: &str = "zone.toml";
/// The manifest of an earlier bundle of this node, which gave it the right to bootstrap.
pub const FOUNDING: &str = "founding.json";
pub const FOUNDING_SIGNATURE: &str = "founding.sig";

#[derive(Debug)]
pub struct NodeDirectory {
    /// Where it lies, absolute.
    pub paths: NodePaths,
    /// The zone, as far as this node has to know it.
    pub config: ZoneConfig,
    pub name: NodeName,
    /// The local config, if it says all that there is.
    local: Option<Box<LocalConfig>>,
    /// That of the bundle in use. One that is not there, or not as we write it, is told of where it is used.
    manifest: Option<Box<Manifest>>,
    /// What the operator should know of the description.
    warnings: Vec<Problem>,
    /// The file that the warnings are about.
    warned_of: PathBuf,
    /// The local config as the operator wrote it, for commands that are proposed.
    written: PathBuf,
}

impl NodeDirectory {
    /// Reads the local config of a node, and what was activated beside it.
    pub fn open(config: &Path) -> Result<Self> {
        Self::open_with(config, &members::kept)
    }

    /// The same, where `members` finds those of a local config without a list.
    pub fn open_with(config: &Path, members: Members<'_>) -> Result<Self> {
        let file = absolute(config)?;
        let (local, warnings) = LocalConfig::load(&file).map_err(config_failure)?;
        let paths = NodePaths::new(file.parent().unwrap_or(Path::new("/")));
        let written = config.to_owned();
        match local.pki {
            Some(_) => Self::activated(&file, &local, paths, written),
            None => loaded::open(&file, local, warnings, paths, written, members),
        }
    }

    fn activated(file: &Path, local: &LocalConfig, paths: NodePaths, written: PathBuf) -> Result<Self> {
        let description = paths.current(DESCRIPTION);
        let (zone, warnings) = ZoneConfig::load(&description).map_err(config_failure)?;
        let (name, data) = match zone.node(local.name.as_str()) {
            Some(node) => (node.name.clone(), node.data_directory.clone()),
            None => return Err(mixed_up(file, local.name.as_str(), &description)),
        };
        let manifest = read_manifest(&paths.current(MANIFEST_FILE)).map(Box::new);
        Ok(Self {
            paths: paths.with_data(data.as_deref()),
            config: zone,
            name,
            local: None,
            manifest,
            warnings,
            warned_of: description,
            written,
        })
    }

    /// Whether a bundle has given it the right to bootstrap the cluster that its description gives. Without a
    /// bundle nothing else decides on it.
    pub fn right_to_bootstrap(&self, now: OffsetDateTime) -> RightToBootstrap {
        if !self.is_activated() {
            return RightToBootstrap::Given;
        }
        let founding = read_manifest(&self.paths.current(FOUNDING));
        let manifests = founding.iter().chain(self.manifest.as_deref());
        let given = manifests.filter(|manifest| manifest.may_bootstrap);
        match given.map(|manifest| manifest.issued_at).max() {
            Some(issued) => RightToBootstrap::given_at(issued, now),
            None => RightToBootstrap::Withheld,
        }
    }

    /// What its zone was restored to, as its bundle says.
    pub fn restored(&self) -> Option<RestoredEpoch> {
        self.manifest.as_ref()?.restore.clone()
    }

    /// Whether it was activated, and is not the local config of another program.
    pub fn is_activated(&self) -> bool {
        self.local.is_none()
    }

    /// Where the certificates are, if they were made elsewhere.
    pub fn sources(&self) -> Option<Sources> {
        self.local.as_ref().map(|local| loaded::sources(local, &self.paths))
    }

    pub fn node(&self) -> Result<&Node> {
        // `open` has found it under this name.
        self.config
            .node(self.name.full())
            .ok_or_else(|| Failure::internal("the description of this node lost its own node"))
    }

    /// Whether its bundles bring the CAs and revocation lists of the members: a node without a member gets
    /// what a client needs.
    pub fn has_authorities(&self) -> bool {
        !self.is_activated() || self.node().is_ok_and(|node| node.member)
    }

    /// The certificates of the CAs and the revocation lists that the node was given.
    ///
    /// # Errors
    /// It was given none, or they cannot be used.
    pub fn authorities(&self, now: OffsetDateTime) -> Result<Authorities> {
        if !self.has_authorities() {
            let what = format!(
                "{} has no member, and is not given the CAs that members are judged by",
                self.name.full()
            );
            let check = self.proposed("check");
            return Err(Failure::new(Exit::Configuration, what)
                .next(format!("on the signing host: zone-etcd status; here: {check}")));
        }
        let generation = self.paths.current("");
        zone_pki::private_file::check_directory(&generation)
            .map_err(|error| private_failure(&generation, &error))?;
        Authorities::of_generation(&generation, &self.renewal("here"), now)
    }

    /// The last thing that is recorded here to have been done. A file that cannot be read is told of where it
    /// is used.
    pub fn last_recorded(&self) -> Option<Recorded> {
        let (manifest, state) = (self.paths.current(MANIFEST_FILE), self.paths.state());
        let made = self.manifest.as_ref().map(|manifest| manifest.issued_at);
        let decided = MemberState::load(&state).ok().flatten().map(|state| state.decided_at);
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

fn read_manifest(path: &Path) -> Option<Manifest> {
    Manifest::parse(zone_pki::regular_file::read(path).ok()?).ok()
}

fn mixed_up(file: &Path, name: &str, description: &Path) -> Failure {
    let short = name.split('.').next().unwrap_or(name);
    Failure::new(Exit::Configuration, format!("{} does not fit what was activated", file.shown()))
        .because(format!("it is for {name}, which {} does not know", description.shown()))
        .next(proposed_renewal("bundle", short, "here", file.parent().unwrap_or(Path::new("/"))))
}
