//! What a step back would bring back: certificates that were revoked since, or whose CA is trusted no more,
//! or a cluster that the zone is no more.

use std::path::Path;

use zone_pki::{Certificate, RevocationList, ShowPath, regular_file};

use super::node_store::BundledGeneration;
use model::error::{Failure, Result};
use model::plan::{NODE_ROLES, Plane};

/// Refuses to go back to a certificate of this node that a later generation lists as revoked, or whose CA the
/// latest does not trust: the other members would refuse it. Refuses what is from before a restore.
pub(super) fn refuse(to: &BundledGeneration, later: &[BundledGeneration]) -> Result<()> {
    let path = &to.generation.path;
    let mut withdrawn = Vec::new();
    let restores = |each: &BundledGeneration| each.manifest.restore.as_ref().map_or(0, |epoch| epoch.epoch);
    if later.iter().any(|each| restores(each) > restores(to)) {
        withdrawn.push("the zone was restored since, and it is of the cluster of before".to_owned());
    }
    for role in &NODE_ROLES {
        let file = role.certificate_file();
        let leaf =
            regular_file::read(&path.join(&file)).ok().and_then(|text| Certificate::from_pem(&text).ok());
        let Some(leaf) = leaf else { continue };
        let list = role.plane.revocation_file();
        let lists = |each: &&BundledGeneration| {
            read(&each.generation.path, list).is_some_and(|list| list.lists(&leaf))
        };
        if let Some(listing) = later.iter().find(lists) {
            withdrawn.push(format!("{file}: {list} of generation {} lists it", listing.generation.number));
        } else if let Some(latest) = later.last()
            && distrusts(&latest.generation.path, role.plane, &leaf)
        {
            let (trust, number) = (role.plane.authority_file(), latest.generation.number);
            withdrawn.push(format!("{file}: {trust} of generation {number} does not trust its CA any more"));
        }
    }
    if !withdrawn.is_empty() {
        let mut failure = Failure::bad_input(format!("{} is of no use any more", path.shown()));
        failure.causes = withdrawn;
        let node = &to.manifest.node;
        return Err(failure.next(format!(
            "have a new bundle made on the signing host: {}",
            store::bundle::proposed_elsewhere(node)
        )));
    }
    Ok(())
}

/// Whether a generation trusts other CAs on a plane than the one that issued a leaf. Without a member it says
/// nothing of that.
fn distrusts(generation: &Path, plane: Plane, leaf: &Certificate) -> bool {
    let text = regular_file::read(&generation.join(plane.authority_file())).unwrap_or_default();
    let trusted = Certificate::chain_from_pem(&text).unwrap_or_default();
    !trusted.is_empty() && !trusted.iter().any(|ca| leaf.names_issuer(ca))
}

/// One that cannot be read is told of when the generation is checked.
fn read(generation: &Path, list: &str) -> Option<RevocationList> {
    RevocationList::from_der(&regular_file::read(&generation.join(list)).ok()?).ok()
}
