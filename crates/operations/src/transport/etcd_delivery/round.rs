//! A round: bundles made for many nodes, written to etcd, and answered.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::answers::{Answers, HeardNode};
use super::not_answered::{NotAnswered, TOLD_AT_MOST, failure};
use super::outbox::{Outgoing, put_all, remove_all};
use crate::any_member::Members;
use crate::observer::run;
use crate::transport::delivery::{Addressed, Delivery, SealedBundle};
use crate::transport::{BundleTransport, Wanted, unrecorded};
use model::config::{Node, NodeName};
use model::error::{Exit, Failure, Result};
use model::report::{Progress, Unit, enumerated, message};
use store::bundle::{BundleRecord, Recipient};
use store::site::Site;
use store::zone_directory::{Assessment, Authorities, ZoneDirectory};

/// Nodes whose bundles are made under one hold of the zone's lock.
const BATCH: usize = 512;

/// What is issued to a node of a round beside what is due.
pub(crate) type Prepare<'p> = dyn FnMut(&mut Assessment<'_>) -> Result<()> + 'p;

/// How a round has ended.
#[derive(Debug, Default)]
pub struct EtcdRound {
    /// Nodes that have in use what the zone has for them, by their own word.
    pub answered: Vec<NodeName>,
    /// Nodes that were revoked: what etcd had for them was removed.
    pub revoked: Vec<NodeName>,
    /// The others.
    pub not_answered: Vec<NotAnswered>,
    /// What is to be told of those of them that the operator has not left out; none if there are none.
    pub failure: Option<Failure>,
}

/// What a node is to answer.
struct Expected {
    sequence: u64,
    manifest_sha256: String,
}

impl Expected {
    fn of(record: &BundleRecord) -> Self {
        Self { sequence: record.sequence, manifest_sha256: record.manifest_sha256.clone() }
    }

    fn is_met_by(&self, heard: &HeardNode) -> bool {
        heard.sequence == self.sequence && heard.manifest_sha256 == self.manifest_sha256
    }

    /// Whether there is nothing left to wait for: it is met, or another command has brought a newer bundle.
    fn is_settled_by(&self, heard: &HeardNode) -> bool {
        heard.sequence > self.sequence || self.is_met_by(heard)
    }
}

/// What nodes say of themselves, as etcd has it now.
///
/// # Errors
/// No member answers.
pub(crate) fn read_answers<'a>(
    site: &Site,
    zone: &'a ZoneDirectory,
    authorities: &'a Authorities,
    nodes: &[&'a Node],
) -> Result<Answers<'a>> {
    let members = Members::of(site);
    let read = run(members.answer(|client| async move {
        let mut answers = Answers::of(zone, authorities, nodes);
        answers.read(&client).await.map(|()| answers)
    }))??;
    read.map_err(|error| not_read(site, &error))
}

/// Removes what etcd has for a node.
///
/// # Errors
/// No member takes it.
pub(crate) fn withdraw(site: &Site, node: &Node) -> Result<()> {
    let members = Members::of(site);
    let name = std::slice::from_ref(&node.name);
    let removed = run(members.answer(|client| async move { remove_all(&client, name).await }))??;
    removed.map_err(|error| not_read(site, &error))
}

/// What a round works with.
#[derive(Clone, Copy)]
pub(crate) struct Rounds<'r> {
    /// Where the operation was typed.
    pub(crate) site: &'r Site,
    /// How long answers are waited for.
    pub(crate) limit: Duration,
    /// Nodes, by their short names, whose answers are not waited for.
    pub(crate) without: &'r BTreeSet<String>,
    /// Whether no other operation has begun.
    pub(crate) still_held: &'r dyn Fn() -> Result<()>,
}

impl Rounds<'_> {
    /// Brings nodes whose bundles etcd has what the zone has for them, and waits for their answers. Those
    /// that are left out get theirs as well, and nothing waits for them.
    ///
    /// # Errors
    /// A bundle cannot be made, or no member takes it. A node that does not answer is no error.
    #[tracing::instrument(skip_all, name = "deliver by etcd", fields(nodes = nodes.len()))]
    pub(crate) fn run(
        &self,
        nodes: &[&Node],
        wanted: &Wanted,
        prepare: &mut Prepare<'_>,
    ) -> Result<EtcdRound> {
        let (site, zone) = (self.site, self.site.zone_directory()?);
        let authorities = Authorities::load_before_their_time(&zone.paths, OffsetDateTime::now_utc())?;
        let mut answers = read_answers(site, zone, &authorities, nodes)?;
        let mut round = EtcdRound::default();
        let mut expected: BTreeMap<&str, Expected> = BTreeMap::new();
        let mut not_put: BTreeMap<String, String> = BTreeMap::new();
        let progress = Progress::begin("bundling", Unit::Of("nodes"), nodes.len() as u64);
        for batch in nodes.chunks(BATCH) {
            let sealed = self.seal(batch, wanted, &answers, prepare)?;
            let is_made = |node: &&Node| sealed.iter().any(|made| made.node.name == node.name);
            let revoked: Vec<NodeName> =
                batch.iter().filter(|node| !is_made(node)).map(|node| node.name.clone()).collect();
            for (node, SealedBundle { record, .. }) in batch.iter().filter(|node| is_made(node)).zip(&sealed)
            {
                expected.insert(node.name.full(), Expected::of(record));
            }
            (self.still_held)()?;
            for (node, why) in self.put(sealed, &revoked, &answers)? {
                not_put.insert(node.full().to_owned(), why);
            }
            round.revoked.extend(revoked);
            progress.add(batch.len() as u64);
        }
        drop(progress);
        let is_put = |node: &&&Node| !not_put.contains_key(node.name.full());
        let awaited: Vec<&Node> = nodes.iter().filter(is_put).copied().collect();
        self.await_answers(&mut answers, &awaited, &expected)?;
        for node in nodes {
            let Some(expected) = expected.get(node.name.full()) else { continue };
            match answers.heard(&node.name) {
                Some(heard) if expected.is_met_by(heard) => round.answered.push(node.name.clone()),
                heard => {
                    let not_put = not_put.remove(node.name.full());
                    let fault = answers.fault(&node.name).map(str::to_owned);
                    let missing = NotAnswered::of(node, expected.sequence, heard);
                    round.not_answered.push(NotAnswered { not_put, fault, ..missing });
                }
            }
        }
        round.failure = failure(&round.not_answered, self.without);
        Ok(round)
    }

    fn seal(
        &self,
        nodes: &[&Node],
        wanted: &Wanted,
        answers: &Answers<'_>,
        prepare: &mut Prepare<'_>,
    ) -> Result<Vec<SealedBundle>> {
        let zone = self.site.zone_directory()?;
        let held = zone.lock()?;
        let now = OffsetDateTime::now_utc();
        let authorities = held.authorities(now)?;
        (self.still_held)()?;
        let mut delivery = Delivery::bringing(wanted.clone(), zone, &authorities, now)?;
        let recipients = zone.recipients()?;
        let mut addressed = Vec::new();
        for node in nodes {
            let recipient = recipients.of(node).and_then(|(key, _)| Recipient::parse(key).ok());
            let Some(recipient) = recipient else { continue };
            let heard = answers.heard(&node.name);
            let latest = delivery.latest(node);
            let unrecorded = heard.filter(|heard| is_unrecorded(latest, heard)).filter(|heard| {
                unrecorded::is_believed(
                    zone,
                    node,
                    heard.sequence,
                    latest.map_or(0, |latest| latest.sequence),
                )
            });
            let above = unrecorded.map_or(0, |heard| heard.sequence);
            let in_use = heard.map(|heard| heard.manifest_sha256.as_str());
            addressed.push(Addressed { node, recipient, above, in_use });
        }
        delivery.seal_all(&addressed, prepare)
    }

    /// Returns the nodes of which the bundle could not be written, and why.
    fn put(
        &self,
        sealed: Vec<SealedBundle>,
        revoked: &[NodeName],
        answers: &Answers<'_>,
    ) -> Result<Vec<(NodeName, String)>> {
        let outgoing = sealed.into_iter().map(|sealed| {
            let heard = answers.heard(&sealed.node.name);
            let number = sealed.record.sequence;
            // What it has refused may have been replaced by another client.
            let again = heard.and_then(|heard| heard.refused.as_ref()).is_some_and(|(of, _)| *of == number);
            Outgoing { active: heard.map_or(0, |heard| heard.sequence), again, sealed }
        });
        let outgoing: Vec<Outgoing> = outgoing.collect();
        let members = Members::of(self.site);
        run(async {
            // First: no failure to write may keep what a revoked node could still take.
            let removed = members.answer(|client| async move { remove_all(&client, revoked).await }).await?;
            removed.map_err(|error| not_written(self.site, &error))?;
            put_all(&members, outgoing).await?.map_err(|error| not_written(self.site, &error))
        })?
    }

    fn await_answers(
        &self,
        answers: &mut Answers<'_>,
        nodes: &[&Node],
        expected: &BTreeMap<&str, Expected>,
    ) -> Result<()> {
        let is_awaited = |node: &&&Node| {
            expected.contains_key(node.name.full()) && !self.without.contains(node.name.short())
        };
        let awaited: Vec<&Node> = nodes.iter().filter(is_awaited).copied().collect();
        let is_settled = |answers: &Answers<'_>, node: &Node| {
            let (expected, heard) = (expected.get(node.name.full()), answers.heard(&node.name));
            expected.zip(heard).is_some_and(|(expected, heard)| expected.is_settled_by(heard))
        };
        let mut missing: BTreeSet<&str> =
            awaited.iter().filter(|node| !is_settled(answers, node)).map(|node| node.name.full()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        message(&told_waiting(&missing, nodes, self.limit));
        let progress = Progress::begin("waiting for answers", Unit::Of("nodes"), awaited.len() as u64);
        progress.set((awaited.len() - missing.len()) as u64);
        let members = Members::of(self.site);
        let connect = || async { members.first_that_answers().await.ok() };
        run(async {
            let deadline = Instant::now() + self.limit;
            let enough = |answers: &Answers<'_>, node: Option<&Node>| {
                match node {
                    Some(node) if is_settled(answers, node) => drop(missing.remove(node.name.full())),
                    Some(_) => {}
                    None => missing.retain(|name| {
                        !awaited.iter().any(|node| node.name.full() == *name && is_settled(answers, node))
                    }),
                }
                progress.set((awaited.len() - missing.len()) as u64);
                missing.is_empty()
            };
            answers.wait(connect, deadline, enough).await;
        })
    }
}

/// Whether a node has a bundle that is not recorded here.
fn is_unrecorded(latest: Option<&BundleRecord>, heard: &HeardNode) -> bool {
    latest.is_none_or(|latest| match latest.sequence.cmp(&heard.sequence) {
        Ordering::Less => true,
        Ordering::Equal => latest.manifest_sha256 != heard.manifest_sha256,
        Ordering::Greater => false,
    })
}

fn told_waiting(missing: &BTreeSet<&str>, nodes: &[&Node], limit: Duration) -> String {
    let is_missing = |node: &&&Node| missing.contains(node.name.full());
    let names: Vec<&str> = nodes.iter().filter(is_missing).map(|node| node.name.short()).collect();
    let who = match names.len() {
        count if count > TOLD_AT_MOST => format!("{count} nodes"),
        _ => enumerated(&names),
    };
    format!("waiting up to {} for the answers of {who}", humantime::format_duration(limit))
}

fn not_read(site: &Site, error: &etcd::client::CallError) -> Failure {
    Failure::new(Exit::Unavailable, "cannot read what is on its way to nodes, and what they answer")
        .because(format!("etcd says: {error}"))
        .next(format!("see how the members are: {}", site.proposed("status")))
}

fn not_written(site: &Site, error: &etcd::client::CallError) -> Failure {
    Failure::new(Exit::Unavailable, "cannot write the bundles of nodes to etcd")
        .because(format!("etcd says: {error}"))
        .next(format!(
            "see how the members are: {}; then run the command again: it goes on where it stopped",
            site.proposed("status")
        ))
}

/// Those of the nodes whose bundles etcd has, and the others.
pub(crate) fn by_etcd<'n>(
    zone: &ZoneDirectory,
    nodes: impl IntoIterator<Item = &'n Node>,
) -> (Vec<&'n Node>, Vec<&'n Node>) {
    nodes.into_iter().partition(|node| BundleTransport::of(zone, node).is_etcd())
}
