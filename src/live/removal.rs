//! Taking a member out of the cluster, only if the others are a quorum without it.

use std::time::{Duration, Instant};

use super::credentials::Credentials;
use super::{LiveMember, LiveZone};
use crate::others::said_by_etcd;
use crate::plan::EtcdId;

/// `ErrUnhealthy` in etcd's `api/v3rpc/rpctypes/error.go`: what it says before the members have been connected for
/// `HealthInterval`, 5 seconds (`server/etcdserver/server.go`).
const UNSETTLED: &str = "etcdserver: unhealthy cluster";
/// For how long it is asked again then.
const SETTLED_AFTER: Duration = Duration::from_secs(7);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a member is not taken out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemovalError {
    /// It is the only voter: with it goes the cluster.
    #[error("it is the only voter of the cluster")]
    LastVoter,
    /// The others would have no quorum.
    #[error("of the {voters} voters that would be left {healthy} take requests, and {needed} are needed")]
    Quorum {
        /// How many would be left.
        voters: usize,
        /// How many of them take requests now.
        healthy: usize,
        /// How many have to.
        needed: usize,
    },
    /// etcd did not do it.
    #[error("etcd says: {0}")]
    Refused(String),
}

impl LiveZone {
    /// Whether the cluster goes on without this member.
    ///
    /// # Errors
    /// [`RemovalError::LastVoter`], [`RemovalError::Quorum`].
    pub fn can_lose(&self, id: EtcdId) -> Result<(), RemovalError> {
        let others: Vec<&LiveMember> =
            self.members.iter().filter(|member| member.is_voter() && member.id() != Some(id)).collect();
        let takes_requests = |member: &&&LiveMember| {
            member.status.as_ref().is_ok_and(|status| matches!(status.quorum_read, Some(Ok(_))))
        };
        let (voters, healthy) = (others.len(), others.iter().filter(takes_requests).count());
        let needed = voters / 2 + 1;
        match (voters, healthy >= needed) {
            (0, _) => Err(RemovalError::LastVoter),
            (_, true) => Ok(()),
            (_, false) => Err(RemovalError::Quorum { voters, healthy, needed }),
        }
    }

    /// Takes a member out, by way of another that takes requests.
    ///
    /// # Errors
    /// [`RemovalError`]; nothing was changed then.
    pub async fn remove(
        &self,
        id: EtcdId,
        credentials: &Credentials,
        limit: Duration,
    ) -> Result<(), RemovalError> {
        self.can_lose(id)?;
        let refused = |why: String| RemovalError::Refused(why);
        let other = self.members.iter().find(|member| {
            member.id() != Some(id)
                && member.status.as_ref().is_ok_and(|status| matches!(status.quorum_read, Some(Ok(_))))
        });
        let view = other.and_then(|member| member.client.as_ref());
        let view = view.ok_or_else(|| refused("no other member can be asked".to_owned()))?;
        let client = credentials.connect(&view.url, limit).map_err(refused)?;
        let deadline = Instant::now() + SETTLED_AFTER;
        loop {
            match client.member_remove(id.0).await {
                Ok(()) => return Ok(()),
                Err(status) if status.message() == UNSETTLED && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(status) => return Err(refused(said_by_etcd(&status))),
            }
        }
    }
}
