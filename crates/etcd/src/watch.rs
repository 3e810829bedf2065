//! Keys watched as they change (`Watch` of `api/etcdserverpb/rpc.proto`;
//! `server/etcdserver/api/v3rpc/watch.go`).

use prost::{Message, Oneof};
use thiserror::Error;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::tokio_stream::{StreamExt, once, pending};
use tonic::{Request, Status, Streaming};

use super::client::{CallError, MemberClient};
use super::key_value_messages::KeyValue;
use super::messages::ResponseHeader;
use model::foreign_text::said;

/// `WatchRequest`
#[derive(Clone, PartialEq, Message)]
struct WatchRequest {
    #[prost(oneof = "Asked", tags = "1")]
    asked: Option<Asked>,
}

/// `WatchRequest.request_union`
#[derive(Clone, PartialEq, Oneof)]
enum Asked {
    #[prost(message, tag = "1")]
    Create(WatchCreateRequest),
}

#[derive(Clone, PartialEq, Message)]
struct WatchCreateRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    range_end: Vec<u8>,
    /// 0 for what is to come.
    #[prost(int64, tag = "3")]
    start_revision: i64,
}

#[derive(Clone, PartialEq, Message)]
struct WatchResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
    #[prost(bool, tag = "3")]
    created: bool,
    #[prost(bool, tag = "4")]
    canceled: bool,
    #[prost(int64, tag = "5")]
    compact_revision: i64,
    #[prost(string, tag = "6")]
    cancel_reason: String,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
}

/// `mvccpb.Event`
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// `PUT` is 0, `DELETE` is 1.
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(message, optional, tag = "2")]
    pair: Option<KeyValue>,
}

/// A change of one key.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyChange {
    Put(KeyValue),
    Deleted {
        key: Vec<u8>,
        /// The revision at which it went.
        mod_revision: i64,
    },
}

/// Changes that a member tells of at once, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyChanges {
    /// The revision of the member when it told. The next watch goes on behind it.
    pub revision: i64,
    pub changes: Vec<KeyChange>,
}

/// Why a watch ended, or did not begin.
#[derive(Clone, Debug, Error)]
pub enum WatchError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was to be told first is not kept any more; keys are to be read again.
    #[error("the revisions before {0} are compacted")]
    Compacted(i64),
    /// The member has ended it.
    #[error("the member has ended the watch: {0}")]
    Cancelled(String),
}

impl From<Status> for WatchError {
    fn from(status: Status) -> Self {
        Self::Call(status.into())
    }
}

/// A watch under way. Dropping it ends it.
#[derive(Debug)]
pub struct Watch(Streaming<WatchResponse>);

impl MemberClient {
    /// Watches the keys from `from` on and before `end`, beginning with what changed at `from_revision`: 0
    /// stands for what is to come. The call ends within the client's limit, once the member watches; what
    /// comes then takes as long as it takes.
    ///
    /// # Errors
    /// As [`WatchError`] says; [`CallError::Denied`] without permission to read all of these keys.
    pub async fn watch(&self, from: &[u8], end: &[u8], from_revision: i64) -> Result<Watch, WatchError> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        let create =
            WatchCreateRequest { key: from.to_vec(), range_end: end.to_vec(), start_revision: from_revision };
        let question = WatchRequest { asked: Some(Asked::Create(create)) };
        let mut watch = self
            .in_time(async {
                grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
                let codec = tonic_prost::ProstCodec::<WatchRequest, WatchResponse>::default();
                let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
                // The stream of questions stays open as long as that of the answers.
                let questions = Request::new(once(question).chain(pending()));
                Ok(Watch(grpc.streaming(questions, path, codec).await?.into_inner()))
            })
            .await?;
        let created = self.in_time(async { watch.0.message().await }).await?;
        let created = created.ok_or_else(|| ended("it has said nothing"))?;
        refuse_cancelled(&created)?;
        match created.created {
            true => Ok(watch),
            false => Err(ended("it has told of changes before it began")),
        }
    }
}

impl Watch {
    /// The next changes. A member tells of them as they come, and of progress without any.
    ///
    /// # Errors
    /// As [`WatchError`] says; the watch has ended then.
    pub async fn next(&mut self) -> Result<KeyChanges, WatchError> {
        let answer = self.0.message().await?.ok_or_else(|| ended("it has closed the stream"))?;
        refuse_cancelled(&answer)?;
        let change = |Event { kind, pair }: Event| {
            let pair = pair.unwrap_or_default();
            match kind {
                0 => KeyChange::Put(pair),
                _ => KeyChange::Deleted { key: pair.key, mod_revision: pair.mod_revision },
            }
        };
        let revision = answer.header.map(|header| header.revision).unwrap_or_default();
        Ok(KeyChanges { revision, changes: answer.events.into_iter().map(change).collect() })
    }
}

fn refuse_cancelled(answer: &WatchResponse) -> Result<(), WatchError> {
    if !answer.canceled {
        return Ok(());
    }
    if answer.compact_revision > 0 {
        return Err(WatchError::Compacted(answer.compact_revision));
    }
    // `ErrGRPCPermissionDenied` as text, where other calls have it as their status.
    match answer.cancel_reason.contains("permission denied") {
        true => Err(CallError::Denied("permission denied".to_owned()).into()),
        false => Err(ended(&answer.cancel_reason)),
    }
}

fn ended(why: &str) -> WatchError {
    WatchError::Cancelled(said(why))
}
