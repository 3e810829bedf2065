//! Bundles, written to etcd.
//!
//! All that a node reads is below one prefix: the bundles, each under its number, and `head`, which names the
//! last. Both are written in one transaction that fails if `head` has changed since it was read: of two
//! signing hosts none overwrites what it has not seen.

use tokio::task::{JoinError, JoinSet};

use crate::transport::delivery::SealedBundle;
use etcd::client::{Answer, CallError, MemberClient};
use model::config::NodeName;
use model::formats::DeliveryHead;
use model::plan::{DELIVERED_BUNDLE_AT_MOST, DeliveryKeys, end_of_prefix};

/// Requests under way at once. More do not make one member faster.
const AT_ONCE: usize = 32;
/// How often a write is tried whose `head` changes each time.
const TRIES: usize = 5;
/// Keys of another client that are removed with one write: etcd takes 128 changes in a transaction
/// (`--max-txn-ops`). What is left is removed with the next ones.
const REMOVED_AT_ONCE: usize = 100;
/// Keys that are looked at. A node has a few; the rest is of another client, and hides none that counts.
const KEYS_AT_MOST: i64 = 1000;

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
/// use is on its disk. Returns the nodes of which the bundle could not be written, and why.
///
/// # Errors
/// etcd does not answer.
pub(super) async fn put_all(
    client: &MemberClient,
    bundles: Vec<Outgoing>,
) -> Answer<Vec<(NodeName, String)>> {
    let mut running = JoinSet::new();
    let mut not_put = Vec::new();
    for outgoing in bundles {
        while running.len() >= AT_ONCE {
            not_put.extend(ended(running.join_next().await)?);
        }
        let client = client.clone();
        running.spawn(async move {
            let name = outgoing.sealed.node.name.clone();
            match put(&client, outgoing).await {
                Ok(()) => Ok(None),
                Err(NotPut::Call(error)) => Err(error),
                Err(NotPut::Bundle(why)) => Ok(Some((name, why))),
            }
        });
    }
    while !running.is_empty() {
        not_put.extend(ended(running.join_next().await)?);
    }
    Ok(not_put)
}

type Put = Answer<Option<(NodeName, String)>>;

fn ended(task: Option<std::result::Result<Put, JoinError>>) -> Put {
    match task {
        Some(Ok(put)) => put,
        Some(Err(error)) => Err(CallError::Failed(error.to_string())),
        None => Ok(None),
    }
}

/// Why a bundle is not in etcd.
enum NotPut {
    /// What is to be said of this one.
    Bundle(String),
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
        return Err(NotPut::Bundle(format!(
            "its bundle has {size} bytes, and etcd gets at most {DELIVERED_BUNDLE_AT_MOST} in one value"
        )));
    }
    let [head, key] = [keys.head(), keys.bundle(number)].map(String::into_bytes);
    for _ in 0..TRIES {
        let (head_at, bundle_at) = (changed_at(client, &head).await?, changed_at(client, &key).await?);
        let there = keys_below(client, &keys).await?;
        let numbers: Vec<u64> = there.iter().filter_map(|key| keys.sequence_of(key)).collect();
        let needed = signers.needed_before(number, &numbers, active);
        let is_needed = |there: &Vec<u8>| {
            let is_before = || keys.sequence_of(there).is_some_and(|number| needed.contains(&number));
            sealed.is_some() && (*there == head || *there == key || is_before())
        };
        // A key has the revision of its own last change: both were written by one transaction.
        let is_there = !again && !resealed && head_at != 0 && head_at == bundle_at;
        let removed: Vec<Vec<u8>> =
            there.into_iter().filter(|key| !is_needed(key)).take(REMOVED_AT_ONCE).collect();
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
    Err(NotPut::Bundle(format!(
        "{} changes all the time: another signing host writes it, or a client that may write everything",
        keys.head()
    )))
}

/// Removes what etcd has for nodes that are to get nothing.
///
/// # Errors
/// etcd does not answer.
pub(super) async fn remove_all(client: &MemberClient, nodes: &[NodeName]) -> Answer<()> {
    for node in nodes {
        let keys = DeliveryKeys::of(node);
        let there = keys_below(client, &keys).await?;
        for there in there.chunks(REMOVED_AT_ONCE) {
            // A key that is never there guards nothing: what is removed may be written again at any time.
            client.change_if_unchanged((keys.prefix().as_bytes(), 0), &[], there).await?.ok();
        }
    }
    Ok(())
}

/// The revision of the last change of a key; 0 if it is not there.
async fn changed_at(client: &MemberClient, key: &[u8]) -> Answer<i64> {
    let end = [key, &[0]].concat();
    let page = client.range_keys(key, &end, 1).await?;
    Ok(page.pairs.first().map_or(0, |pair| pair.mod_revision))
}

/// The keys below the prefix of a node.
async fn keys_below(client: &MemberClient, keys: &DeliveryKeys) -> Answer<Vec<Vec<u8>>> {
    let (prefix, end) = (keys.prefix(), end_of_prefix(keys.prefix()));
    let page = client.range_keys(prefix.as_bytes(), &end, KEYS_AT_MOST).await?;
    Ok(page.pairs.into_iter().map(|pair| pair.key).collect())
}
