//! Messages of etcd's gRPC API, as far as this program uses them.
//!
//! The field numbers are those of `api/etcdserverpb/rpc.proto`, the same in every supported line. A field
//! that a line does not have yet keeps its default, as protobuf has it.

use prost::Message;

use model::plan::EtcdId;

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct StatusRequest {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberListRequest {
    #[prost(bool, tag = "1")]
    pub(super) linearizable: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MemberAddRequest {
    #[prost(string, repeated, tag = "1")]
    pub(super) peer_urls: Vec<String>,
    #[prost(bool, tag = "2")]
    pub(super) is_learner: bool,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberAddResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberPromoteRequest {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberPromoteResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberRemoveRequest {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberRemoveResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MemberUpdateRequest {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(string, repeated, tag = "2")]
    pub(super) peer_urls: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MemberUpdateResponse {}

/// `MoveLeaderRequest`
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MoveLeaderRequest {
    #[prost(uint64, tag = "1")]
    pub(super) target: u64,
}

/// `MoveLeaderResponse`
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MoveLeaderResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct DefragmentRequest {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct DefragmentResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct AlarmRequest {
    /// `DEACTIVATE` is 2.
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    #[prost(uint64, tag = "2")]
    pub(super) member_id: u64,
    /// `NOSPACE` is 1.
    #[prost(int32, tag = "3")]
    pub(super) alarm: i32,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct AlarmResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct CompactionRequest {
    #[prost(int64, tag = "1")]
    pub(super) revision: i64,
    /// Whether the answer waits until the asked member has freed the pages.
    #[prost(bool, tag = "2")]
    pub(super) physical: bool,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct CompactionResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct HashKvRequest {
    #[prost(int64, tag = "1")]
    pub(super) revision: i64,
}

/// `HashKVResponse`: a hash of the key space up to a revision. Two are comparable only if they were made
/// after the same compaction.
#[derive(Clone, PartialEq, Message)]
pub struct HashKvResponse {
    /// Who answers, and the revision that it has.
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    /// CRC-32C over the keys and values.
    #[prost(uint32, tag = "2")]
    pub hash: u32,
    /// The revision of the last compaction when the hash was made.
    #[prost(int64, tag = "3")]
    pub compact_revision: i64,
}

/// `ResponseHeader`
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct ResponseHeader {
    #[prost(uint64, tag = "1")]
    pub cluster_id: u64,
    #[prost(uint64, tag = "2")]
    pub member_id: u64,
    /// The revision of the key space; 0 where the request has nothing to do with it.
    #[prost(int64, tag = "3")]
    pub revision: i64,
}

/// `StatusResponse`: a member's own state, told without asking any other.
#[derive(Clone, PartialEq, Message)]
pub struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    /// The version of etcd, such as `3.7.3`.
    #[prost(string, tag = "2")]
    pub version: String,
    /// The size of the database file in bytes.
    #[prost(int64, tag = "3")]
    pub db_size: i64,
    /// The leader as this member sees it; 0 for none.
    #[prost(uint64, tag = "4")]
    pub leader: u64,
    /// The index of the last entry that this member knows to be committed.
    #[prost(uint64, tag = "5")]
    pub raft_index: u64,
    #[prost(uint64, tag = "6")]
    pub raft_term: u64,
    /// The index of the last entry that this member has applied.
    #[prost(uint64, tag = "7")]
    pub raft_applied_index: u64,
    /// What is wrong in the member's own view: `etcdserver: no leader`, and a text for each alarm.
    #[prost(string, repeated, tag = "8")]
    pub errors: Vec<String>,
    /// How much of the database file is in use, in bytes.
    #[prost(int64, tag = "9")]
    pub db_size_in_use: i64,
    /// Whether it is a learner: it takes the log, and does not vote.
    #[prost(bool, tag = "10")]
    pub is_learner: bool,
    /// The version of the data's layout, such as `3.7.0`; since 3.6.
    #[prost(string, tag = "11")]
    pub storage_version: String,
    /// The size that the database may have, in bytes; since 3.6.
    #[prost(int64, tag = "12")]
    pub db_size_quota: i64,
    /// Whether a downgrade is under way; since 3.6.
    #[prost(message, optional, tag = "13")]
    pub downgrade_info: Option<DowngradeInfo>,
}

/// `DowngradeInfo`
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DowngradeInfo {
    /// Whether a downgrade is allowed now.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
    #[prost(string, tag = "2")]
    pub target_version: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub struct MemberListResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<ListedMember>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub struct ListedMember {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Its name, which it publishes itself; empty as long as it has never been started.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Where members reach it.
    #[prost(string, repeated, tag = "3")]
    pub peer_urls: Vec<String>,
    /// Where clients reach it; published by itself.
    #[prost(string, repeated, tag = "4")]
    pub client_urls: Vec<String>,
    #[prost(bool, tag = "5")]
    pub is_learner: bool,
}

impl StatusResponse {
    pub fn member(&self) -> Option<EtcdId> {
        self.header.map(|header| EtcdId(header.member_id))
    }

    /// The leader, if there is one.
    pub fn leader(&self) -> Option<EtcdId> {
        (self.leader != 0).then_some(EtcdId(self.leader))
    }
}

impl ListedMember {
    pub fn id(&self) -> EtcdId {
        EtcdId(self.id)
    }

    /// Whether it has ever been started: a name is published by the member itself.
    pub fn is_started(&self) -> bool {
        !self.name.is_empty()
    }
}
