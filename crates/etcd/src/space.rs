//! Room in the database: pages freed, the file made smaller, the alarm taken back.

use super::client::{Answer, CallError, MemberClient};
use super::messages::{
    AlarmRequest, AlarmResponse, CompactionRequest, CompactionResponse, DefragmentRequest, DefragmentResponse,
};

/// What etcd says of a compaction that was done before (`ErrGRPCCompacted` in
/// `api/v3rpc/rpctypes/error.go`).
const COMPACTED: &str = "required revision has been compacted";
/// `AlarmRequest.AlarmAction.DEACTIVATE`
const DEACTIVATE: i32 = 2;
/// `AlarmType.NOSPACE`
const NO_SPACE: i32 = 1;

impl MemberClient {
    /// Has the member rewrite its database file without the free pages. It applies nothing meanwhile, and
    /// goes on with it if no client waits for the answer. A learner refuses.
    pub async fn defragment(&self) -> Answer<()> {
        let done = self.unary(DefragmentRequest {}, "/etcdserverpb.Maintenance/Defragment");
        done.await.map(|DefragmentResponse {}| ())
    }

    /// Drops the history before a revision on all members, and waits until this one has freed the pages of
    /// that and of all compactions before it: they are done in turn. One that was done before is not waited
    /// for.
    pub async fn compact(&self, revision: i64) -> Answer<()> {
        let request = CompactionRequest { revision, physical: true };
        match self.unary(request, "/etcdserverpb.KV/Compact").await {
            Ok(CompactionResponse {}) => Ok(()),
            Err(CallError::Failed(why)) if why.contains(COMPACTED) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes back the alarm NOSPACE that a member has raised. The next write that finds no room raises it
    /// again.
    pub async fn disarm_no_space(&self, member: u64) -> Answer<()> {
        let request = AlarmRequest { action: DEACTIVATE, member_id: member, alarm: NO_SPACE };
        self.unary(request, "/etcdserverpb.Maintenance/Alarm").await.map(|AlarmResponse {}| ())
    }
}
