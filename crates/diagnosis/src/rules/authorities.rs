//! CAs, revocation lists, and the clock that they are read by.

use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, Fault, Rule, ShowPath, instant};

use super::count;
use super::remedies::{Remedies, SET_THE_CLOCK};
use super::time_left;
use crate::{CheckId, Finding, Verdict};
use host::{NodeFiles, PlaneFiles, RevocationFault, RoleFiles};
use model::plan::{Plane, Recorded, Role, days_left};

pub(super) fn authorities(files: &NodeFiles, leaf_validity: Duration, now: OffsetDateTime) -> Vec<Finding> {
    let planes = files.planes.iter().map(|plane| (plane.plane.authority_file(), &plane.authorities));
    planes
        .chain([(model::plan::ROOT_FILE, &files.roots)])
        .flat_map(|(file, authorities)| authorities.iter().flatten().map(move |each| (file, each)))
        .map(|(file, authority)| {
            let issued = |role: &RoleFiles| {
                role.chain.as_ref().is_ok_and(|chain| chain.iter().any(|each| each.names_issuer(authority)))
            };
            judge_authority(file, authority, files.roles.iter().any(issued), leaf_validity, now)
        })
        .collect()
}

fn judge_authority(
    file: &str,
    authority: &Certificate,
    is_in_use: bool,
    leaf_validity: Duration,
    now: OffsetDateTime,
) -> Finding {
    let (check, subject) = (CheckId::AuthorityValidity, file.to_owned());
    let remedy = "have a new one take its place, on the signing host: zone-etcd pki rotate-ca";
    let rules = [Rule::Valid(now), Rule::Authority, Rule::Outlives(now, leaf_validity), Rule::Young(now)];
    let (verdict, found, remedy) = match authority.fault(&rules) {
        None => return Finding::passed(check, subject, format!("{} days left", days_left(authority, now))),
        Some(fault @ Fault::Expired(_)) => (Verdict::Failed, format!("it {fault}"), remedy),
        Some(fault @ Fault::NotYetValid(_)) => {
            // One that is to sign and has issued nothing does no harm.
            let verdict = if is_in_use { Verdict::Failed } else { Verdict::Warning };
            (verdict, format!("it {fault}"), SET_THE_CLOCK)
        }
        Some(Fault::EndsFirst) => {
            let left = time_left(authority, now);
            let found = format!("{left} left, less than a certificate is to be valid: new ones end with it");
            (Verdict::Warning, found, remedy)
        }
        Some(Fault::Ageing) => {
            let found = format!("{} left, less than a third of its life", time_left(authority, now));
            (Verdict::Warning, found, remedy)
        }
        Some(_) => (
            Verdict::Failed,
            "it is not the certificate of a CA".to_owned(),
            "put the zone's own CA there: zone-etcd pki issue --all",
        ),
    };
    Finding::new(check, verdict, subject, found).remedy(remedy)
}

pub(super) fn revocations(
    files: &NodeFiles,
    plane: &PlaneFiles,
    remedies: &Remedies,
    now: OffsetDateTime,
) -> Option<Finding> {
    let check = CheckId::RevocationList;
    let path = files.directory.join(plane.plane.revocation_file());
    let subject = plane.plane.revocation_file().to_owned();
    let fail = |found: String| {
        Finding::new(check, Verdict::Failed, path.shown().to_string(), found).remedy(remedies.reissue())
    };
    let list = match &plane.revocations {
        Ok(list) => list,
        // A missing file was told of before.
        Err(RevocationFault::File(_)) => return None,
        Err(RevocationFault::List(_, error)) => return Some(fail(error.to_string())),
    };
    if let Some(finding) = not_signed(files, plane, remedies) {
        return Some(finding);
    }
    let own = own_listed(files, plane);
    if !own.is_empty() {
        let names: Vec<String> = own.iter().map(|role| role.certificate_file()).collect();
        let found = format!("it lists this node's own {}", names.join(", "));
        // Members look at the certificate of a peer, and no member looks at one of the client plane that a
        // member needs to serve.
        let verdict = match plane.plane {
            Plane::Peer => Verdict::Failed,
            Plane::Client => Verdict::Warning,
        };
        return Some(
            Finding::new(check, verdict, path.shown().to_string(), found)
                .because("members that have this list refuse it")
                .remedy(format!(
                    "if this node is to stay, have it reinstated on the signing host with `pki issue \
                     --reinstate`; where that is another machine, then {}",
                    remedies.reissue()
                )),
        );
    }
    if let Some(next) = list.next_update().filter(|next| *next < now) {
        let found = format!("a newer one was to come by {}", instant(next));
        return Some(
            Finding::new(check, Verdict::Warning, subject, found)
                .because("etcd goes on with it, but certificates that were revoked since are accepted here")
                .remedy(remedies.reissue()),
        );
    }
    Some(Finding::passed(check, subject, format!("{} listed", count(list.len(), "certificate"))))
}

/// The roles of a plane whose certificates are on the list that is beside them.
pub fn own_listed(files: &NodeFiles, plane: &PlaneFiles) -> Vec<&'static Role> {
    let Ok(list) = &plane.revocations else { return Vec::new() };
    let of_plane = files.roles.iter().filter(|files| files.role.plane == plane.plane);
    of_plane
        .filter(|files| files.chain.as_ref().is_ok_and(|chain| chain.iter().any(|each| list.lists(each))))
        .map(|files| files.role)
        .collect()
}

/// Whether a list is of none of the CAs beside it.
pub fn not_signed(files: &NodeFiles, plane: &PlaneFiles, remedies: &Remedies) -> Option<Finding> {
    let (authorities, list) = (plane.authorities.as_ref().ok()?, plane.revocations.as_ref().ok()?);
    let error = list.verify(authorities).err()?;
    let path = files.directory.join(plane.plane.revocation_file());
    let finding =
        Finding::new(CheckId::RevocationList, Verdict::Failed, path.shown().to_string(), error.to_string());
    Some(finding.remedy(remedies.reissue()))
}

/// What this machine's clock says against the newest certificate of the node, and the last thing that was
/// recorded.
pub fn clock(newest: Option<OffsetDateTime>, recorded: Option<&Recorded>, now: OffsetDateTime) -> Finding {
    let (check, subject) = (CheckId::Clock, instant(now));
    let remedy = "set this machine's clock right, and keep it so with a time service";
    if let Some(newest) = newest.filter(|newest| now < *newest) {
        let found =
            format!("a certificate of this node begins at {}, which is still to come", instant(newest));
        return Finding::new(check, Verdict::Failed, subject, found).remedy(remedy);
    }
    if let Some(Recorded { what, at, .. }) = recorded.filter(|recorded| recorded.is_to_come(now)) {
        let found = format!("{what} at {}, which is still to come", instant(*at));
        return Finding::new(check, Verdict::Warning, subject, found).remedy(remedy);
    }
    Finding::passed(check, subject, "after everything that was issued")
}

/// Whether the CAs of a generation are those of the zone directory.
pub fn trust(
    file: &str,
    of_node: &[Certificate],
    of_zone: &[&Certificate],
    path: &Path,
    remedies: &Remedies,
) -> Option<Finding> {
    if of_node.iter().eq(of_zone.iter().copied()) {
        return None;
    }
    let found = match of_zone {
        [_] => format!("it is not the CA that the zone has in {}", path.shown()),
        _ => format!("it is not the CAs that the zone has in {} and beside it", path.shown()),
    };
    Some(Finding::new(CheckId::CertificateChain, Verdict::Failed, file, found).remedy(remedies.reissue()))
}
