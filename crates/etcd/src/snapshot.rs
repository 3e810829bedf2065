//! A member's database, streamed as it is at one revision (`Maintenance.Snapshot` of
//! `api/etcdserverpb/rpc.proto`; `server/etcdserver/api/v3rpc/maintenance.go`).
//!
//! The member does not ask any other for it: what it sends is what it has. Behind the last page it sends the
//! SHA-256 of all pages, which is part of the file that etcd's own tools write and read.

use std::time::Duration;

use prost::Message;
use tokio::time::timeout;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status, Streaming};

use super::client::{Answer, CallError, MemberClient};
use super::key_value_messages::{RangeRequest, RangeResponse};
use model::foreign_text::said;

#[derive(Clone, Copy, PartialEq, Message)]
struct SnapshotRequest {}

#[derive(Clone, PartialEq, Message)]
struct SnapshotResponse {
    #[prost(uint64, tag = "2")]
    remaining_bytes: u64,
    #[prost(bytes = "vec", tag = "3")]
    blob: Vec<u8>,
    /// Since 3.6.
    #[prost(string, tag = "4")]
    version: String,
}

/// The next bytes of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    pub bytes: Vec<u8>,
    /// How many bytes of pages come after these.
    pub remaining: u64,
    /// The version of the data's layout, such as `3.7.0`; empty before 3.6, and for a moment in a new
    /// cluster.
    pub storage_version: String,
}

/// A database on its way.
#[derive(Debug)]
pub struct SnapshotStream(Streaming<SnapshotResponse>);

impl MemberClient {
    /// Has the member send its database. The call itself ends within the client's limit; what comes then may
    /// take as long as it takes.
    pub async fn snapshot(&self) -> Answer<SnapshotStream> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        self.in_time(async {
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let codec = tonic_prost::ProstCodec::<SnapshotRequest, SnapshotResponse>::default();
            let path = PathAndQuery::from_static("/etcdserverpb.Maintenance/Snapshot");
            let answer = grpc.server_streaming(Request::new(SnapshotRequest {}), path, codec).await?;
            Ok(SnapshotStream(answer.into_inner()))
        })
        .await
    }

    /// How many keys there were at a revision, as this member has it.
    pub async fn count_keys(&self, revision: i64) -> Answer<i64> {
        // The whole key space (`RangeRequest` in `rpc.proto`).
        let (key, range_end) = (vec![0], vec![0]);
        let range = RangeRequest { key, range_end, revision, ..RangeRequest::default() };
        let request = RangeRequest { serializable: true, count_only: true, ..range };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        Ok(answer.count)
    }
}

impl SnapshotStream {
    /// What comes next; none after the end.
    ///
    /// # Errors
    /// Nothing has come for `stall`: [`CallError::Late`]. Or the member has ended the stream.
    pub async fn next(&mut self, stall: Duration) -> Answer<Option<SnapshotPart>> {
        let answer = timeout(stall, self.0.message()).await.map_err(|_| CallError::Late)??;
        Ok(answer.map(|SnapshotResponse { remaining_bytes, blob, version }| SnapshotPart {
            bytes: blob,
            remaining: remaining_bytes,
            storage_version: said(&version),
        }))
    }
}
