//! What nodes have signed: read from etcd, verified, and waited for.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use etcd::client::{Answer, MemberClient};
use etcd::watch::{KeyChange, KeyChanges, WatchError};
use model::config::{Node, NodeName};
use model::error::Result;
use model::formats::{LearnedFrom, NodeAnswer};
use model::plan::{ANSWERS, DeliveryKeys, end_of_prefix, node_of_answer_key};
use store::bundle::Recipient;
use store::zone_directory::{Authorities, ZoneDirectory, verify_answer};

/// Answers that are read at once. More of the largest would not go into one message of gRPC, which has 4 MiB.
const AT_ONCE: usize = 32;
/// Between two tries to watch.
const PAUSE: Duration = Duration::from_millis(250);

/// What is kept of the answer of a node: there may be thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardNode {
    /// The number of the bundle in use.
    pub sequence: u64,
    /// SHA-256 of its manifest, hexadecimal.
    pub manifest_sha256: String,
    /// When it said so.
    pub at: OffsetDateTime,
    /// Whether a member runs there that has to be restarted.
    pub needs_restart: bool,
    /// The number of a bundle that it has refused, and why.
    pub refused: Option<(u64, String)>,
    recipient: Option<String>,
}

/// The answers of nodes, as far as they could be verified.
pub struct Answers<'a> {
    zone: &'a ZoneDirectory,
    authorities: &'a Authorities,
    /// The nodes that are asked for, by their full names.
    nodes: HashMap<&'a str, &'a Node>,
    heard: HashMap<&'a str, HeardNode>,
    /// Why what is there in the name of a node is not believed.
    faults: HashMap<&'a str, String>,
    /// The revision of the cluster up to which they are known.
    revision: i64,
}

impl<'a> Answers<'a> {
    /// None of these nodes was heard.
    pub(super) fn of(zone: &'a ZoneDirectory, authorities: &'a Authorities, nodes: &[&'a Node]) -> Self {
        let nodes: HashMap<&str, &Node> = nodes.iter().map(|node| (node.name.full(), *node)).collect();
        Self {
            zone,
            authorities,
            heard: HashMap::with_capacity(nodes.len()),
            faults: HashMap::new(),
            nodes,
            revision: 0,
        }
    }

    /// What a node has said.
    pub fn heard(&self, node: &NodeName) -> Option<&HeardNode> {
        self.heard.get(node.full())
    }

    /// Why what is there in the name of a node is not believed, if it is not.
    pub(super) fn fault(&self, node: &NodeName) -> Option<&str> {
        self.faults.get(node.full()).map(String::as_str)
    }

    /// Reads what they say now. Each is asked for by its key: how many others there are does not matter.
    pub(super) async fn read(&mut self, client: &MemberClient) -> Answer<()> {
        let names: Vec<&str> = self.nodes.keys().copied().collect();
        let mut revision = i64::MAX;
        for names in names.chunks(AT_ONCE) {
            let key = |name: &&str| {
                let node = self.nodes.get(name)?;
                Some(DeliveryKeys::of(&node.name).answer().as_bytes().to_vec())
            };
            let keys: Vec<Vec<u8>> = names.iter().filter_map(key).collect();
            let read = client.get_whatever_size(&keys).await?;
            revision = revision.min(read.revision);
            for pair in read.pairs {
                self.take(&pair.key, &pair.value);
            }
        }
        self.revision = if names.is_empty() { 0 } else { revision };
        Ok(())
    }

    /// Takes what is under a key of an answer, if it is one. Returns the node.
    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<&'a Node> {
        let (name, node) = self.nodes.get_key_value(node_of_answer_key(key)?)?;
        let now = OffsetDateTime::now_utc();
        match verify_answer(&self.zone.config, self.authorities, node, value, now) {
            Ok(answer) => {
                self.heard.insert(name, HeardNode::of(answer));
                self.faults.remove(name);
                Some(node)
            }
            Err(fault) => {
                tracing::debug!(node = node.name.short(), %fault, "not an answer");
                self.faults.insert(name, fault.to_string());
                None
            }
        }
    }

    /// Watches them until `is_enough` of the node that was heard last, or the time is over. A member that is
    /// lost is replaced by another.
    pub(super) async fn wait<F: Future<Output = Option<MemberClient>>>(
        &mut self,
        connect: impl Fn() -> F,
        deadline: Instant,
        mut is_enough: impl FnMut(&Self, Option<&'a Node>) -> bool,
    ) {
        if is_enough(self, None) {
            return;
        }
        let watched = async {
            loop {
                if let Some(client) = connect().await {
                    match self.watch(&client, &mut is_enough).await {
                        Ok(()) => return,
                        Err(error) => {
                            tracing::debug!(%error, "the answers are not watched");
                            // What ended it, values of others for one, would end the next from there as well.
                            if self.read(&client).await.is_ok() && is_enough(self, None) {
                                return;
                            }
                        }
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        // What was heard by then counts.
        let _ = tokio::time::timeout_at(deadline, watched).await;
    }

    async fn watch(
        &mut self,
        client: &MemberClient,
        is_enough: &mut impl FnMut(&Self, Option<&'a Node>) -> bool,
    ) -> std::result::Result<(), WatchError> {
        let from = self.revision.saturating_add(1);
        let mut watch = client.watch(ANSWERS.as_bytes(), &end_of_prefix(ANSWERS), from).await?;
        loop {
            let KeyChanges { changes, revision } = watch.next().await?;
            for change in changes {
                let KeyChange::Put(pair) = change else { continue };
                let Some(node) = self.take(&pair.key, &pair.value) else { continue };
                if is_enough(self, Some(node)) {
                    return Ok(());
                }
            }
            self.revision = self.revision.max(revision);
        }
    }

    /// Records the keys of nodes of which none is recorded. One that says another than is recorded is not
    /// believed: who once had its certificate could say so.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub(super) fn learn(&self, now: OffsetDateTime) -> Result<usize> {
        let known = self.zone.recipients()?;
        let key = |(name, heard): (&&'a str, &HeardNode)| {
            let node = self.nodes.get(*name).filter(|node| known.of(node).is_none())?;
            Some((*node, Recipient::parse(heard.recipient.as_deref()?).ok()?))
        };
        let learned: Vec<(&Node, Recipient)> = self.heard.iter().filter_map(key).collect();
        if learned.is_empty() {
            return Ok(0);
        }
        let learned: Vec<(&Node, &str)> = learned.iter().map(|(node, key)| (*node, key.as_str())).collect();
        self.zone.record_recipients(&self.zone.lock()?, &learned, LearnedFrom::Answer, now)?;
        Ok(learned.len())
    }
}

impl HeardNode {
    fn of(answer: NodeAnswer) -> Self {
        Self {
            sequence: answer.sequence,
            manifest_sha256: answer.manifest_sha256,
            at: answer.at,
            needs_restart: answer.needs_restart,
            refused: answer.not_activated.map(|refused| (refused.sequence, refused.why)),
            recipient: answer.recipient,
        }
    }
}
