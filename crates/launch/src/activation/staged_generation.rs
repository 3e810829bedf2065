//! The files of a bundle, written aside: a generation that nothing points at, and programs beside those in
//! use.

use std::io::Read;

use zeroize::Zeroizing;
use zone_pki::{Certificate, FileKind, PrivateKey, ShowPath, Staged, key_matches, regular_file};

use super::bootstrap_right::BootstrapRight;
use super::node_store::{BundledGeneration, NodeStore};
use super::programs::Programs;
use model::error::{Failure, Result};
use model::plan::{NODE_ROLES, ROOT_FILE};
use store::bundle::{
    BundleError, FileEntry, FileMode, KeyPlace, MANIFEST_FILE, Manifest, OpenBundle, SIGNATURE_FILE,
    bundle_failure,
};
use store::requests::NodeKeys;
use store::requests::node_keys::read_key;

/// Reads a bundle to its end. What is returned is on no path that anything reads, and removed unless it is
/// committed.
#[tracing::instrument(skip_all)]
pub(super) fn stage<R: Read>(
    bundle: &mut OpenBundle<R>,
    store: &NodeStore,
    name: &str,
) -> Result<(Staged, Programs)> {
    let failed = |error: &BundleError| bundle_failure(name, error);
    let mut staged = store.generations.stage().map_err(|error| store.unwritten(&error))?;
    let mut programs = Programs::new(store.paths.root());
    while let Some((entry, mut reader)) = bundle.next_file().map_err(|error| failed(&error))? {
        match entry.generation_file() {
            None => programs.add(&entry, &mut reader, name)?,
            Some(file) => {
                let bytes = read_whole(&entry, &mut reader).map_err(|error| failed(&error))?;
                if file == ROOT_FILE {
                    bundle.check_trust_file(&bytes).map_err(|error| failed(&error))?;
                }
                staged.add(file, &bytes, kind(entry.mode)).map_err(|error| store.unwritten(&error))?;
            }
        }
    }
    let signature = serde_json::to_vec_pretty(bundle.envelope())
        .map_err(|error| Failure::internal("cannot write down a signature").because(&error))?;
    for (file, bytes) in [(MANIFEST_FILE, bundle.manifest().raw()), (SIGNATURE_FILE, &signature)] {
        staged.add(file, bytes, FileKind::Public).map_err(|error| store.unwritten(&error))?;
    }
    Ok((staged, programs))
}

/// Adds what the bundle does not bring: keys that never left this node, and the right to bootstrap the
/// cluster that an earlier bundle gave.
#[tracing::instrument(skip_all, level = "debug")]
pub(super) fn complete(
    staged: &mut Staged,
    manifest: &Manifest,
    store: &NodeStore,
    active: Option<&BundledGeneration>,
    founding: Option<&BootstrapRight>,
) -> Result<()> {
    if manifest.keys == KeyPlace::OnNode {
        add_own_keys(staged, &manifest.node, store, active)?;
    }
    for (file, bytes) in founding.map(BootstrapRight::files).into_iter().flatten() {
        staged.add(file, bytes, FileKind::Public).map_err(|error| store.unwritten(&error))?;
    }
    Ok(())
}

fn add_own_keys(
    staged: &mut Staged,
    node: &str,
    store: &NodeStore,
    active: Option<&BundledGeneration>,
) -> Result<()> {
    let requested = NodeKeys::open(&store.paths)?;
    for role in &NODE_ROLES {
        let path = staged.path().join(role.certificate_file());
        let Ok(text) = regular_file::read(&path) else { continue };
        // One that cannot be read is told of with all others, once everything is there.
        let Ok(leaf) = Certificate::from_pem(&text) else { continue };
        let file = role.key_file();
        let in_use = active.map(|active| read_key(&active.generation.path, &file)).transpose()?.flatten();
        let asked_for = requested.as_ref().map(|requested| requested.key(&file)).transpose()?.flatten();
        let mut keys = asked_for.into_iter().chain(in_use);
        let fits = |key: &Zeroizing<Vec<u8>>| {
            PrivateKey::from_pem(key).is_ok_and(|parsed| key_matches(&leaf, &parsed))
        };
        let Some(key) = keys.find(fits) else { return Err(no_key(role.certificate_file(), node, store)) };
        staged.add(&file, &key, FileKind::Private).map_err(|error| store.unwritten(&error))?;
    }
    Ok(())
}

fn no_key(certificate: String, node: &str, store: &NodeStore) -> Failure {
    let root = model::report::shell_quoted_path(store.paths.root());
    Failure::bad_input(format!("the key of {certificate} is not on this node"))
        .because(format!(
            "its bundle was made from a request, and neither {} nor what is active has the key of that \
             request",
            NodeKeys::directory(&store.paths).shown()
        ))
        .next(format!(
            "sign the requests of this node: zone-etcd pki csr --node {node} --node-dir {root} > {node}.csr, \
             and on the signing host: zone-etcd pki sign {node}.csr --out DIR"
        ))
}

/// The manifest limits the size, and a buffer that never grows leaves no copy of a key behind.
fn read_whole(
    entry: &FileEntry,
    reader: &mut impl Read,
) -> std::result::Result<Zeroizing<Vec<u8>>, BundleError> {
    let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.try_reserve_exact(size.saturating_add(1)).map_err(|_| BundleError::Truncated)?;
    reader.read_to_end(&mut bytes).map_err(BundleError::from_reader)?;
    Ok(bytes)
}

fn kind(mode: FileMode) -> FileKind {
    match mode {
        FileMode::Private => FileKind::Private,
        FileMode::Public | FileMode::Program => FileKind::Public,
    }
}
