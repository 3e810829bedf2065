//! What the other members are asked, as whom, and over what.

use etcd::PeerQuestion;
use etcd::tls::{self, MaterialError};
use model::config::EtcdVersion;
use model::plan::{Ids, MemberPlan, PlaneProtection};
use store::site::Certificates;

pub(super) fn of(
    member: &MemberPlan,
    certificates: &Certificates<'_>,
    ids: Option<Ids>,
    version: EtcdVersion,
) -> Result<PeerQuestion, MaterialError> {
    match &member.peer_plane {
        PlaneProtection::Mutual(_) => {
            let side = certificates.peer_side(member.dials_peers_with.stem, &member.paths)?;
            PeerQuestion::new(&side, ids, version)
        }
        PlaneProtection::Automatic => {
            let tls = tls::client_without_verification()?;
            Ok(PeerQuestion::unauthenticated(Some(tls), ids, version))
        }
        PlaneProtection::Plain => Ok(PeerQuestion::unauthenticated(None, ids, version)),
    }
}
