//! The nodes that etcd has bundles for: how far each is, by what it has signed. Each is asked for by its key,
//! so what else is under these prefixes, and how much of it, does not matter.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinSet;

use super::Credentials;
use etcd::client::{CallError, MemberClient};
use model::config::{AccessMethod, Node};
use model::error::{Exit, Failure, Result};
use model::formats::{BundleRecord, NodeAnswer};
use model::plan::{DeliveryKeys, DeliveryState, HeardAnswer, JudgedBy, RecordedBundles, delivery_state};
use store::zone_directory::{Authorities, ZoneDirectory, log_failure, verify_answer};

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Answers that are read at once. More of the largest would not go into one message of gRPC, which has 4 MiB.
const AT_ONCE: usize = 32;
/// How often they are read again, from another member, when one does not answer.
const TRIES: usize = 3;
/// For how many bundles it is looked whether they are there.
const LOOKED_FOR: usize = 100;

/// A node, and how far it is.
#[derive(Clone, Debug)]
pub struct SeenNode<'z> {
    pub node: &'z Node,
    pub state: DeliveryState,
    /// What it says; none if nothing of it could be verified.
    pub heard: Option<HeardAnswer>,
    /// Why what is there in its name is not believed.
    pub fault: Option<String>,
    /// The number of the latest bundle that was made for it.
    pub latest: Option<u64>,
    /// Whether etcd has that bundle, which any client may remove; none if it was not looked at.
    pub is_offered: Option<bool>,
}

/// Whether etcd has the bundles of any node of the zone.
pub fn has_nodes_by_etcd(zone: &ZoneDirectory) -> bool {
    zone.config.nodes.iter().any(|node| is_by_etcd(zone, node))
}

fn is_by_etcd(zone: &ZoneDirectory, node: &Node) -> bool {
    let methods = zone.config.access.as_ref().map(|access| access.methods(node));
    methods.is_some_and(|methods| methods.contains(&AccessMethod::Etcd)) && !zone.runs_here(node)
}

/// Every node of the zone, in the order of `zone.toml`. A certificate that ends within `before` is named.
///
/// # Errors
/// No member answers, the certificate has no right to the answers, or a record cannot be read.
#[tracing::instrument(skip_all, name = "see nodes")]
pub async fn see_nodes<'z>(
    zone: &'z ZoneDirectory,
    authorities: &Authorities,
    credentials: &Credentials,
    before: time::Duration,
) -> Result<Vec<SeenNode<'z>>> {
    let now = OffsetDateTime::now_utc();
    let mut seen: Vec<SeenNode<'z>> = zone
        .config
        .nodes
        .iter()
        .map(|node| {
            let state = match is_by_etcd(zone, node) {
                _ if authorities.has_revoked_client_of(node) => DeliveryState::Revoked,
                true => DeliveryState::Silent { last: None },
                false => DeliveryState::NotByEtcd,
            };
            SeenNode { node, state, heard: None, fault: None, latest: None, is_offered: None }
        })
        .collect();
    hear(zone, authorities, credentials, &mut seen, now).await?;
    let bundles = recorded(zone, &seen)?;
    let recipients = zone.recipients()?;
    for seen in &mut seen {
        let Some(bundles) = bundles.get(seen.node.name.full()) else { continue };
        let recorded = recipients.of(seen.node).map(|(key, _)| key);
        let by = JudgedBy { bundles, recipient: recorded, now, before };
        seen.state = delivery_state(seen.heard.as_ref(), &by);
        seen.latest = bundles.latest();
    }
    look_for_bundles(zone, credentials, &mut seen).await?;
    Ok(seen)
}

impl SeenNode<'_> {
    fn is_judged(&self) -> bool {
        !matches!(self.state, DeliveryState::NotByEtcd | DeliveryState::Revoked)
    }
}

/// Reads the answers of those that are judged, and keeps what of them is believed.
async fn hear(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    credentials: &Credentials,
    seen: &mut [SeenNode<'_>],
    now: OffsetDateTime,
) -> Result<()> {
    let places: HashMap<Vec<u8>, usize> = seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.is_judged())
        .map(|(place, seen)| (DeliveryKeys::of(&seen.node.name).answer().as_bytes().to_vec(), place))
        .collect();
    let mut keys: Vec<Vec<u8>> = places.keys().cloned().collect();
    keys.sort_unstable();
    let mut client = a_member(zone, credentials).await?;
    for keys in keys.chunks(AT_ONCE) {
        let mut tries = 1;
        let read = loop {
            match client.get_whatever_size(keys).await {
                Ok(read) => break read,
                Err(CallError::Late | CallError::Failed(_)) if tries < TRIES => {
                    tries += 1;
                    client = a_member(zone, credentials).await?;
                }
                Err(error) => return Err(not_read(zone, &error)),
            }
        };
        for pair in read.pairs {
            let Some(seen) = places.get(&pair.key).and_then(|place| seen.get_mut(*place)) else { continue };
            match verify_answer(&zone.config, authorities, seen.node, &pair.value, now) {
                Ok(answer) => seen.heard = Some(heard(answer)),
                Err(fault) => seen.fault = Some(fault.to_string()),
            }
        }
        for key in read.too_large {
            if let Some(seen) = places.get(&key).and_then(|place| seen.get_mut(*place)) {
                seen.fault = Some("it is larger than any answer".to_owned());
            }
        }
    }
    Ok(())
}

/// What is kept of an answer.
pub(super) fn heard(answer: NodeAnswer) -> HeardAnswer {
    HeardAnswer {
        at: answer.at,
        sequence: answer.sequence,
        manifest_sha256: answer.manifest_sha256,
        needs_restart: answer.needs_restart,
        expires_at: answer.expires_at,
        next_sync_at: answer.next_sync_at,
        recipient: answer.recipient,
        refused: answer.not_activated.map(|refused| (refused.sequence, refused.why)),
        zone_etcd: answer.zone_etcd,
    }
}

/// Whether those that lack a bundle find it, of as many as are told of one by one.
async fn look_for_bundles(
    zone: &ZoneDirectory,
    credentials: &Credentials,
    seen: &mut [SeenNode<'_>],
) -> Result<()> {
    let is_behind = |seen: &&mut SeenNode<'_>| matches!(seen.state, DeliveryState::Behind { .. });
    let mut behind = seen.iter_mut().filter(is_behind).take(LOOKED_FOR).peekable();
    if behind.peek().is_none() {
        return Ok(());
    }
    let client = a_member(zone, credentials).await?;
    for seen in behind {
        let Some(latest) = seen.latest else { continue };
        let key = DeliveryKeys::of(&seen.node.name).bundle(latest).into_bytes();
        let end = [key.as_slice(), b"\0"].concat();
        let found = client.range_keys(&key, &end, 1).await.map_err(|error| not_read(zone, &error))?;
        seen.is_offered = Some(!found.pairs.is_empty());
    }
    Ok(())
}

/// What was made for those that are judged, by their full names.
fn recorded<'z>(zone: &ZoneDirectory, seen: &[SeenNode<'z>]) -> Result<HashMap<&'z str, RecordedBundles>> {
    let judged = seen.iter().filter(|seen| seen.is_judged());
    let has: HashMap<&str, Option<u64>> =
        judged.map(|seen| (seen.node.name.full(), seen.heard.as_ref().map(|heard| heard.sequence))).collect();
    let mut bundles: HashMap<&'z str, RecordedBundles> =
        has.keys().map(|name| (*name, RecordedBundles::default())).collect();
    let read = BundleRecord::log(&zone.paths).and_then(|log| {
        log.for_each(|record| {
            if let (Some(has), Some(bundles)) =
                (has.get(record.node.as_str()), bundles.get_mut(record.node.as_str()))
            {
                bundles.add((record.sequence, record.issued_at, &record.manifest_sha256), *has);
            }
        })
    });
    read.map_err(|error| log_failure(&zone.paths.bundle_log(), &error, "nothing was changed"))?;
    Ok(bundles)
}

async fn a_member(zone: &ZoneDirectory, credentials: &Credentials) -> Result<MemberClient> {
    first_that_answers(zone.config.client_urls(), credentials).await.ok_or_else(|| {
        Failure::new(Exit::Unavailable, "no member takes requests")
            .next(format!("see how the members are: {}", zone.proposed("status")))
    })
}

/// A client for the member that answers a read through the quorum first. One that refuses it for lack of a
/// right has looked for that after the quorum has answered.
pub(super) async fn first_that_answers(urls: Vec<String>, credentials: &Credentials) -> Option<MemberClient> {
    let mut asked = JoinSet::new();
    for url in urls {
        if let Ok(client) = credentials.connect(&url, LIMIT) {
            asked.spawn(async move {
                let read = client.quorum_read().await;
                matches!(read, Ok(_) | Err(CallError::Denied(_))).then_some(client)
            });
        }
    }
    while let Some(ended) = asked.join_next().await {
        if let Ok(Some(client)) = ended {
            return Some(client);
        }
    }
    None
}

fn not_read(zone: &ZoneDirectory, error: &CallError) -> Failure {
    let failure = Failure::new(Exit::Unavailable, "the answers of the nodes cannot be read").because(error);
    match error {
        CallError::Denied(_) | CallError::NoUser(_) => failure.exit(Exit::Permission).next(format!(
            "ask as a user with the role root: {}",
            zone.proposed("ctl -- user grant-role root root")
        )),
        CallError::Late | CallError::Failed(_) => {
            failure.next(format!("see how the members are: {}", zone.proposed("status")))
        }
    }
}
