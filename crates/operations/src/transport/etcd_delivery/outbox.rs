//! Bundles, written to etcd.
//!
//! All that a node reads is below one prefix: the bundles, each under its number, and `head`, which names the
//! last. Both are written in one transaction that fails if `head` has changed since it was read: of two
//! signing hosts none overwrites what it has not seen.

use tokio::task::JoinSet;

use crate::transport::delivery::SealedBundle;
use etcd::client::{Answer, CallError, MemberClient};
use model::config::NodeName;
use model::error::{Exit, Failure, Result};
use model::formats::DeliveryHead;
use model::plan::{DELIVERED_BUNDLE_AT_MOST, DeliveryKeys, end_of_prefix};

/// Requests under way at once. More do not make one member faster.
const AT_ONCE: usize = 32;
/// How often a write is tried whose `head` changes each time.
const TRIES: usize = 5;
/// More keys than a node ever has: the rest is of another client, and is removed in the next rounds.
const KEYS_AT_MOST: i64 = 64;

/// What is written for a node.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) sealed: SealedBundle,
    /// The number of the bundle that it has in use, as far as it is known; or 0.
    pub(super) active: u64,
    /// It is written again even if etcd seems to have it.
    pub(super) again: bool,
}

/// Writes bundles that etcd does not have yet, and removes those that no node needs any more: what it has in
/// use is on its disk.
///
/// # Errors
/// A bundle is too large, or etcd does not take it.
pub(super) async fn put_all(client: &MemberClient, bundles: Vec<Outgoing>) -> Result<()> {
    let mut running = JoinSet::new();
    for outgoing in bundles {
        while running.len() >= AT_ONCE {
            ended(running.join_next().await)?;
        }
        let client = client.clone();
        running.spawn(async move {
            let name = outgoing.sealed.node.name.clone();
            put(&client, outgoing).await.map_err(|why| not_put(&name, why))
        });
    }
    while !running.is_empty() {
        ended(running.join_next().await)?;
    }
    Ok(())
}

fn ended(task: Option<std::result::Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match task {
        Some(Ok(put)) => put,
        Some(Err(error)) => Err(Failure::internal("a bundle was not written").because(&error)),
        None => Ok(()),
    }
}

/// Why a bundle is not in etcd.
enum NotPut {
    TooLarge(usize),
    /// Another writes there all the time.
    Contested,
    Call(CallError),
}

impl From<CallError> for NotPut {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

async fn put(client: &MemberClient, outgoing: Outgoing) -> std::result::Result<(), NotPut> {
    let Outgoing { sealed: SealedBundle { node, record, sealed, signers, resealed }, active, again } =
        outgoing;
    let (keys, number) = (DeliveryKeys::of(&node.name), record.sequence);
    let size = sealed.as_ref().map_or(0, Vec::len);
    if size > DELIVERED_BUNDLE_AT_MOST {
        return Err(NotPut::TooLarge(size));
    }
    let [head, key] = [keys.head(), keys.bundle(number)].map(String::into_bytes);
    for _ in 0..TRIES {
        let there = keys_below(client, &keys).await?;
        let changed_at =
            |key: &[u8]| there.iter().find(|(there, _)| there == key).map_or(0, |(_, revision)| *revision);
        let (head_at, bundle_at) = (changed_at(&head), changed_at(&key));
        let numbers: Vec<u64> = there.iter().filter_map(|(key, _)| keys.sequence_of(key)).collect();
        let needed = signers.needed_before(number, &numbers, active);
        let is_needed = |there: &Vec<u8>| {
            let is_before = || keys.sequence_of(there).is_some_and(|number| needed.contains(&number));
            sealed.is_some() && (*there == head || *there == key || is_before())
        };
        // A key has the revision of its own last change: both were written by one transaction.
        let is_there = !again && !resealed && head_at != 0 && head_at == bundle_at;
        let removed: Vec<Vec<u8>> =
            there.iter().map(|(key, _)| key).filter(|key| !is_needed(key)).cloned().collect();
        let puts = match &sealed {
            Some(sealed) if !is_there => {
                vec![(head.clone(), DeliveryHead::of(number).encode()), (key.clone(), sealed.clone())]
            }
            _ => Vec::new(),
        };
        if puts.is_empty() && removed.is_empty() {
            return Ok(());
        }
        if client.change_if_unchanged((&head, head_at), &puts, &removed).await?.is_ok() {
            return Ok(());
        }
    }
    Err(NotPut::Contested)
}

/// Removes what etcd has for nodes that are to get nothing.
///
/// # Errors
/// etcd does not answer.
pub(super) async fn remove_all(client: &MemberClient, nodes: &[NodeName]) -> Answer<()> {
    for node in nodes {
        let keys = DeliveryKeys::of(node);
        let there: Vec<Vec<u8>> = keys_below(client, &keys).await?.into_iter().map(|(key, _)| key).collect();
        if !there.is_empty() {
            // A key that is never there guards nothing: what is removed may be written again at any time.
            client.change_if_unchanged((keys.prefix().as_bytes(), 0), &[], &there).await?.ok();
        }
    }
    Ok(())
}

/// The keys below the prefix of a node, each with the revision of its last change.
async fn keys_below(client: &MemberClient, keys: &DeliveryKeys) -> Answer<Vec<(Vec<u8>, i64)>> {
    let (prefix, end) = (keys.prefix(), end_of_prefix(keys.prefix()));
    let page = client.range_keys(prefix.as_bytes(), &end, KEYS_AT_MOST).await?;
    Ok(page.pairs.into_iter().map(|pair| (pair.key, pair.mod_revision)).collect())
}

fn not_put(node: &NodeName, why: NotPut) -> Failure {
    let failure = |exit, why: String| {
        Failure::new(exit, format!("the bundle of {} is not in etcd", node.short())).because(why)
    };
    match why {
        NotPut::TooLarge(size) => failure(
            Exit::BadInput,
            format!("it has {size} bytes, and etcd takes at most {DELIVERED_BUNDLE_AT_MOST} in one value"),
        )
        .next("bring it by another way: access = \"files\" at this node in zone.toml"),
        NotPut::Contested => failure(
            Exit::TryAgain,
            format!("what is below {} changes all the time", DeliveryKeys::of(node).prefix()),
        )
        .because("another signing host writes there, or a client that may write everything")
        .next("stop it, and run the command again"),
        NotPut::Call(error) => failure(Exit::Unavailable, format!("etcd says: {error}"))
            .next("run the command again: it goes on where it stopped"),
    }
}
