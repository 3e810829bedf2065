//! What a node says of itself, signed with the key of its client certificate.

use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, PrivateKey, ShowPath, hex, private_file, regular_file};

use super::{Synced, Telling, fetch, node_of, unreached};
use crate::observer::{Observer, run};
use etcd::client::{CallError, MemberClient};
use host::MemberState;
use launch::activation::NodeStore;
use model::error::{Exit, Failure, Result};
use model::formats::{NodeAnswer, SignedAnswer};
use model::plan::{DeliveryKeys, NODE_CLIENT};
use store::site::Site;
use store::zone_directory::private_failure;
use tokio::task::JoinSet;

/// How old the same answer may become.
const REFRESHED_AFTER: Duration = Duration::HOUR;
/// What the other side reads of why is one line.
const WHY_AT_MOST: usize = 300;

/// The answer of a node as it is now.
pub(super) fn of(site: &Site, synced: &Synced) -> Result<NodeAnswer> {
    let directory = node_of(site)?;
    let paths = &directory.paths;
    let active = NodeStore::open(paths.root())?.map(|store| store.active()).transpose()?.flatten();
    let active = active.ok_or_else(|| Failure::internal("nothing is active on an activated node"))?;
    let manifest = &active.manifest;
    let in_use = (manifest.sequence, hex::encode(&manifest.digest()), active.generation.number.to_string());
    let runs = host::running_member(paths).is_some();
    let state = MemberState::load(&paths.state()).ok().flatten().filter(|_| runs);
    let not_activated = synced.refused.last().cloned().map(|mut refused| {
        refused.why = refused.why.replace('\n', " ").chars().take(WHY_AT_MOST).collect();
        refused
    });
    let names = (site.config().name.as_str(), directory.name.full());
    let mut answer = NodeAnswer::new(names, OffsetDateTime::now_utc(), (in_use.0, &in_use.1, &in_use.2));
    answer.needs_restart = !synced.restart_reasons.is_empty();
    answer.restart_reasons.clone_from(&synced.restart_reasons);
    answer.is_member = directory.node()?.member;
    answer.expires_at = Some(manifest.expires_at);
    answer.etcd = state.map(|state| state.etcd_version);
    answer.not_activated = not_activated;
    Ok(answer)
}

/// Writes it, if it says something else than what is there, or that is old. When it was said, if it was
/// written.
///
/// # Errors
/// It cannot be signed, no member takes it, or this node may not write it.
#[tracing::instrument(skip_all, name = "answer")]
pub(super) fn put(site: &Site, answer: &NodeAnswer, telling: Telling) -> Result<Option<OffsetDateTime>> {
    let (leaf, value) = signed(site, answer)?;
    let key = DeliveryKeys::of(&node_of(site)?.name).answer().to_owned();
    let credentials = Observer::new(site).credentials()?;
    run(async {
        let mut tried = JoinSet::new();
        let urls = site.config().client_urls();
        for client in urls.iter().filter_map(|url| credentials.connect(url, fetch::LIMIT).ok()) {
            tried.spawn(async move { (client.quorum_read().await.map(|_| ()), client) });
        }
        let mut failures = Vec::new();
        while let Some(ended) = tried.join_next().await {
            let Ok((answered, client)) = ended else { continue };
            // That a key of ours is not to be read says that the quorum has answered.
            let written = match answered {
                Ok(()) | Err(CallError::Denied(_)) => {
                    write(&client, &key, (answer, &leaf, &value), telling).await
                }
                Err(error) => Err(error),
            };
            match written {
                Ok(true) => return Ok(Some(answer.at)),
                Ok(false) => return Ok(None),
                Err(error) => failures.push(error),
            }
        }
        Err(unreached::failure(site, &fetch::look(&urls, &credentials).await, &failures))
    })?
}

/// Whether it was written.
async fn write(
    client: &MemberClient,
    key: &str,
    (answer, leaf, value): (&NodeAnswer, &Certificate, &[u8]),
    telling: Telling,
) -> Result<bool, CallError> {
    if telling == Telling::Changes {
        // What is there may have been written by any client: what is not this node's is written again.
        let present = client.get(key.as_bytes()).await?;
        let present = present.and_then(|pair| SignedAnswer::parse(&pair.value).ok());
        let own = present.filter(|present| present.certificate() == leaf);
        let present = own.and_then(|present| present.verified().ok());
        let is_fresh = |present: &NodeAnswer| {
            present.says_the_same(answer)
                && answer.at - present.at < REFRESHED_AFTER
                && present.at <= answer.at
        };
        if present.as_ref().is_some_and(is_fresh) {
            return Ok(false);
        }
    }
    client.put(key.as_bytes(), value).await.map(|_| true)
}

/// The certificate of the node, and the answer with its signature.
fn signed(site: &Site, answer: &NodeAnswer) -> Result<(Certificate, Vec<u8>)> {
    let paths = &node_of(site)?.paths;
    let (certificate, key) =
        (paths.current(&NODE_CLIENT.certificate_file()), paths.current(&NODE_CLIENT.key_file()));
    let unusable = |path: &std::path::Path, why: &dyn std::error::Error| {
        Failure::bad_input(format!("cannot sign with {}", path.shown()))
            .because(why.to_string())
            .next(node_of(site).map(|node| node.renewal("here")).unwrap_or_default())
    };
    let text = regular_file::read(&certificate).map_err(|error| Failure::read(&certificate, &error))?;
    let leaf = Certificate::from_pem(&text).map_err(|error| unusable(&certificate, &error))?;
    let text = private_file::read(&key).map_err(|error| private_failure(&key, &error))?;
    let pair = PrivateKey::from_pem(&text).map_err(|error| unusable(&key, &error))?;
    let signed = SignedAnswer::sign(answer, &leaf, &pair).map_err(|error| unusable(&key, &error))?;
    let value = signed.encode().map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
    match value.len() <= SignedAnswer::AT_MOST {
        true => Ok((leaf, value)),
        false => Err(Failure::new(Exit::Internal, "the answer of this node is longer than any")),
    }
}
