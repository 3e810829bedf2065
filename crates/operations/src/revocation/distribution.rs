//! The new lists, on their way to every member that serves.

use std::collections::BTreeSet;

use zone_pki::{GenerationStore, StoreError};

use crate::operation::{Change, Operation};
use crate::runbook::{ListedStep, StepKind};
use crate::transport::{BundleTransport, NodeTransport};
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report::{Progress, Unit};
use store::zone_directory::{Assessment, Holder, Issuer, ZoneDirectory};

/// Which members have the lists, by the short names of their nodes. One that never ran and never had a bundle
/// is in none of these.
#[derive(Default)]
pub struct Distribution {
    /// Those whose files are here, or that have taken them.
    pub known: BTreeSet<String>,
    /// Those that were to get them by a command, and have the old ones.
    pub not_reached: Vec<NotReached>,
    /// Those to which a file is carried.
    pub by_hand: BTreeSet<String>,
    /// Those that are to get them by a command.
    to_reach: Vec<Node>,
}

/// A node that has the old lists still.
pub struct NotReached {
    /// Its short name.
    pub node: String,
    /// Why.
    pub failure: Failure,
}

/// How a member gets them; none for one that never ran and never had a bundle.
fn way(zone: &ZoneDirectory, node: &Node) -> Option<BundleTransport> {
    let transport = BundleTransport::of(zone, node);
    let is_here = matches!(transport, BundleTransport::Called(NodeTransport::InPlace));
    (is_here || zone.has_bundled(node.name.short())).then_some(transport)
}

impl Distribution {
    /// Gives the lists to the members whose certificates are kept here. Those that run from here read them at
    /// once. A certificate that was revoked is given to none.
    pub(super) fn begin(change: &Change<'_>, serving: &[&Node]) -> Result<Self> {
        let Change { zone, authorities, now } = *change;
        let here = serving.iter().filter(|node| zone.node_paths(&node.name).generations().exists());
        let mut assessments = here
            .map(|node| Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now))
            .collect::<Result<Vec<_>>>()?;
        // One that makes its own keys runs nowhere from here.
        assessments.retain(|assessment| !assessment.has_keys_elsewhere());
        Issuer::new(zone, authorities)?.bring_up_to_date(&assessments, now)?;

        let mut begun = Self::default();
        for node in serving {
            let name = node.name.short().to_owned();
            match way(zone, node) {
                Some(BundleTransport::Called(NodeTransport::InPlace)) => {
                    put_lists(change, node)?;
                    begun.known.insert(name);
                }
                Some(BundleTransport::Etcd(_) | BundleTransport::Called(NodeTransport::Command(_))) => {
                    begun.to_reach.push((*node).clone());
                }
                Some(BundleTransport::Called(NodeTransport::Offline)) => drop(begun.by_hand.insert(name)),
                None => {}
            }
        }
        Ok(begun)
    }

    /// Brings each of the others what it is to have. One that is not reached keeps none of the others from
    /// it.
    pub(super) fn finish(&mut self, operation: &Operation<'_>) {
        let progress = Progress::begin("delivering", Unit::Of("nodes"), self.to_reach.len() as u64);
        for node in std::mem::take(&mut self.to_reach) {
            let name = node.name.short().to_owned();
            let delivered = operation.deliver_lists(&node);
            match delivered.and_then(|delivered| delivered.ok_or_else(|| not_whole(operation, &name))) {
                Ok(_) => drop(self.known.insert(name)),
                Err(failure) => self.not_reached.push(NotReached { node: name, failure }),
            }
            progress.add(1);
        }
    }

    /// What [`begin`](Self::begin) and [`finish`](Self::finish) would do.
    pub(super) fn list(zone: &ZoneDirectory, serving: &[&Node], live: &LiveZone) -> Vec<ListedStep> {
        let row = |node: &&Node| {
            let how = match way(zone, node)? {
                BundleTransport::Etcd(_) => "the lists, by the zone's etcd, when it asks",
                BundleTransport::Called(NodeTransport::InPlace) => "the lists, in place",
                BundleTransport::Called(NodeTransport::Command(_)) => "the lists, by the command of [access]",
                BundleTransport::Called(NodeTransport::Offline) => {
                    "the lists, with the next bundle that is carried there"
                }
            };
            Some(ListedStep::new(StepKind::Deliver, how).on(node, live))
        };
        serving.iter().filter_map(row).collect()
    }

    /// Whether a member runs that is to have the lists.
    pub(super) fn is_meant(&self, node: &str) -> bool {
        self.known.contains(node) || self.by_hand.contains(node) || self.is_not_reached(node)
    }

    /// Whether it was to get them by a command, and has the old ones.
    pub fn is_not_reached(&self, node: &str) -> bool {
        self.not_reached.iter().any(|left| left.node == node)
    }
}

/// Has a member that runs from here use the zone's lists, also one whose certificates are not whole any more.
fn put_lists(change: &Change<'_>, node: &Node) -> Result<()> {
    let Change { zone, authorities, .. } = change;
    let store = GenerationStore::new(zone.node_paths(&node.name).generations());
    let failed = |error: &StoreError| {
        let what = format!("cannot give {} the revocation lists", node.name.short());
        Failure::write_chain(what, error, "what is revoked is recorded: run the command again")
    };
    let Some(generation) = store.current().map_err(|error| failed(&error))? else { return Ok(()) };
    for plane in Plane::ALL {
        let (file, list) = (plane.revocation_file(), authorities.revocations(plane).der());
        if generation.read(file).ok().as_deref() != Some(list) {
            generation.replace(file, list).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}

/// A node of which a certificate was revoked, and another or its key is gone here.
fn not_whole(operation: &Operation<'_>, node: &str) -> Failure {
    let others = operation.site().proposed(&format!("pki issue {node} --reinstate"));
    Failure::new(Exit::MissingInput, "its certificates are not whole here, so it gets no bundle")
        .because(format!("if it is trusted, it gets others: {others}"))
}
