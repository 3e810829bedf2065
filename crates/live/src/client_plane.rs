//! One member, asked as a client.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout_at;

use super::credentials::Credentials;
use super::plane::{Shown, look};
use etcd::client::{Answer, CallError, ListedMember, MemberClient, MemberListResponse, StatusResponse};
use model::plan::Plane;

#[derive(Debug)]
pub struct ClientAnswer {
    /// The member's own state, or why there is none.
    pub status: Result<StatusResponse, String>,
    /// A read through the quorum, with the time it took; none if it was not asked for.
    pub quorum_read: Option<Result<Duration, String>>,
    pub confirmed: Option<MemberListResponse>,
    pub own: Option<MemberListResponse>,
}

/// Asks one client URL, by gRPC and by a handshake of our own at the same time: gRPC hides why it fails.
#[tracing::instrument(skip_all, level = "debug", name = "ask member", fields(url))]
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
    answer.status = within(deadline, client.status()).await.map_err(|error| error.to_string());
    let Ok(status) = &answer.status else { return answer };
    if status.is_learner {
        return answer;
    }
    let ask_for_list = async |linearizable| {
        let list = within(deadline, client.member_list(linearizable)).await.ok()?;
        // The receiver is gone once every answer is in.
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
        Err(CallError::Denied(_)) => Ok(started.elapsed()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) struct QuorumRead {
    pub(super) revision: i64,
    took: Duration,
}

/// An election ends a read that waits for the old leader, which says nothing of whether there is a quorum: so
/// it is made again, while there is time.
pub(super) async fn through_quorum(client: &MemberClient, deadline: Instant) -> Answer<QuorumRead> {
    loop {
        let started = Instant::now();
        match within(deadline, client.quorum_read()).await {
            Err(CallError::Failed(why)) if IN_AN_ELECTION.contains(&&*why) && started + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
            Ok(revision) => return Ok(QuorumRead { revision, took: started.elapsed() }),
        }
    }
}

/// `ErrLeaderChanged` and `ErrNoLeader` in etcd's `api/v3rpc/rpctypes/error.go`.
const IN_AN_ELECTION: [&str; 2] = ["leader changed", "no leader"];
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn within<T>(deadline: Instant, call: impl Future<Output = Answer<T>>) -> Answer<T> {
    timeout_at(deadline.into(), call).await.unwrap_or(Err(CallError::Late))
}
