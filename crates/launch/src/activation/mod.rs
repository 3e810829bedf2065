//! Bundles activated on their node: verified, written aside, checked as a start would check them, and put in
//! use in one step.
//!
//! | module | what it holds |
//! |---|---|
//! | [`fingerprint`], `trust` | whose bundle it is |
//! | `this_node`, `age` | whether it is for this node, and of this time |
//! | `staged_generation`, `programs`, `bootstrap_right` | what is written, and what is taken over |
//! | `description`, `soundness` | whether a member could work with it |
//! | `refusal` | why not, for a person and for the signing host |
//! | `version_gate` | whether its etcd may run on the data that is here |
//! | `bundled_etcd` | whether the etcd that it brings can be run here |
//! | `changes` | what a member that runs does not notice by itself |
//! | `restart_needed` | the same, kept until that member was restarted |
//! | `node_store` | what is active, and the lock |
//! | `revocation_lists` | that revoked holders stay out |
//! | `rollback`, `rollback_check` | back to the generation before, and what that must not bring back |
//!
//! The link `pki/current` is switched last, and decides: before it nothing is in use, after it everything is.
//! Nothing outside the node directory is written.

mod age;
mod bootstrap_right;
mod bundled_etcd;
mod changes;
mod description;
pub mod fingerprint;
mod link;
mod node_store;
mod programs;
mod refusal;
mod restart_needed;
mod revocation_lists;
mod rollback;
mod rollback_check;
mod soundness;
mod staged_generation;
mod this_node;
mod trust;
mod version_gate;

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use fingerprint::{Fingerprint, FingerprintError};
pub use node_store::NodeStore;
pub use refusal::{ActiveBundle, ListsInUse, Missing, Refusal, RefusedBundle};
pub use restart_needed::restart_needed;
pub use rollback::rollback;

use bootstrap_right::BootstrapRight;
use description::Described;
use model::disabled_fixes::Fix;
use model::error::{Exit, Failure, Result};
use node_store::{BundledGeneration, EmptyDirectories};
use store::bundle::{Manifest, OpenBundle};
use store::node_directory::{DeliveryKey, refuse_data_among};
use store::requests::NodeKeys;
use this_node::Evidence;
use trust::Trust;
use zone_pki::ShowPath;

/// Where a bundle is to be activated, and what the operator knows.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// The node directory, absolute.
    pub node_directory: &'t Path,
    /// The name of this node, short or full.
    pub node: Option<&'t str>,
    pub fingerprint: Option<Fingerprint>,
    pub bundle: &'t str,
    /// Whether the operator takes revocation lists that are older than those in use.
    pub accept_older_lists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The bundle is in use now.
    Activated,
    /// It was already.
    Unchanged,
    /// An earlier one is in use again.
    RolledBack,
}

/// What is in use on a node now.
#[derive(Debug)]
pub struct Activation {
    pub change: Change,
    pub manifest: Manifest,
    pub generation: u64,
    /// The generation that was in use before; none at the first activation, and if nothing changed.
    pub previous: Option<u64>,
    /// Whether the node may bootstrap the cluster.
    pub may_bootstrap: bool,
    pub is_member: bool,
    /// The number of the bundle before, if another signing host has made that one.
    pub other_host_before: Option<u64>,
    /// Why a member that runs has to be restarted; empty if it need not.
    pub restart: Vec<String>,
    /// The public key that bundles for this node may be sealed to.
    pub recipient: String,
}

/// Activates a bundle.
///
/// # Errors
/// Nothing is in use that was not before.
#[tracing::instrument(skip_all)]
pub fn activate<R: Read>(
    mut bundle: OpenBundle<R>,
    target: &Target<'_>,
    now: OffsetDateTime,
) -> Result<Activation, RefusedBundle> {
    let root = target.node_directory;
    let _unless_used = EmptyDirectories::not_there(root);
    let store = NodeStore::open(root)?;
    let active = store.as_ref().map(NodeStore::active).transpose()?.flatten();
    let known = match (&store, &active) {
        (Some(store), Some(active)) => Some(active.signer(store)?),
        _ => None,
    };
    let other = active.as_ref().and_then(|active| active.manifest.other_signer_sha256.as_deref());
    Trust { known: known.as_ref(), other, given: target.fingerprint }.check(&bundle, target.bundle)?;
    let manifest = bundle.manifest().clone();
    let requested = store.as_ref().map(|store| NodeKeys::open(&store.paths)).transpose()?.flatten();
    let evidence =
        Evidence::gather(active.as_ref().map(|active| &active.manifest), target.node, requested.as_ref());
    evidence.check(&manifest, target.node, target.bundle)?;
    let way_back = match (&store, &active) {
        (Some(store), Some(active)) => store.way_back(&active.generation),
        _ => None,
    };
    let had = store.as_ref().map(NodeStore::activated).transpose()?.unwrap_or_default();
    age::check(&manifest, active.as_ref(), &had, way_back, target.bundle, now)?;
    let store = match store {
        Some(store) => store,
        None => create(root)?,
    };
    link::refuse_another(&store.paths)?;
    if let Some(present) = had.into_iter().find(|each| each.manifest.digest() == manifest.digest()) {
        return switch_to(&store, present, active, Change::Activated, target.bundle, now);
    }

    let (mut staged, programs) = staged_generation::stage(&mut bundle, &store, target.bundle)?;
    let before = active.as_ref().map(|active| active.generation.path.clone());
    let founding = before.as_deref().and_then(|path| BootstrapRight::passed_on(path, &manifest));
    staged_generation::complete(&mut staged, &manifest, &store, active.as_ref(), founding.as_ref())?;
    let described = Described::read(staged.path(), &manifest, &store.paths, target.bundle)?;
    refuse_data_among_keys(&store, &described)?;
    evidence.check_machine(&described.zone, &described.node, target.bundle)?;
    if let Some(active) = active.as_ref().filter(|_| !target.accept_older_lists && !Fix::ListsGrow.is_off()) {
        revocation_lists::refuse_older(staged.path(), active, &store, target.bundle)?;
    }
    soundness::check(staged.path(), &described, before.as_deref(), target.bundle, now)?;
    version_gate::check(&described, manifest.restore.as_ref(), target.bundle)?;
    bundled_etcd::check(&programs, &described, target.bundle)?;
    let restart = restart(&store, active.as_ref(), (staged.path(), &described));
    let recipient = DeliveryKey::of(&store.paths)?.recipient().to_owned();
    programs.install()?;
    link::make(&store.paths)?;
    restart_needed::note(&store.paths, &restart)?;
    let generation = staged.commit().map_err(|error| store.unwritten(&error))?;
    let other_host_before = active.as_ref().map(|active| &active.manifest).filter(|before| {
        matches!((&before.signing_host, &manifest.signing_host), (Some(before), Some(new)) if before != new)
    });
    Ok(Activation {
        change: Change::Activated,
        other_host_before: other_host_before.map(|before| before.sequence),
        may_bootstrap: bootstrap_right::may_bootstrap(&generation.path, &manifest),
        generation: generation.number,
        previous: active.map(|active| active.generation.number),
        is_member: described.member.is_some(),
        manifest,
        restart,
        recipient,
    })
}

/// Puts a generation in use that is there already, unless it is in use. It is checked as a new one is.
#[tracing::instrument(skip_all, name = "switch")]
fn switch_to(
    store: &NodeStore,
    to: BundledGeneration,
    active: Option<BundledGeneration>,
    change: Change,
    name: &str,
    now: OffsetDateTime,
) -> Result<Activation, RefusedBundle> {
    let described = Described::read(&to.generation.path, &to.manifest, &store.paths, name)?;
    let is_active = active.as_ref().is_some_and(|active| active.generation == to.generation);
    let mut restart_reasons = Vec::new();
    // Also of what is active: the next start would be refused.
    version_gate::check(&described, to.manifest.restore.as_ref(), name)?;
    let recipient = DeliveryKey::of(&store.paths)?.recipient().to_owned();
    link::make(&store.paths)?;
    if let Some(active) = active.as_ref().filter(|_| !is_active && !Fix::ListsStay.is_off()) {
        revocation_lists::keep_in_use(&to, active, store)?;
    }
    let BundledGeneration { generation, manifest } = to;
    if !is_active {
        refuse_data_among_keys(store, &described)?;
        let in_use = active.as_ref().map(|active| active.generation.path.as_path());
        soundness::check(&generation.path, &described, in_use, name, now)?;
        restart_reasons = restart(store, active.as_ref(), (&generation.path, &described));
        restart_needed::note(&store.paths, &restart_reasons)?;
        store.generations.switch_to(&generation).map_err(|error| store.unwritten(&error))?;
    }
    Ok(Activation {
        change: if is_active { Change::Unchanged } else { change },
        may_bootstrap: bootstrap_right::may_bootstrap(&generation.path, &manifest),
        generation: generation.number,
        previous: active.filter(|_| !is_active).map(|active| active.generation.number),
        is_member: described.member.is_some(),
        manifest,
        other_host_before: None,
        restart: restart_reasons,
        recipient,
    })
}

/// A start would refuse it as well.
fn refuse_data_among_keys(store: &NodeStore, described: &Described) -> Result<()> {
    let paths = &store.paths;
    refuse_data_among(&paths.generations(), &paths.root().join("data"), &described.node)
}

/// Why a member that runs would have to be restarted; nothing if it is not known what was active.
fn restart(store: &NodeStore, active: Option<&BundledGeneration>, after: (&Path, &Described)) -> Vec<String> {
    let Some(BundledGeneration { generation, manifest }) = active else { return Vec::new() };
    match Described::read(&generation.path, manifest, &store.paths, "what was active") {
        Ok(before) => changes::that_need_a_restart((&generation.path, &before), after),
        Err(_) => vec!["what was active cannot be read".to_owned()],
    }
}

/// The node directory of a first activation, if no other process has just made it.
fn create(root: &Path) -> Result<NodeStore> {
    let store = NodeStore::create(root)?;
    match store.active()? {
        None => Ok(store),
        Some(_) => {
            Err(Failure::new(Exit::TryAgain, format!("another command activates in {}", root.shown()))
                .next("run the command again"))
        }
    }
}
