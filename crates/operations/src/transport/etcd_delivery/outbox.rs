//! Bundles, written to etcd.
//!
//! All that a node reads is below one prefix: the bundles, each under its number, and `head`, which names the
//! last. Both are written in one transaction that fails if `head` has changed since it was read: of two
//! signing hosts none overwrites what it has not seen.

use tokio::task::JoinSet;

use crate::any_member::Members;
use crate::transport::delivery::SealedBundle;
use etcd::client::{Answer, MemberClient};
use etcd::key_values::KeyRange;
use model::config::NodeName;
use model::error::{Failure, Result};
use model::formats::DeliveryHead;
use model::plan::{DELIVERED_BUNDLE_AT_MOST, DeliveryKeys, end_of_prefix};

/// Requests under way at once. More do not make one member faster.
const AT_ONCE: usize = 32;
/// How often a write is tried whose `head` changes each time.
const TRIES: usize = 5;
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
    members: &Members,
    bundles: Vec<Outgoing>,
) -> Result<Answer<Vec<(NodeName, String)>>> {
    let client = members.first_that_answers().await?;
    let mut bundles = bundles.into_iter();
    let (mut running, mut not_put) = (JoinSet::new(), Vec::new());
    loop {
        for outgoing in bundles.by_ref().take(AT_ONCE - running.len()) {
            let (client, members) = (client.clone(), members.clone());
            running.spawn(async move {
                let outgoing = &outgoing;
                let write = |client| async move { put(&client, outgoing).await };
                let answer = members.answer_of(client, write).await?;
                Ok(answer.map(|put| put.err().map(|why| (outgoing.sealed.node.name.clone(), why))))
            });
        }
        let Some(ended) = running.join_next().await else { return Ok(Ok(not_put)) };
        match ended.map_err(|error| Failure::internal("a write").because(&error))?? {
            Ok(put) => not_put.extend(put),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// The inner error is what is to be said of this bundle.
async fn put(client: &MemberClient, outgoing: &Outgoing) -> Answer<std::result::Result<(), String>> {
    let Outgoing { sealed: SealedBundle { node, record, sealed, signers, resealed }, active, again } =
        outgoing;
    let (keys, number) = (DeliveryKeys::of(&node.name), record.sequence);
    let size = sealed.as_ref().map_or(0, Vec::len);
    if size > DELIVERED_BUNDLE_AT_MOST {
        return Ok(Err(format!(
            "its bundle has {size} bytes, and etcd gets at most {DELIVERED_BUNDLE_AT_MOST} in one value"
        )));
    }
    let [head, key] = [keys.head(), keys.bundle(number)].map(String::into_bytes);
    for _ in 0..TRIES {
        let there = client.get(&head).await?;
        let head_at = there.as_ref().map_or(0, |head| head.mod_revision);
        let offered = there.and_then(|head| DeliveryHead::parse(&head.value));
        let offered = offered.map(|head| head.numbers()).unwrap_or_default();
        let needed = signers.needed_before(number, &offered, *active);
        // A key has the revision of its own last change: both were written by one transaction.
        let is_there = !again && !resealed && head_at != 0 && head_at == changed_at(client, &key).await?;
        let (puts, kept) = match sealed {
            None => (Vec::new(), Vec::new()),
            Some(sealed) => {
                let value = DeliveryHead::of(number).after(needed.clone()).encode();
                let puts = vec![(head.clone(), value), (key.clone(), sealed.clone())];
                let before = needed.iter().map(|number| keys.bundle(*number).into_bytes());
                let kept = before.chain([key.clone(), head.clone()]).collect();
                (if is_there { Vec::new() } else { puts }, kept)
            }
        };
        let removed = all_but(&keys, &kept);
        let count = client.count(keys.prefix().as_bytes(), &end_of_prefix(keys.prefix())).await?;
        let is_clean = usize::try_from(count).unwrap_or_default() <= kept.len();
        if puts.is_empty() && is_clean {
            return Ok(Ok(()));
        }
        if client.change_if_unchanged((&head, head_at), &puts, &removed).await?.is_ok() {
            return Ok(Ok(()));
        }
    }
    Ok(Err(format!(
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
        client.remove(&all_but(&DeliveryKeys::of(node), &[])).await?;
    }
    Ok(())
}

/// Everything below the prefix of a node but these keys, which are in their order. What another client has
/// written there is removed without being read, however much it is.
fn all_but(keys: &DeliveryKeys, kept: &[Vec<u8>]) -> Vec<KeyRange> {
    let mut from = keys.prefix().as_bytes().to_vec();
    let mut ranges = Vec::new();
    for key in kept {
        ranges.push(KeyRange::between(from, key.clone()));
        from = [key.as_slice(), &[0]].concat();
    }
    ranges.push(KeyRange::between(from, end_of_prefix(keys.prefix())));
    ranges
}

/// The revision of the last change of a key; 0 if it is not there.
async fn changed_at(client: &MemberClient, key: &[u8]) -> Answer<i64> {
    let end = [key, &[0]].concat();
    let page = client.range_keys(key, &end, 1).await?;
    Ok(page.pairs.first().map_or(0, |pair| pair.mod_revision))
}
