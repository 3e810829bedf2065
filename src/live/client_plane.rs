//! One member, asked as a client.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout_at;
use tonic::{Code, Status};

use super::credentials::Credentials;
use super::plane::{Shown, look};
use crate::etcd::client::{ListedMember, MemberClient, MemberListResponse, StatusResponse};
use crate::others::said_by_etcd;
use crate::plan::Plane;

/// What a client URL answers.
#[derive(Debug)]
pub struct ClientAnswer {
    /// The member's own state, or why there is none.
    pub status: Result<StatusResponse, String>,
    /// A read through the quorum, with the time it took; none if it was not asked for.
    pub quorum_read: Option<Result<Duration, String>>,
    /// The member list through the quorum.
    pub confirmed: Option<MemberListResponse>,
    /// The member list as this member has it.
    pub own: Option<MemberListResponse>,
}

/// Asks one client URL, by gRPC and by a handshake of our own at the same time: gRPC hides why it fails.
pub(super) async fn ask(
    url: String,
    credentials: Credentials,
    deadline: Instant,
    lists: UnboundedSender<Vec<ListedMember>>,
) -> (String, ClientAnswer, Shown) {
    let (answer, shown) = tokio::join!(
        ask_by_grpc(&url, &credentials, deadline, &lists),
        look(Plane::Client, &url, &credentials, deadline)
    );
    (url, answer, shown)
}

async fn ask_by_grpc(
    url: &str,
    credentials: &Credentials,
    deadline: Instant,
    lists: &UnboundedSender<Vec<ListedMember>>,
) -> ClientAnswer {
    let mut answer =
        ClientAnswer { status: Err(String::new()), quorum_read: None, confirmed: None, own: None };
    let left = deadline.saturating_duration_since(Instant::now());
    let client = match credentials.connect(url, left) {
        Ok(client) => client,
        Err(error) => return ClientAnswer { status: Err(error), ..answer },
    };
    // The first answer also opens the connection, so that the time of the next is that of the read alone.
    answer.status = within(deadline, client.status()).await.map_err(|fault| fault.text);
    let Ok(status) = &answer.status else { return answer };
    if status.is_learner {
        return answer;
    }
    let ask_for_list = async |linearizable| {
        let list = within(deadline, client.member_list(linearizable)).await.ok()?;
        // Nobody listens once every answer is in.
        let _ = lists.send(list.members.clone());
        Some(list)
    };
    // Without a quorum two of the three last until the deadline, so none waits for another.
    let (read, confirmed, own) =
        tokio::join!(read_through_quorum(&client, deadline), ask_for_list(true), ask_for_list(false));
    ClientAnswer { quorum_read: Some(read), confirmed, own, ..answer }
}

async fn read_through_quorum(client: &MemberClient, deadline: Instant) -> Result<Duration, String> {
    let started = Instant::now();
    match through_quorum(client, deadline).await {
        Ok(read) => Ok(read.took),
        // The right to the key is looked at after the quorum has answered (`EtcdServer.Range`).
        Err(fault) if fault.is_permission => Ok(started.elapsed()),
        Err(fault) => Err(fault.text),
    }
}

/// What a read through the quorum brought.
pub(super) struct QuorumRead {
    /// The revision that the member had then.
    pub(super) revision: i64,
    /// How long it took.
    took: Duration,
}

/// An election ends a read that waits for the old leader, which says nothing of whether there is a quorum: so it is made again,
/// while there is time.
pub(super) async fn through_quorum(client: &MemberClient, deadline: Instant) -> Result<QuorumRead, Fault> {
    loop {
        let started = Instant::now();
        match within(deadline, client.quorum_read()).await {
            Err(fault) if IN_AN_ELECTION.contains(&fault.text.as_str()) && started + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(fault) => return Err(fault),
            Ok(revision) => return Ok(QuorumRead { revision, took: started.elapsed() }),
        }
    }
}

/// `ErrLeaderChanged` and `ErrNoLeader` in etcd's `api/v3rpc/rpctypes/error.go`, as [`words`] gives them.
const IN_AN_ELECTION: [&str; 2] = ["leader changed", "no leader"];
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a call failed.
pub(super) struct Fault {
    /// For people.
    pub(super) text: String,
    is_permission: bool,
}

pub(super) async fn within<T>(
    deadline: Instant,
    call: impl Future<Output = Result<T, Status>>,
) -> Result<T, Fault> {
    match timeout_at(deadline.into(), call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(status)) => {
            Err(Fault { is_permission: status.code() == Code::PermissionDenied, text: words(&status) })
        }
        Err(_) => Err(Fault { is_permission: false, text: NO_ANSWER.to_owned() }),
    }
}

const NO_ANSWER: &str = "no answer in time";

/// What etcd says, or what gRPC calls a time-out.
fn words(status: &Status) -> String {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => NO_ANSWER.to_owned(),
        _ => said_by_etcd(status),
    }
}
