//! The bundles that are offered to a node, read by any member that answers.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{node_of, unreached};
use crate::observer::{Observer, run};
use etcd::client::{CallError, MemberClient};
use live::{Credentials, Reach, reach};
use model::error::Result;
use model::formats::DeliveryHead;
use model::plan::{DELIVERED_BUNDLE_AT_MOST, DeliveryKeys, end_of_prefix};
use model::report;
use store::site::Site;

/// How long one answer may take. A bundle has to come in that time.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// How many are looked at: the newest. There is one, or one for each signer that a node has missed.
const BUNDLES_AT_MOST: usize = 16;
/// Keys that are read at once. Any client may have written some.
const KEYS: i64 = 1000;

/// A bundle as it is in etcd.
#[derive(Debug)]
pub(super) struct Offer {
    /// Its number, by its key.
    pub(super) sequence: u64,
    /// The sealed bundle, or why it cannot be read.
    pub(super) sealed: Result<Vec<u8>, String>,
}

/// What is offered, ascending.
#[derive(Debug, Default)]
pub(super) struct Offered {
    pub(super) bundles: Vec<Offer>,
    /// Whether they are from a member that was not verified.
    pub(super) unverified: bool,
    /// The revision of etcd when they were listed.
    pub(super) revision: i64,
}

/// The bundles whose numbers are above `had`.
///
/// # Errors
/// No member answers, or this node may not read them.
#[tracing::instrument(skip_all, name = "fetch bundles")]
pub(super) fn offered(site: &Site, had: u64) -> Result<Offered> {
    let keys = DeliveryKeys::of(&node_of(site)?.name);
    let credentials = Observer::new(site).credentials()?;
    run(async {
        let urls = site.config().client_urls();
        let verified = |url: &str| credentials.connect(url, LIMIT);
        let failures = match first(clients(&urls, verified), &keys, had).await {
            Ok(offered) => return Ok(offered),
            Err(failures) => failures,
        };
        let seen = look(&urls, &credentials).await;
        if unreached::is_only_untrusted(&seen, &failures) {
            report::warning(
                "no member's certificate is trusted here, as after a CA was replaced: bundles are fetched \
                 without verifying the member; they are sealed to this node, and their signatures are \
                 verified",
            );
            let unverified = |url: &str| credentials.connect_unverified(url, LIMIT);
            match first(clients(&urls, unverified), &keys, had).await {
                Ok(offered) if !offered.bundles.is_empty() => {
                    return Ok(Offered { unverified: true, ..offered });
                }
                Ok(_) => return Err(unreached::nothing_to_trust(site)),
                Err(failures) => return Err(unreached::not_let_in(site, &seen, &failures)),
            }
        }
        Err(unreached::failure(site, &seen, &failures))
    })?
}

/// The handshakes that members have with this node.
pub(super) async fn look(urls: &[String], credentials: &Credentials) -> Vec<(String, Reach)> {
    let mut looks = JoinSet::new();
    for url in urls {
        let (url, credentials) = (url.clone(), credentials.clone());
        looks.spawn(async move { (url.clone(), reach(&url, &credentials, live::ANSWER_LIMIT).await) });
    }
    let mut seen = looks.join_all().await;
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    seen
}

fn clients(urls: &[String], connect: impl Fn(&str) -> Result<MemberClient, String>) -> Vec<MemberClient> {
    urls.iter().filter_map(|url| connect(url).ok()).collect()
}

/// What the first member offers that answers; all are asked at once. Otherwise what each said.
async fn first(clients: Vec<MemberClient>, keys: &DeliveryKeys, had: u64) -> Result<Offered, Vec<CallError>> {
    let mut asked = JoinSet::new();
    for client in clients {
        let keys = keys.clone();
        asked.spawn(async move { (listed(&client, &keys, had).await, client) });
    }
    let mut failures = Vec::new();
    while let Some(ended) = asked.join_next().await {
        match ended {
            Ok((Ok((sequences, revision)), client)) => {
                let bundles = read(&client, keys, sequences).await;
                return Ok(Offered { bundles, unverified: false, revision });
            }
            Ok((Err(error), _)) => failures.push(error),
            Err(_) => {}
        }
    }
    Err(failures)
}

/// The numbers above `had`, ascending. And the revision at which they were listed. What `head` names is asked
/// for by its key, however many other keys there are and however long; others are looked at as far as etcd
/// lists them.
async fn listed(client: &MemberClient, keys: &DeliveryKeys, had: u64) -> Result<(Vec<u64>, i64), CallError> {
    let (head, revision) = client.get_all(&[keys.head().into_bytes()]).await?;
    let head = head.first().and_then(|pair| DeliveryHead::parse(&pair.value));
    let mut numbers = head.map(|head| head.numbers()).unwrap_or_default();
    numbers.retain(|number| *number > had);
    let from = keys.bundle(had.saturating_add(1));
    if let Ok(page) = client.range_keys(from.as_bytes(), &end_of_prefix(&keys.bundles()), KEYS).await {
        let others = page.pairs.iter().filter_map(|pair| keys.sequence_of(&pair.key));
        let mut others: Vec<u64> =
            others.filter(|number| *number > had && !numbers.contains(number)).collect();
        others.sort_unstable();
        let room = BUNDLES_AT_MOST.saturating_sub(numbers.len());
        numbers.extend(others.split_off(others.len().saturating_sub(room)));
    }
    numbers.sort_unstable();
    Ok((numbers, revision))
}

async fn read(client: &MemberClient, keys: &DeliveryKeys, sequences: Vec<u64>) -> Vec<Offer> {
    let mut bundles = Vec::new();
    for sequence in sequences {
        let sealed = match client.get(keys.bundle(sequence).as_bytes()).await {
            // It was replaced by a newer one meanwhile, which the next call reads.
            Ok(None) => continue,
            Ok(Some(pair)) if pair.value.len() > DELIVERED_BUNDLE_AT_MOST => {
                Err(format!("it has {} bytes, of at most {DELIVERED_BUNDLE_AT_MOST}", pair.value.len()))
            }
            Ok(Some(pair)) => Ok(pair.value),
            Err(error) => Err(format!("it cannot be read: {error}")),
        };
        bundles.push(Offer { sequence, sealed });
    }
    bundles
}
