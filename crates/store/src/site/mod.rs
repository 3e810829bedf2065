//! Where a command stands: at the zone directory of the signing host, or at the directory of an activated
//! node.
//!
//! A member starts the same way from both. What differs is who can issue, what is known of other nodes, and
//! which commands can be proposed.

mod certificates;
mod due;
mod proposed;

use std::path::{Path, PathBuf};

pub use certificates::Certificates;
pub use due::proposed_renewal;
pub use proposed::{gets_files, proposed_lists};
use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::node_directory::{DESCRIPTION, Members, NodeDirectory, refuse_data_among};
use crate::zone_directory::{Assessment, Authorities, CaPassphrase, Holder, ZoneDirectory, read_restored};
use host::UpgradeStep;
use model::config::{ClientName, EtcdSettings, Node, NodeName, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{LOCAL_CONFIG, NodePaths, Recorded, RightToBootstrap};
use model::report::shell_quoted_path;

/// The local config of a node that was activated without naming a directory.
pub const DEFAULT_CONFIG: &str = "/var/lib/zone-etcd/node.json";

/// Where a command stands.
#[derive(Debug)]
pub enum Site {
    /// At the zone directory of the signing host, which knows every node and can issue.
    Zone(ZoneDirectory),
    /// At the directory of an activated node, which knows its members and holds no CA key.
    Node(NodeDirectory),
}

impl Site {
    /// Opens the zone in `zone`, or the node of the local config `config`. With neither, the zone in the
    /// working directory, and if there is none the node in the default place.
    pub fn open(zone: Option<&Path>, config: Option<&Path>, ca_passphrase: CaPassphrase) -> Result<Self> {
        Self::open_by(zone, config, ca_passphrase, &NodeDirectory::open)
    }

    /// The same, where `members` finds those of a node whose local config has no list.
    ///
    /// # Errors
    /// As [`Site::open`]; and no members were found.
    pub fn open_with(
        zone: Option<&Path>,
        config: Option<&Path>,
        ca_passphrase: CaPassphrase,
        members: Members<'_>,
    ) -> Result<Self> {
        Self::open_by(zone, config, ca_passphrase, &|config| NodeDirectory::open_with(config, members))
    }

    fn open_by(
        zone: Option<&Path>,
        config: Option<&Path>,
        ca_passphrase: CaPassphrase,
        open_node: &dyn Fn(&Path) -> Result<NodeDirectory>,
    ) -> Result<Self> {
        match (zone, config) {
            (_, Some(config)) if config.is_dir() => Err(no_local_config(config)),
            (_, Some(config)) => open_node(config).map(Self::Node),
            (Some(zone), None) => Self::open_zone(zone, ca_passphrase),
            (None, None) if !Path::new("zone.toml").exists() && Path::new(DEFAULT_CONFIG).exists() => {
                open_node(Path::new(DEFAULT_CONFIG)).map(Self::Node)
            }
            (None, None) => Self::open_zone(Path::new("."), ca_passphrase),
        }
    }

    fn open_zone(root: &Path, ca_passphrase: CaPassphrase) -> Result<Self> {
        ZoneDirectory::open(root, ca_passphrase)
            .map(Self::Zone)
            .map_err(|failure| if root.join(DESCRIPTION).exists() { failure } else { no_zone(root, failure) })
    }

    pub fn directory(&self) -> &Path {
        match self {
            Self::Zone(zone) => zone.paths.root(),
            Self::Node(node) => node.paths.root(),
        }
    }

    /// The zone, as far as it is known here.
    pub fn config(&self) -> &ZoneConfig {
        match self {
            Self::Zone(zone) => &zone.config,
            Self::Node(node) => &node.config,
        }
    }

    /// The settings of etcd on a node: those of the description, with a version on the way to its own while
    /// `upgrade` goes there.
    ///
    /// # Errors
    /// What `upgrade` has left in the node directory cannot be read.
    pub fn etcd_settings(&self, node: &Node) -> Result<EtcdSettings> {
        match self {
            Self::Zone(zone) => UpgradeStep::settings(&zone.node_paths(&node.name), &zone.config.etcd),
            Self::Node(own) => Ok(own.config.etcd.clone()),
        }
    }

    /// Where programs may be that came in a bundle: in the directory of an activated node.
    pub fn programs_of_node(&self) -> Option<PathBuf> {
        match self {
            Self::Zone(_) => None,
            Self::Node(own) => Some(own.paths.root().to_owned()),
        }
    }

    /// The file that describes the zone here, as messages call it.
    pub fn description(&self) -> &'static str {
        match self {
            Self::Zone(_) => "zone.toml",
            Self::Node(node) if node.is_activated() => "the bundle",
            Self::Node(_) => "the local config",
        }
    }

    pub fn place_to_correct(&self) -> &'static str {
        match self {
            Self::Node(node) if node.is_activated() => {
                "zone.toml on the signing host, and activate another bundle"
            }
            site => site.description(),
        }
    }

    /// Whether there is no more to the description than a `node.json`, which has no place for settings of
    /// etcd.
    pub fn is_local_config(&self) -> bool {
        matches!(self, Self::Node(node) if !node.is_activated())
    }

    /// Becomes the owner of the directory, if this is root: a service is restarted by root, and its directory
    /// belongs to another user.
    ///
    /// # Errors
    /// This user may not.
    pub fn act_as_owner(&self) -> Result<()> {
        host::act_as_owner(self.directory()).map_err(|error| {
            let what = format!("cannot act as the owner of {}", self.directory().shown());
            Failure::new(Exit::Permission, what)
                .because(&error)
                .next("run the command as root, or as the user that the member runs as")
        })
    }

    /// The zone directory, where only the signing host comes to.
    ///
    /// # Errors
    /// This is a node: a fault of the program.
    pub fn zone_directory(&self) -> Result<&ZoneDirectory> {
        self.zone().ok_or_else(|| Failure::internal("a node is asked for what only a zone directory has"))
    }

    /// The zone directory, for what only the signing host can do.
    pub fn zone(&self) -> Option<&ZoneDirectory> {
        match self {
            Self::Zone(zone) => Some(zone),
            Self::Node(_) => None,
        }
    }

    /// Prints what the operator should know of the description.
    pub fn report_warnings(&self) {
        match self {
            Self::Zone(zone) => zone.report_warnings(),
            Self::Node(node) => node.report_warnings(),
        }
    }

    /// Names a clock that does not go with what is recorded here.
    pub fn warn_of_clock(&self) {
        match self {
            Self::Zone(zone) => zone.warn_of_clock(),
            Self::Node(node) => node.warn_of_clock(),
        }
    }

    /// The last thing that is recorded here to have been done.
    pub fn last_recorded(&self) -> Option<Recorded> {
        match self {
            Self::Zone(zone) => zone.last_recorded(),
            Self::Node(node) => node.last_recorded(),
        }
    }

    /// The node that is meant: the one of this name, or on an activated node the node itself.
    pub fn node(&self, name: Option<&str>) -> Result<&Node> {
        match (self, name) {
            (Self::Zone(zone), Some(name)) => zone.node(name),
            (Self::Zone(zone), None) => Err(no_node_named(zone)),
            (Self::Node(node), None) => node.node(),
            (Self::Node(directory), Some(name)) => {
                let node = directory.node()?;
                let is_meant = [node.name.short(), node.name.full()]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name));
                if is_meant { Ok(node) } else { Err(other_node(directory, name)) }
            }
        }
    }

    /// The directory of a node that can be here: on an activated node its own.
    pub fn node_paths(&self, name: &NodeName) -> NodePaths {
        match self {
            Self::Zone(zone) => zone.node_paths(name),
            Self::Node(node) => node.paths.clone(),
        }
    }

    /// Refuses a node whose data would lie among the keys that are here, or keys among its data.
    pub fn refuse_data_among_keys(&self, node: &Node) -> Result<()> {
        match self {
            Self::Zone(zone) => {
                refuse_data_among(zone.paths.root(), &zone.paths.node(&node.name).data(), node)
            }
            Self::Node(own) => {
                refuse_data_among(&own.paths.generations(), &own.paths.root().join("data"), node)
            }
        }
    }

    pub fn nodes_here(&self) -> impl Iterator<Item = &Node> {
        let own = match self {
            Self::Zone(_) => None,
            Self::Node(node) => Some(&node.name),
        };
        self.config().nodes.iter().filter(move |node| own.is_none_or(|own| *own == node.name))
    }

    /// The CAs' certificates and revocation lists: those of the zone, or those that the node was given.
    pub fn authorities(&self, now: OffsetDateTime) -> Result<Authorities> {
        match self {
            Self::Zone(zone) => {
                zone.refuse_unless_issued()?;
                Authorities::load(&zone.paths, now)
            }
            Self::Node(node) => node.authorities(now),
        }
    }

    /// The same for who only asks: those that sign need not be valid yet.
    pub fn authorities_to_ask(&self, now: OffsetDateTime) -> Result<Authorities> {
        match self {
            Self::Zone(zone) => {
                zone.refuse_unless_issued()?;
                Authorities::load_before_their_time(&zone.paths, now)
            }
            Self::Node(node) => node.authorities(now),
        }
    }

    /// What a node has to have, against what it has.
    pub fn assess<'z>(
        &'z self,
        node: &'z Node,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Assessment<'z>> {
        let holder = Holder::Node(node);
        match self {
            Self::Zone(zone) => Assessment::of(holder, &zone.config, &zone.paths, authorities, now),
            Self::Node(directory) => Assessment::in_store(
                holder,
                &directory.config,
                directory.paths.generations(),
                authorities,
                now,
            ),
        }
    }

    /// Whether the member may still bootstrap the cluster, as far as who activated the node has a say in it.
    pub fn right_to_bootstrap(&self, now: OffsetDateTime) -> RightToBootstrap {
        match self {
            // What this node has done before stands in its state.json.
            Self::Zone(_) => RightToBootstrap::Given,
            Self::Node(node) => node.right_to_bootstrap(now),
        }
    }

    /// What the zone was restored to, as far as it is known here; none if it never was.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn restored(&self) -> Result<Option<RestoredEpoch>> {
        match self {
            Self::Zone(zone) => read_restored(&zone.paths),
            Self::Node(node) => Ok(node.restored()),
        }
    }

    /// The generation with the certificate of a client: on a node its own, whatever client is asked for.
    pub fn client_generation(&self, client: &ClientName) -> PathBuf {
        match self {
            Self::Zone(zone) => zone.paths.client_current(client),
            Self::Node(node) => node.paths.current(""),
        }
    }
}

/// An operator without a zone directory may be at a node.
fn no_zone(root: &Path, failure: Failure) -> Failure {
    let config = root.join(LOCAL_CONFIG);
    let next = match failure.next.clone() {
        _ if config.exists() => format!("did you mean the node that is there? --config {}", quoted(&config)),
        Some(next) => format!("{next}; on an activated node: --config NODE_DIR/{LOCAL_CONFIG}"),
        None => return failure,
    };
    failure.next(next)
}

/// A directory in the place of the local config, which may be that of a node, or of a zone.
fn no_local_config(directory: &Path) -> Failure {
    let next =
        [(LOCAL_CONFIG, "--config"), (DESCRIPTION, "--zone")].into_iter().find_map(|(file, option)| {
            let meant = directory.join(file);
            let named = if option == "--zone" { directory } else { &meant };
            meant.is_file().then(|| format!("did you mean {option} {}?", quoted(named)))
        });
    Failure::bad_input(format!("{} is a directory", directory.shown()))
        .because("--config names the local config of a node, a file")
        .next(next.unwrap_or_else(|| format!("name the file itself: --config NODE_DIR/{LOCAL_CONFIG}")))
}

fn quoted(path: &Path) -> String {
    shell_quoted_path(path)
}

fn no_node_named(zone: &ZoneDirectory) -> Failure {
    Failure::new(Exit::Usage, format!("which node of {} is meant?", zone.config.name)).next(format!(
        "name it with --node, or an activated node with --config node.json; {}",
        zone.config.known_nodes()
    ))
}

fn other_node(directory: &NodeDirectory, name: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{} is not the directory of {name}", directory.paths.root().shown()))
        .because(format!("it is that of {}", directory.name))
        .next("leave --node out: the local config says which node it is")
}
