//! How the member of a node comes to what the zone directory has for it, and what is proposed so that it does.

use std::path::PathBuf;

use super::{Site, from_signing_host};
use crate::bundle;
use crate::live::PortFault;
use crate::zone_directory::ZoneDirectory;

/// How it does.
pub(super) enum Way {
    /// It runs from the zone directory.
    ZoneDirectory,
    /// The command of `[access]` brings it to a directory of its own.
    Command { directory: PathBuf },
    /// People carry bundles to a directory of its own.
    Files,
    /// It runs from a copy of the zone directory, as far as can be told from here.
    Copy,
}

impl Way {
    pub(super) fn to(zone: &ZoneDirectory, node: &str) -> Self {
        let Some(described) = zone.config.node(node) else { return Self::Copy };
        match &zone.config.access {
            _ if zone.runs_here(described) => Self::ZoneDirectory,
            Some(settings) => Self::Command { directory: settings.node_directory(described).into() },
            None if zone.has_bundled(node) => Self::Files,
            None => Self::Copy,
        }
    }
}

impl Site {
    /// How the member of the node of this short name gets certificates in the place of those that it shows. `pki issue` looks at no more than
    /// what is in the zone directory, which may be as it should be, and a bundle with the same in it is the one that the node has.
    pub fn proposed_renewal(&self, node: &str) -> String {
        let renew = format!("pki renew {node}");
        let zone = match self {
            Self::Zone(zone) => zone,
            Self::Node(own) => return from_signing_host("pki renew", own, node),
        };
        match Way::to(zone, node) {
            Way::ZoneDirectory | Way::Command { .. } => zone.proposed(&renew),
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
        let update = format!("member update {node}");
        match self {
            Self::Zone(zone) => zone.proposed(&update),
            Self::Node(_) => format!("on the signing host: zone-etcd {update}"),
        }
    }

    /// What to do about ports that are not what they should be.
    pub fn proposed_ports(&self, node: &str, fault: &PortFault) -> String {
        match fault {
            PortFault::Swapped { .. } => format!(
                "give the node {node} its client_port and its peer_port in {} the other way round, or swap what forwards to them",
                self.place_to_correct()
            ),
            PortFault::PeerCutOff { peer, .. } => format!(
                "let all members reach {peer} and {node} reach theirs: a firewall or a route lets its port for clients through, and not this one"
            ),
        }
    }

    /// Whether the node of this short name gets what is new only as a whole, in a bundle.
    pub fn has_own_directory(&self, node: &str) -> bool {
        let Self::Zone(zone) = self else { return true };
        matches!(Way::to(zone, node), Way::Command { .. } | Way::Files)
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
        Way::Command { .. } => zone.proposed(&format!("pki renew {node} --due")),
        Way::Files => bundle::proposed(zone, &[node]),
        Way::Copy => issued_and_copied(zone, node),
    }
}

fn issued_and_copied(zone: &ZoneDirectory, node: &str) -> String {
    let issue = zone.proposed(&format!("pki issue {node}"));
    format!("{issue}; then copy nodes/{node}/pki to the machine of {node}")
}
