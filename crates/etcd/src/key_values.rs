//! Keys, values and leases, as far as this program needs them: a lock for its own operations, the load of a
//! rehearsal, the discovery service, and the nameservice.

use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status};

use super::client::{Answer, CallError, MemberClient};
pub use super::key_value_messages::KeyValue;
use super::key_value_messages::{
    Compare, CompareWith, LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseRequest,
    LeaseRevokeResponse, Operation, PutRequest, PutResponse, RangeRequest, RangeResponse, RemoveRequest,
    RequestOp, TxnRequest, TxnResponse,
};

/// `Compare.CompareTarget.MOD`
const BY_MOD_REVISION: i32 = 2;

/// A page of the keys that begin with a prefix.
#[derive(Clone, Debug)]
pub struct Page {
    /// The keys and values, ascending by key.
    pub pairs: Vec<KeyValue>,
    /// Whether there are more behind the last.
    pub more: bool,
    /// The revision of the cluster when they were read.
    pub revision: i64,
}

/// What tonic says of a message that is larger than it takes (`Streaming::decode_chunk`).
const TOO_LARGE: &str = "decoded message length too large";

/// Values of keys that were asked for one by one.
#[derive(Clone, Debug, Default)]
pub struct AllRead {
    pub pairs: Vec<KeyValue>,
    /// The keys of values that no message has room for.
    pub too_large: Vec<Vec<u8>>,
    /// Up to which the pairs are what there was; 0 if there are none.
    pub revision: i64,
}

/// Keys that are removed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    from: Vec<u8>,
    /// Empty for one key.
    end: Vec<u8>,
}

impl KeyRange {
    /// One key.
    pub fn one(key: Vec<u8>) -> Self {
        Self { from: key, end: Vec::new() }
    }

    /// All keys from `from` on and before `end`.
    pub fn between(from: Vec<u8>, end: Vec<u8>) -> Self {
        Self { from, end }
    }
}

impl MemberClient {
    /// Writes a value. Returns the revision.
    pub async fn put(&self, key: &[u8], value: &[u8]) -> Answer<i64> {
        let request = PutRequest { key: key.to_vec(), value: value.to_vec(), lease: 0 };
        let answer: PutResponse = self.unary(request, "/etcdserverpb.KV/Put").await?;
        Ok(answer.header.map(|header| header.revision).unwrap_or_default())
    }

    /// Reads a key through the quorum.
    pub async fn get(&self, key: &[u8]) -> Answer<Option<KeyValue>> {
        let request = RangeRequest { key: key.to_vec(), ..RangeRequest::default() };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        Ok(answer.pairs.into_iter().next())
    }

    /// Reads at most `limit` keys from `from` on and before `end`, through the quorum.
    pub async fn range(&self, from: &[u8], end: &[u8], limit: i64) -> Answer<Page> {
        self.page(from, end, limit, false).await
    }

    /// The same without the values, which stay empty: which keys there are, and when each was changed last.
    pub async fn range_keys(&self, from: &[u8], end: &[u8], limit: i64) -> Answer<Page> {
        self.page(from, end, limit, true).await
    }

    /// How many keys there are from `from` on and before `end`, whatever they are.
    pub async fn count(&self, from: &[u8], end: &[u8]) -> Answer<i64> {
        let (key, range_end) = (from.to_vec(), end.to_vec());
        let request = RangeRequest { key, range_end, count_only: true, ..RangeRequest::default() };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        Ok(answer.count)
    }

    async fn page(&self, from: &[u8], end: &[u8], limit: i64, keys_only: bool) -> Answer<Page> {
        let (key, range_end) = (from.to_vec(), end.to_vec());
        let request = RangeRequest { key, range_end, limit, keys_only, ..RangeRequest::default() };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        let revision = answer.header.map(|header| header.revision).unwrap_or_default();
        Ok(Page { pairs: answer.pairs, more: answer.more, revision })
    }

    /// Reads keys through the quorum, all at one revision, which is returned as well. etcd takes 128 of them
    /// at once (`--max-txn-ops`).
    pub async fn get_all(&self, keys: &[Vec<u8>]) -> Answer<(Vec<KeyValue>, i64)> {
        let read = |key: &Vec<u8>| {
            let range = RangeRequest { key: key.clone(), ..RangeRequest::default() };
            RequestOp { operation: Some(Operation::Range(range)) }
        };
        let request =
            TxnRequest { compare: Vec::new(), success: keys.iter().map(read).collect(), failure: Vec::new() };
        let answer: TxnResponse = self.unary(request, "/etcdserverpb.KV/Txn").await?;
        let revision = answer.header.map(|header| header.revision).unwrap_or_default();
        let read = answer.responses.into_iter().filter_map(|response| response.range);
        Ok((read.flat_map(|range| range.pairs).collect(), revision))
    }

    /// The same however large the values are, which any client may have written: those of which one alone is
    /// too large for a message are named.
    pub async fn get_whatever_size(&self, keys: &[Vec<u8>]) -> Answer<AllRead> {
        let mut all = AllRead::default();
        let mut parts = vec![keys];
        while let Some(part) = parts.pop() {
            match self.get_all(part).await {
                Ok((read, revision)) => {
                    all.pairs.extend(read);
                    all.revision = if all.revision == 0 { revision } else { all.revision.min(revision) };
                }
                Err(CallError::Failed(why)) if why.contains(TOO_LARGE) => match part {
                    [one] => all.too_large.push(one.clone()),
                    _ => parts.extend(<[_; 2]>::from(part.split_at(part.len() / 2))),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Writes a value that goes when the lease does, if the key was last changed at `mod_revision`, where 0
    /// stands for a key that is not there. Returns the revision of the write, or else what is there instead.
    pub async fn put_if_unchanged(
        &self,
        key: &[u8],
        value: &[u8],
        lease: i64,
        mod_revision: i64,
    ) -> Answer<Result<i64, Option<KeyValue>>> {
        let put = PutRequest { key: key.to_vec(), value: value.to_vec(), lease };
        self.if_unchanged(key, mod_revision, vec![Operation::Put(put)]).await
    }

    /// Writes values and removes keys, all or none of them, if `guard` was last changed at `mod_revision`,
    /// where 0 stands for a key that is not there. No key may be among both. etcd takes 128 of them at once
    /// (`--max-txn-ops`). Returns the revision of the change, or else what `guard` has instead.
    pub async fn change_if_unchanged(
        &self,
        (guard, mod_revision): (&[u8], i64),
        puts: &[(Vec<u8>, Vec<u8>)],
        removed: &[KeyRange],
    ) -> Answer<Result<i64, Option<KeyValue>>> {
        let put = |(key, value): &(Vec<u8>, Vec<u8>)| {
            Operation::Put(PutRequest { key: key.clone(), value: value.clone(), lease: 0 })
        };
        let remove = |range: &KeyRange| {
            Operation::Remove(RemoveRequest { key: range.from.clone(), range_end: range.end.clone() })
        };
        let operations = removed.iter().map(remove).chain(puts.iter().map(put)).collect();
        self.if_unchanged(guard, mod_revision, operations).await
    }

    /// Removes keys, all or none of them, whatever there is.
    pub async fn remove(&self, removed: &[KeyRange]) -> Answer<()> {
        let remove = |range: &KeyRange| {
            let request = RemoveRequest { key: range.from.clone(), range_end: range.end.clone() };
            RequestOp { operation: Some(Operation::Remove(request)) }
        };
        let success = removed.iter().map(remove).collect();
        let request = TxnRequest { compare: Vec::new(), success, failure: Vec::new() };
        self.unary(request, "/etcdserverpb.KV/Txn").await.map(|_: TxnResponse| ())
    }

    async fn if_unchanged(
        &self,
        guard: &[u8],
        mod_revision: i64,
        operations: Vec<Operation>,
    ) -> Answer<Result<i64, Option<KeyValue>>> {
        let read = RangeRequest { key: guard.to_vec(), ..RangeRequest::default() };
        let request = TxnRequest {
            compare: vec![Compare {
                result: 0,
                target: BY_MOD_REVISION,
                key: guard.to_vec(),
                with: Some(CompareWith::ModRevision(mod_revision)),
            }],
            success: operations
                .into_iter()
                .map(|operation| RequestOp { operation: Some(operation) })
                .collect(),
            failure: vec![RequestOp { operation: Some(Operation::Range(read)) }],
        };
        let answer: TxnResponse = self.unary(request, "/etcdserverpb.KV/Txn").await?;
        if answer.succeeded {
            return Ok(Ok(answer.header.map(|header| header.revision).unwrap_or_default()));
        }
        let present = answer.responses.into_iter().find_map(|response| response.range);
        Ok(Err(present.and_then(|range| range.pairs.into_iter().next())))
    }

    /// Makes a lease that ends after this many seconds unless it is kept alive. Returns its id.
    pub async fn lease_grant(&self, seconds: i64) -> Answer<i64> {
        let answer: LeaseGrantResponse =
            self.unary(LeaseGrantRequest { ttl: seconds }, "/etcdserverpb.Lease/LeaseGrant").await?;
        Ok(answer.id)
    }

    /// Renews a lease. Returns whether there is such a lease still.
    pub async fn lease_keep_alive(&self, id: i64) -> Answer<bool> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        self.in_time(async {
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let codec = tonic_prost::ProstCodec::<LeaseRequest, LeaseKeepAliveResponse>::default();
            let path = PathAndQuery::from_static("/etcdserverpb.Lease/LeaseKeepAlive");
            // A stream both ways in etcd's API, of which one question is used.
            let question = Request::new(tonic::codegen::tokio_stream::once(LeaseRequest { id }));
            let mut answers = grpc.streaming(question, path, codec).await?.into_inner();
            let answer = answers.message().await?;
            Ok(answer.is_some_and(|answer| answer.ttl > 0))
        })
        .await
    }

    /// Ends a lease, and removes the keys that hang on it.
    pub async fn lease_revoke(&self, id: i64) -> Answer<()> {
        let revoked = self.unary(LeaseRequest { id }, "/etcdserverpb.Lease/LeaseRevoke");
        revoked.await.map(|LeaseRevokeResponse {}| ())
    }
}
