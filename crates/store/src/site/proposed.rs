//! What is proposed to an operator: a command that works as typed for how the node is run, and where to type
//! it.

use std::path::{Path, PathBuf};

use super::Site;
use crate::bundle::{self, proposed_renewal};
use crate::node_directory::NodeDirectory;
use crate::zone_directory::ZoneDirectory;
use model::config::{AccessMethod, AccessSettings};
use model::plan::{DEFAULT_NODE_DIRECTORY, proposed_with_config};

enum Way {
    ZoneDirectory,
    /// The command of `[access]` or the zone's etcd brings it to a directory of its own.
    Reached {
        directory: PathBuf,
    },
    /// People carry bundles to a directory of its own.
    Files,
    /// It runs from a copy of the zone directory, as far as can be told from here.
    Copy,
}

impl Way {
    fn to(zone: &ZoneDirectory, node: &str) -> Self {
        let Some(described) = zone.config.node(node) else { return Self::Copy };
        let is_reached = |settings: &&AccessSettings| match settings.methods(described).first() {
            Some(AccessMethod::Command) => true,
            // The first bundle is carried.
            Some(AccessMethod::Etcd) => zone.recipients().is_ok_and(|all| all.of(described).is_some()),
            Some(AccessMethod::Files) | None => false,
        };
        match zone.config.access.as_ref().filter(is_reached) {
            _ if zone.runs_here(described) => Self::ZoneDirectory,
            Some(settings) => Self::Reached { directory: settings.node_directory(described).into() },
            None if zone.has_bundled(node) => Self::Files,
            None => Self::Copy,
        }
    }
}

impl Site {
    /// A command for this zone, as the operator can type it here.
    pub fn proposed(&self, command: &str) -> String {
        // What follows `--` is for another program.
        if let Some((own, others)) = command.split_once(" -- ") {
            return format!("{} -- {others}", self.proposed(own));
        }
        match self {
            Self::Zone(zone) => zone.proposed(command),
            Self::Node(node) => node.proposed(command),
        }
    }

    /// A command for the node of this short name, to be typed where that node's directory is.
    pub fn proposed_for(&self, command: &str, node: &str) -> String {
        match self {
            Self::Zone(zone) => {
                // The node comes before the options of the command, as in the manual.
                let (command, options) = command.split_at(command.find(" --").unwrap_or(command.len()));
                zone.proposed(&format!("{command} --node {node}{options}"))
            }
            Self::Node(own) if own.name.short() == node => own.proposed(command),
            Self::Node(_) => format!("zone-etcd {command}"),
        }
    }

    /// The same, to be typed on the machine of that node: one that was given a bundle, or gets them by the
    /// command of `[access]`, has a directory of its own there.
    pub fn proposed_on(&self, command: &str, node: &str) -> String {
        let Self::Zone(zone) = self else { return self.proposed_for(command, node) };
        match Way::to(zone, node) {
            Way::ZoneDirectory | Way::Copy => self.proposed_for(command, node),
            Way::Reached { directory } => proposed_with_config(command, &directory),
            Way::Files => proposed_with_config(command, Path::new(DEFAULT_NODE_DIRECTORY)),
        }
    }

    /// What to do first about a member that is not as it should be: a check on its node, if the description
    /// has one of that name.
    pub fn proposed_look_at(&self, member: &str) -> String {
        match self.config().node(member) {
            Some(_) => format!("on {member}: {}", self.proposed_on("check", member)),
            None => format!(
                "{member} is not in zone.toml: put it there again, or take it out of the cluster by its id: \
                 {}",
                self.proposed("member list")
            ),
        }
    }

    /// How the certificates of the node of this short name are made again: where the CAs are, and then on the
    /// node.
    pub fn proposed_issue(&self, node: &str) -> String {
        match self {
            Self::Zone(zone) => zone.proposed(&format!("pki issue {node}")),
            Self::Node(own) => from_signing_host("bundle", own, node),
        }
    }

    /// How the member of the node of this short name gets certificates in the place of those that it shows.
    /// `pki issue` looks at no more than what is in the zone directory, which may be as it should be, and a
    /// bundle with the same in it is the one that the node has.
    pub fn proposed_renewal(&self, node: &str) -> String {
        let renew = format!("pki renew {node}");
        let zone = match self {
            Self::Zone(zone) => zone,
            Self::Node(own) => return from_signing_host("pki renew", own, node),
        };
        match Way::to(zone, node) {
            Way::ZoneDirectory | Way::Reached { .. } => zone.proposed(&renew),
            Way::Files => zone.proposed(&format!("{renew} {}", bundle::proposed_out(zone, &[node]))),
            Way::Copy => issued_and_copied(zone, node),
        }
    }

    /// How the member of the node of this short name gets the revocation lists that it has missed.
    pub fn proposed_lists(&self, node: &str) -> String {
        match self {
            Self::Zone(zone) => proposed_lists(zone, node),
            Self::Node(_) => self.proposed_issue(node),
        }
    }

    /// How the cluster is told that the node of this short name is where zone.toml has it.
    pub fn proposed_update(&self, node: &str) -> String {
        self.proposed_by_signer(&format!("member update {node}"))
    }

    /// A command that changes the zone, and is typed where its CAs are.
    pub fn proposed_by_signer(&self, command: &str) -> String {
        match self {
            Self::Zone(zone) => zone.proposed(command),
            Self::Node(_) => format!("on the signing host: zone-etcd {command}"),
        }
    }

    /// Whether the node of this short name gets what is new only as a whole, in a bundle.
    pub fn has_own_directory(&self, node: &str) -> bool {
        let Self::Zone(zone) = self else { return true };
        matches!(Way::to(zone, node), Way::Reached { .. } | Way::Files)
    }
}

/// Whether people carry files to the node of this short name.
pub fn gets_files(zone: &ZoneDirectory, node: &str) -> bool {
    matches!(Way::to(zone, node), Way::Files)
}

/// As [`Site::proposed_lists`], where the zone directory is.
pub fn proposed_lists(zone: &ZoneDirectory, node: &str) -> String {
    match Way::to(zone, node) {
        Way::ZoneDirectory => zone.proposed(&format!("pki issue {node}")),
        Way::Reached { .. } => zone.proposed(&format!("pki renew {node} --due")),
        Way::Files => bundle::proposed(zone, &[node]),
        Way::Copy => issued_and_copied(zone, node),
    }
}

fn issued_and_copied(zone: &ZoneDirectory, node: &str) -> String {
    let issue = zone.proposed(&format!("pki issue {node}"));
    format!("{issue}; then copy nodes/{node}/pki to the machine of {node}")
}

/// How a node of this short name comes to what it lacks, said on the node `own`.
fn from_signing_host(command: &str, own: &NodeDirectory, node: &str) -> String {
    let root = own.paths.root();
    // Where others have theirs is not known here, but on machines that are one node each.
    let is_known = own.name.short() == node || root == Path::new(DEFAULT_NODE_DIRECTORY);
    let root = if is_known { root } else { Path::new("NODE_DIR") };
    proposed_renewal(command, node, &format!("on {node}"), root)
}
