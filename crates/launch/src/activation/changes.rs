//! What a member that runs does not notice by itself when another generation is in use.

use std::path::Path;

use zone_pki::regular_file;

use super::description::Described;
use model::plan::{MemberPlan, Plane};

/// Why a member that runs has to be restarted, each a phrase; empty if it need not.
///
/// Certificates, keys and revocation lists are read at every handshake. The CAs that a plane trusts and all
/// flags are read at the start. The initial cluster does not count: a member that has data knows its cluster
/// from there.
pub(super) fn that_need_a_restart(before: (&Path, &Described), after: (&Path, &Described)) -> Vec<String> {
    let mut changes = Vec::new();
    let ((old_files, before), (new_files, after)) = (before, after);
    let (Some(old), Some(new)) = (&before.member, &after.member) else {
        if before.member.is_some() {
            changes.push("no member is to run here any more".to_owned());
        }
        return changes;
    };
    for file in Plane::ALL.map(Plane::authority_file) {
        // Both were checked, so both can be read.
        if regular_file::read(&old_files.join(file)).ok() != regular_file::read(&new_files.join(file)).ok() {
            changes.push(format!("{file} changed"));
        }
    }
    if addresses(old) != addresses(new) {
        changes.push("its addresses changed".to_owned());
    }
    if old.settings != new.settings {
        changes.push("[etcd] changed".to_owned());
    }
    changes
}

fn addresses(member: &MemberPlan) -> impl PartialEq + '_ {
    let MemberPlan { member: identity, listen_peer, listen_client, listen_metrics, .. } = member;
    (
        identity.peer_url.as_str(),
        listen_peer,
        listen_client,
        listen_metrics,
        &member.advertise_client,
        member.dials_peers_with,
    )
}
