//! The calls of etcd's gRPC API that this program makes. A whole client library would bring a code generator and a channel
//! that hides which endpoint answered.

use std::path::Path;
use std::time::Duration;

use prost::Message;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use zone_pki::{private_file, regular_file};

use super::key_value_messages::{RangeRequest, RangeResponse};
pub use super::messages::{
    DowngradeInfo, HashKvResponse, ListedMember, MemberListResponse, ResponseHeader, StatusResponse,
};
use super::messages::{
    HashKvRequest, MemberListRequest, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest,
    MemberUpdateResponse, MoveLeaderRequest, MoveLeaderResponse, StatusRequest,
};
use crate::others::said;

/// What a client presents and trusts.
#[derive(Clone)]
pub struct ClientCredentials {
    root: Certificate,
    identity: Identity,
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCredentials")
    }
}

impl ClientCredentials {
    /// Reads `ca.crt`, `client.crt` and `client.key` of a generation.
    pub fn load(generation: &Path) -> std::io::Result<Self> {
        let read = |name: &str| regular_file::read(&generation.join(name));
        let key = private_file::read(&generation.join("client.key")).map_err(std::io::Error::other)?;
        let identity = Identity::from_pem(read("client.crt")?, &key);
        Ok(Self { root: Certificate::from_pem(read(crate::plan::ROOT_FILE)?), identity })
    }
}

/// Whether a call was refused by etcd's authentication: the user that the certificate names has no permission, or does not exist
/// (`ErrGRPCPermissionDenied`, `ErrGRPCUserNotFound` and `ErrGRPCUserEmpty` in `api/v3rpc/rpctypes/error.go`).
pub fn is_about_rights(status: &Status) -> bool {
    let is_no_user = ["etcdserver: user name not found", "etcdserver: user name is empty"];
    status.code() == Code::PermissionDenied || is_no_user.contains(&status.message())
}

/// One endpoint of one member: what it answers is its own answer.
#[derive(Clone, Debug)]
pub struct MemberClient {
    pub(super) channel: Channel,
    limit: Duration,
}

impl MemberClient {
    /// A client for `https://HOST:PORT` whose certificate has to be valid for `host`. It connects at the first call. Each call ends
    /// within `timeout`, whatever of it the member leaves unanswered: the connection, the handshake or the question.
    pub fn new(
        url: &str,
        host: &str,
        credentials: &ClientCredentials,
        timeout: Duration,
    ) -> Result<Self, tonic::transport::Error> {
        let tls = ClientTlsConfig::new()
            .ca_certificate(credentials.root.clone())
            .identity(credentials.identity.clone())
            .domain_name(host);
        let endpoint =
            Endpoint::from_shared(url.to_owned())?.tls_config(tls)?.connect_timeout(timeout).timeout(timeout);
        Ok(Self { channel: endpoint.connect_lazy(), limit: timeout })
    }

    /// Reads a key that is not there, through the quorum: an answer means that the cluster takes requests here. Returns the
    /// revision that the member has then, which is not below any that a member had when the read began.
    pub async fn quorum_read(&self) -> Result<i64, Status> {
        // A linearizable read, which is the default, is answered only after the leader has heard from a majority.
        let request =
            RangeRequest { key: b"\0zone-etcd".to_vec(), count_only: true, ..RangeRequest::default() };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        Ok(answer.header.map(|header| header.revision).unwrap_or_default())
    }

    /// Has the member hash its key space up to a revision; 0 stands for the one that it has. It reads its whole database for
    /// that, and does not apply writes meanwhile (`hashByRev` in etcd's `server/storage/mvcc/kvstore.go` holds the lock of
    /// the read transaction).
    pub async fn hash_kv(&self, revision: i64) -> Result<HashKvResponse, Status> {
        self.unary(HashKvRequest { revision }, "/etcdserverpb.Maintenance/HashKV").await
    }

    /// The member's own state.
    pub async fn status(&self) -> Result<StatusResponse, Status> {
        let mut status: StatusResponse =
            self.unary(StatusRequest {}, "/etcdserverpb.Maintenance/Status").await?;
        let versions = [&mut status.version, &mut status.storage_version];
        versions.into_iter().chain(&mut status.errors).for_each(|text| *text = said(text));
        Ok(status)
    }

    /// The members that the cluster has. `linearizable` asks through the quorum; otherwise it is the member's own view, which
    /// it has also when there is no quorum. A learner answers neither (`isRPCSupportedForLearner` in etcd's
    /// `server/etcdserver/api/v3rpc/util.go`).
    pub async fn member_list(&self, linearizable: bool) -> Result<MemberListResponse, Status> {
        let request = MemberListRequest { linearizable };
        let mut list: MemberListResponse = self.unary(request, "/etcdserverpb.Cluster/MemberList").await?;
        for member in &mut list.members {
            let urls = member.peer_urls.iter_mut().chain(&mut member.client_urls);
            urls.chain([&mut member.name]).for_each(|text| *text = said(text));
        }
        Ok(list)
    }

    /// Takes a member out of the cluster. etcd itself refuses what would cost the quorum, as far as it knows
    /// (`--strict-reconfig-check`, on by default).
    pub async fn member_remove(&self, id: u64) -> Result<(), Status> {
        let removed = self.unary(MemberRemoveRequest { id }, "/etcdserverpb.Cluster/MemberRemove");
        removed.await.map(|MemberRemoveResponse {}| ())
    }

    /// Gives a member other peer URLs. It does not listen there before it is started anew.
    pub async fn member_update(&self, id: u64, peer_urls: &[String]) -> Result<(), Status> {
        let request = MemberUpdateRequest { id, peer_urls: peer_urls.to_vec() };
        self.unary(request, "/etcdserverpb.Cluster/MemberUpdate").await.map(|MemberUpdateResponse {}| ())
    }

    /// Has the leader, which this member has to be, hand over to another voter.
    pub async fn move_leader(&self, to: u64) -> Result<(), Status> {
        let request = MoveLeaderRequest { target: to };
        self.unary(request, "/etcdserverpb.Maintenance/MoveLeader").await.map(|MoveLeaderResponse {}| ())
    }

    /// One question, one answer.
    pub(super) async fn unary<Q, A>(&self, request: Q, path: &'static str) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        self.in_time(async {
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let codec = tonic_prost::ProstCodec::<Q, A>::default();
            let response = grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await?;
            Ok(response.into_inner())
        })
        .await
    }

    /// The endpoint's own limits begin again with each step, and none covers the TLS handshake. The kernel accepts connections for a member
    /// that is stopped by SIGSTOP.
    pub(super) async fn in_time<A>(
        &self,
        call: impl Future<Output = Result<A, Status>>,
    ) -> Result<A, Status> {
        let late = |_| Err(Status::deadline_exceeded("no answer in time"));
        tokio::time::timeout(self.limit, call).await.unwrap_or_else(late)
    }
}
