//! The calls of etcd's gRPC API that this program makes. A whole client library would bring a code generator
//! and a channel that hides which endpoint answered.

use std::path::Path;
use std::time::Duration;

use prost::Message;
use thiserror::Error;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use zone_pki::{private_file, regular_file};

use super::key_value_messages::{RangeRequest, RangeResponse};
pub use super::messages::{
    DowngradeInfo, HashKvResponse, ListedMember, MemberListResponse, ResponseHeader, StatusResponse,
};
use super::messages::{
    HashKvRequest, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest,
    MemberUpdateResponse, MoveLeaderRequest, MoveLeaderResponse, StatusRequest,
};
use model::foreign_text::said;
use model::plan::{CLIENT_ROLE, ROOT_FILE};

/// How often the other end of a stream is asked whether it is there still, and how long its answer may take:
/// a machine that was switched off closes no connection. etcd takes one question in five seconds
/// (`--grpc-keepalive-min-time`).
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

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
        let file = |name: &str| generation.join(name);
        Self::of_files(
            &file(ROOT_FILE),
            &file(&CLIENT_ROLE.certificate_file()),
            &file(&CLIENT_ROLE.key_file()),
        )
    }

    /// Reads the CAs that are trusted, a certificate and its key.
    pub fn of_files(ca: &Path, certificate: &Path, key: &Path) -> std::io::Result<Self> {
        let key = private_file::read(key).map_err(std::io::Error::other)?;
        let identity = Identity::from_pem(regular_file::read(certificate)?, &key);
        Ok(Self { root: Certificate::from_pem(regular_file::read(ca)?), identity })
    }
}

impl ClientCredentials {
    /// The PEM texts of the CA of the members, of a certificate with its chain, and of its key.
    pub fn of(root: &[u8], certificate: &[u8], key: &[u8]) -> Self {
        Self { root: Certificate::from_pem(root), identity: Identity::from_pem(certificate, key) }
    }
}

/// Why a call brought no answer: the message, without etcd's prefix.
#[derive(Clone, Debug, Error)]
pub enum CallError {
    /// It took too long.
    #[error("no answer in time")]
    Late,
    /// The user that the certificate names has no permission (`ErrGRPCPermissionDenied` in
    /// `api/v3rpc/rpctypes/error.go`).
    #[error("{0}")]
    Denied(String),
    /// There is no such user (`ErrGRPCUserNotFound` and `ErrGRPCUserEmpty`).
    #[error("{0}")]
    NoUser(String),
    #[error("{0}")]
    Failed(String),
}

impl CallError {
    /// Whether another member may have an answer. Whether the call was carried out is not known.
    pub fn is_no_answer(&self) -> bool {
        matches!(self, Self::Late | Self::Failed(_))
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        let text = said(status.message().trim_start_matches("etcdserver: "));
        match status.code() {
            Code::DeadlineExceeded | Code::Cancelled => Self::Late,
            Code::PermissionDenied => Self::Denied(text),
            _ if ["user name not found", "user name is empty"].contains(&text.as_str()) => Self::NoUser(text),
            _ => Self::Failed(text),
        }
    }
}

pub type Answer<T> = Result<T, CallError>;

/// One endpoint of one member: what it answers is its own answer.
#[derive(Clone, Debug)]
pub struct MemberClient {
    pub(super) channel: Channel,
    pub(super) limit: Duration,
}

impl MemberClient {
    /// A client for `https://HOST:PORT` whose certificate has to be valid for `host`. It connects at the
    /// first call. Each call ends within `timeout`, whatever of it the member leaves unanswered: the
    /// connection, the handshake or the question.
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
        let endpoint = Endpoint::from_shared(url.to_owned())?
            .tls_config(tls)?
            .connect_timeout(timeout)
            .timeout(timeout)
            .http2_keep_alive_interval(SIGN_OF_LIFE)
            .keep_alive_timeout(SIGN_OF_LIFE);
        Ok(Self { channel: endpoint.connect_lazy(), limit: timeout })
    }

    /// Reads a key that is not there, through the quorum: an answer means that the cluster takes requests
    /// here. Returns the revision that the member has then, which is not below any that a member had when the
    /// read began.
    pub async fn quorum_read(&self) -> Answer<i64> {
        // A linearizable read, which is the default, is answered only after the leader has heard from a
        // majority.
        let request =
            RangeRequest { key: b"\0zone-etcd".to_vec(), count_only: true, ..RangeRequest::default() };
        let answer: RangeResponse = self.unary(request, "/etcdserverpb.KV/Range").await?;
        Ok(answer.header.map(|header| header.revision).unwrap_or_default())
    }

    /// Has the member hash its key space up to a revision; 0 stands for the one that it has. It reads its
    /// whole database for that, and does not apply writes meanwhile (`hashByRev` in etcd's
    /// `server/storage/mvcc/kvstore.go` holds the lock of the read transaction).
    pub async fn hash_kv(&self, revision: i64) -> Answer<HashKvResponse> {
        self.unary(HashKvRequest { revision }, "/etcdserverpb.Maintenance/HashKV").await
    }

    /// The member's own state.
    pub async fn status(&self) -> Answer<StatusResponse> {
        let mut status: StatusResponse =
            self.unary(StatusRequest {}, "/etcdserverpb.Maintenance/Status").await?;
        let versions = [&mut status.version, &mut status.storage_version];
        versions.into_iter().chain(&mut status.errors).for_each(|text| *text = said(text));
        Ok(status)
    }

    /// The members that the cluster has. `linearizable` asks through the quorum; otherwise it is the member's
    /// own view, which it has also when there is no quorum. A learner answers neither
    /// (`isRPCSupportedForLearner` in etcd's `server/etcdserver/api/v3rpc/util.go`).
    pub async fn member_list(&self, linearizable: bool) -> Answer<MemberListResponse> {
        let request = MemberListRequest { linearizable };
        let mut list: MemberListResponse = self.unary(request, "/etcdserverpb.Cluster/MemberList").await?;
        for member in &mut list.members {
            let urls = member.peer_urls.iter_mut().chain(&mut member.client_urls);
            urls.chain([&mut member.name]).for_each(|text| *text = said(text));
        }
        Ok(list)
    }

    /// Adds a learner that members reach there. Its id is a hash of that and of the second, and is not told
    /// again: it is on the member list.
    pub async fn member_add_learner(&self, peer_url: &str) -> Answer<()> {
        let request = MemberAddRequest { peer_urls: vec![peer_url.to_owned()], is_learner: true };
        self.unary(request, "/etcdserverpb.Cluster/MemberAdd").await.map(|MemberAddResponse {}| ())
    }

    /// Gives a learner its vote. etcd refuses while it has less than nine tenths of the leader's log
    /// (`readyPercentThreshold` in `server/etcdserver/server.go`), and does not look whether it is alive.
    pub async fn member_promote(&self, id: u64) -> Answer<()> {
        let promoted = self.unary(MemberPromoteRequest { id }, "/etcdserverpb.Cluster/MemberPromote");
        promoted.await.map(|MemberPromoteResponse {}| ())
    }

    /// Takes a member out of the cluster. etcd itself refuses what would cost the quorum, as far as it knows
    /// (`--strict-reconfig-check`, on by default).
    pub async fn member_remove(&self, id: u64) -> Answer<()> {
        let removed = self.unary(MemberRemoveRequest { id }, "/etcdserverpb.Cluster/MemberRemove");
        removed.await.map(|MemberRemoveResponse {}| ())
    }

    /// Gives a member other peer URLs. It does not listen there before it is restarted.
    pub async fn member_update(&self, id: u64, peer_urls: &[String]) -> Answer<()> {
        let request = MemberUpdateRequest { id, peer_urls: peer_urls.to_vec() };
        self.unary(request, "/etcdserverpb.Cluster/MemberUpdate").await.map(|MemberUpdateResponse {}| ())
    }

    /// Has the leader, which this member has to be, hand over to another voter.
    pub async fn move_leader(&self, to: u64) -> Answer<()> {
        let request = MoveLeaderRequest { target: to };
        self.unary(request, "/etcdserverpb.Maintenance/MoveLeader").await.map(|MoveLeaderResponse {}| ())
    }

    #[tracing::instrument(skip_all, level = "debug", name = "question", fields(path), err(level = "debug"))]
    pub(super) async fn unary<Q, A>(&self, request: Q, path: &'static str) -> Answer<A>
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

    /// The endpoint's own limits begin again with each step, and none covers the TLS handshake. The kernel
    /// accepts connections for a member that is stopped by SIGSTOP.
    pub(super) async fn in_time<A>(&self, call: impl Future<Output = Result<A, Status>>) -> Answer<A> {
        let ended = tokio::time::timeout(self.limit, call).await;
        Ok(ended.map_err(|_| CallError::Late)??)
    }
}
