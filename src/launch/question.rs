//! What the other members are asked, as whom, and over what.

use super::Certificates;
use crate::config::EtcdVersion;
use crate::etcd::PeerQuestion;
use crate::plan::{Ids, MemberPlan, PlaneSecurity};
use crate::tls::{KeyPair, MaterialError, Transport, Trust};

pub(super) fn of(
    member: &MemberPlan,
    certificates: &Certificates<'_>,
    ids: Option<Ids>,
    version: EtcdVersion,
) -> Result<PeerQuestion, MaterialError> {
    let mutual = match &member.peer_plane {
        PlaneSecurity::Mutual(mutual) => mutual,
        PlaneSecurity::Automatic => {
            return Ok(PeerQuestion::unauthenticated(Transport::automatic()?, ids, version));
        }
        PlaneSecurity::Plain => return Ok(PeerQuestion::unauthenticated(Transport::Plain, ids, version)),
    };
    if let Certificates::Existing(existing) = certificates {
        let peer = &existing.peer;
        return PeerQuestion::new(&peer.trust, &peer.pair, peer.leaf().names(), ids, version);
    }
    let role = if member.peer_client { "peer-client" } else { "peer" };
    let issued = certificates.issued().into_iter().flat_map(|assessment| &assessment.entries);
    let entry = issued.into_iter().find(|entry| entry.role.name == role);
    let names = entry.map(|entry| entry.spec.names.clone()).unwrap_or_default();
    let pair = KeyPair::load(&member.paths.current(""), role)?;
    PeerQuestion::new(&Trust::load(&mutual.authority)?, &pair, &names, ids, version)
}
