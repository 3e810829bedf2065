//! The member list changed, by way of a voter that takes requests.
//!
//! What a member answers is not the end of it: an error may mean that it happened, as a member that is asked
//! to remove itself ends before it answers. What counts is the list afterwards.

use std::time::Duration;

use super::credentials::Credentials;
use super::{LiveMember, LiveZone};
use etcd::client::{CallError, MemberClient};
use model::plan::EtcdId;

/// What stays refused, however often it is asked for (`api/v3rpc/rpctypes/error.go`).
const REFUSALS: [&str; 6] = [
    "Peer URLs already exists",
    "member ID already exist",
    "too many learner members",
    "member not found",
    "not enough started members",
    "can only promote a learner member",
];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListChange {
    AddLearner {
        /// Where members reach it.
        peer_url: String,
    },
    Promote(EtcdId),
    Remove(EtcdId),
}

/// What became of it by the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The members have not been connected for `HealthInterval`, five seconds, or too few of them are
    /// (`ErrUnhealthy` in etcd's `api/v3rpc/rpctypes/error.go`, `server/etcdserver/server.go`).
    #[error("the members have to be connected for five seconds first")]
    Unsettled,
    /// The learner has less than nine tenths of the leader's log.
    #[error("the learner has not caught up")]
    NotCaughtUp,
    /// It may have happened: no answer came.
    #[error("{0}")]
    Unknown(String),
    /// The certificate has no right to it: with authentication on, the member list is the `root` role's to
    /// change.
    #[error("etcd says: {0}")]
    Denied(String),
    #[error("etcd says: {0}")]
    Refused(String),
}

impl From<CallError> for ChangeError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Late => Self::Unknown(error.to_string()),
            CallError::Denied(text) | CallError::NoUser(text) => Self::Denied(text),
            CallError::Failed(text) => match text.as_str() {
                "unhealthy cluster" => Self::Unsettled,
                "can only promote a learner member which is in sync with leader" => Self::NotCaughtUp,
                text if REFUSALS.iter().any(|refusal| text.contains(refusal)) => {
                    Self::Refused(text.to_owned())
                }
                // An election, a lost connection, a member that ends: it may have happened, or may yet.
                _ => Self::Unknown(text),
            },
        }
    }
}

impl LiveZone {
    /// Asks for a change, once.
    ///
    /// # Errors
    /// [`ChangeError`]. Only the list tells whether it happened all the same.
    pub async fn change_list(
        &self,
        change: &ListChange,
        credentials: &Credentials,
        limit: Duration,
    ) -> Result<(), ChangeError> {
        let concerned = match change {
            ListChange::AddLearner { .. } => None,
            ListChange::Promote(id) | ListChange::Remove(id) => Some(*id),
        };
        let client = self.voter_but(concerned, credentials, limit).map_err(ChangeError::Unknown)?;
        match change {
            ListChange::AddLearner { peer_url } => client.member_add_learner(peer_url).await,
            ListChange::Promote(id) => client.member_promote(id.0).await,
            ListChange::Remove(id) => client.member_remove(id.0).await,
        }
        .map_err(ChangeError::from)
    }

    /// A voter that takes requests: the leader if it may be, which has not to pass them on.
    fn voter_but(
        &self,
        concerned: Option<EtcdId>,
        credentials: &Credentials,
        limit: Duration,
    ) -> Result<MemberClient, String> {
        let takes_requests = |member: &&LiveMember| member.id() != concerned && self.is_living_voter(member);
        let candidates = self.members.iter().filter(takes_requests);
        let voter = candidates.max_by_key(|member| member.id() == self.leader);
        let view = voter.and_then(|member| member.client.as_ref());
        credentials.connect(&view.ok_or("no other member takes requests")?.url, limit)
    }
}
