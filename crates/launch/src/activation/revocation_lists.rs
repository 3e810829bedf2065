//! The revocation lists of a node, which only grow: who was refused here is not let in again by a bundle from
//! a copy of the zone directory, nor by a step back.

use std::path::Path;

use zone_pki::{Certificate, RevocationList, ShowPath, hex, regular_file};

use super::node_store::{BundledGeneration, NodeStore};
use super::refusal::{ListsInUse, Refusal, RefusedBundle};
use model::error::{Failure, Result};
use model::plan::Plane;
use model::report::shell_quoted;

/// How many serial numbers a refusal names.
const NAMED_AT_MOST: usize = 3;

/// Refuses a generation whose lists have a lower number than those in use (RFC 5280, 5.2.3), or do not list
/// what those do. One without a list serves no client on that plane. `name` is that of the bundle.
pub(super) fn refuse_older(
    generation: &Path,
    active: &BundledGeneration,
    store: &NodeStore,
    name: &str,
) -> Result<(), RefusedBundle> {
    let mut causes = Vec::new();
    let (mut shorter, mut told) = (Vec::new(), Vec::new());
    for plane in Plane::ALL {
        let file = plane.revocation_file();
        let (Some(new), Some(in_use)) = (read(&generation.join(file)), known(file, active, store)?) else {
            continue;
        };
        let before = causes.len();
        if let (Some(number), Some(last)) = (new.number(), in_use.number())
            && number < last
        {
            causes.push(format!("{file} has the number {number}, and the one in use has {last}"));
        }
        causes.extend(lacks(file, &new, &in_use));
        if causes.len() > before {
            shorter.push(store.paths.current(file));
            told.push((plane, in_use.der().to_vec()));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::bad_input(format!("{name} would let in again who was revoked"));
    failure.causes = causes;
    let files: Vec<String> = shorter.iter().map(|path| shell_quoted(&path.shown().to_string())).collect();
    let failure = failure
        .because("the zone directory that it was made from is another one, or was put back from a copy")
        .next(format!(
            "have that signing host take over what is listed here: copy {} to it, and there: zone-etcd pki \
             revoke --adopt-list FILE; or, if they are to be let in again, activate with --accept-older-crl",
            files.join(" and ")
        ));
    let in_use = ListsInUse::new(&active.manifest.node, told);
    Err(RefusedBundle { failure, refusal: Some(Box::new(Refusal::OlderLists(in_use))) })
}

/// What a list lacks that is refused here, in one phrase.
fn lacks(file: &str, new: &RevocationList, in_use: &RevocationList) -> Option<String> {
    let missing: Vec<String> = new.missing_of(in_use).map(|entry| hex::encode(&entry.serial)).collect();
    let named = missing.iter().take(NAMED_AT_MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match missing.len() {
        0 => None,
        count if count > NAMED_AT_MOST => {
            Some(format!("{file} does not list {named} and {} more", count - NAMED_AT_MOST))
        }
        _ => Some(format!("{file} does not list {named}")),
    }
}

/// Has a generation of before go on with the lists in use: certificates go back, and revoked holders stay
/// out.
///
/// A list that none of its CAs has signed is refused: who verifies it there, as the next start does, could
/// not use it.
pub(super) fn keep_in_use(
    to: &BundledGeneration,
    active: &BundledGeneration,
    store: &NodeStore,
) -> Result<()> {
    for plane in Plane::ALL {
        let file = plane.revocation_file();
        let path = &to.generation.path;
        let (Some(own), Some(in_use)) = (read(&path.join(file)), known(file, active, store)?) else {
            continue;
        };
        let is_newer = own.number() >= in_use.number() && own.missing_of(&in_use).next().is_none();
        if is_newer {
            continue;
        }
        let trusted = regular_file::read(&path.join(plane.authority_file())).unwrap_or_default();
        in_use.verify(&Certificate::chain_from_pem(&trusted).unwrap_or_default()).map_err(|error| {
            Failure::bad_input(format!("{} is of no use any more", path.shown()))
                .because(format!("the {file} in use has to stay, and cannot be used with its CAs: {error}"))
                .next(format!(
                    "have a new bundle made on the signing host: {}",
                    store::bundle::proposed_elsewhere(&to.manifest.node)
                ))
        })?;
        to.generation.replace(file, in_use.der()).map_err(|error| store.unwritten(&error))?;
    }
    Ok(())
}

/// The list in use; if it is damaged, the newest that the other generations have.
fn known(file: &str, active: &BundledGeneration, store: &NodeStore) -> Result<Option<RevocationList>> {
    if let Some(list) = read(&active.generation.path.join(file)) {
        return Ok(Some(list));
    }
    let others = store.activated()?;
    let lists = others.iter().filter_map(|other| read(&other.generation.path.join(file)));
    Ok(lists.max_by_key(RevocationList::number))
}

/// One that cannot be read is told of when the generation is checked.
fn read(path: &Path) -> Option<RevocationList> {
    RevocationList::from_der(&regular_file::read(path).ok()?).ok()
}
