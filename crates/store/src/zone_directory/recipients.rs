//! `recipients.jsonl`: which key the bundles of a node are sealed to where etcd has them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use zone_pki::{RecordLog, whole_seconds};

use super::{ZoneDirectory, ZoneLock, log_failure};
use model::config::Node;
use model::error::Result;
use model::formats::{LearnedFrom, RecipientRecord};

/// The keys that were recorded.
#[derive(Debug, Default)]
pub struct Recipients(HashMap<String, RecipientRecord>);

/// What was read, until something is added.
#[derive(Debug, Default)]
pub(super) struct RecipientsRead(Mutex<Option<Arc<Recipients>>>);

impl Recipients {
    /// The key of a node that counts, and who told it.
    pub fn of(&self, node: &Node) -> Option<(&str, &RecipientRecord)> {
        let record = self.0.get(node.name.full())?;
        Some((record.recipient.as_deref()?, record))
    }
}

impl ZoneDirectory {
    /// The keys that bundles are sealed to, as they were recorded when they were first asked for here, or
    /// last added to.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn recipients(&self) -> Result<Arc<Recipients>> {
        let mut read = self.recipients.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recipients) = &*read {
            return Ok(Arc::clone(recipients));
        }
        let path = self.paths.recipient_log();
        let failure = |error| log_failure(&path, &error, "nothing was changed");
        let mut recipients = HashMap::new();
        RecordLog::<RecipientRecord>::open(&path)
            .and_then(|log| {
                log.for_each(|record| {
                    recipients.insert(record.node.clone(), record);
                })
            })
            .map_err(failure)?;
        Ok(Arc::clone(read.insert(Arc::new(Recipients(recipients)))))
    }

    /// Records the keys of nodes that differ from those that are recorded, each as
    /// [`Recipient`](crate::bundle::Recipient) writes it.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn record_recipients(
        &self,
        _held: &ZoneLock,
        learned: &[(&Node, &str)],
        from: LearnedFrom,
        now: OffsetDateTime,
    ) -> Result<()> {
        let learned = learned.iter().map(|(node, key)| (*node, Some(*key)));
        self.append_recipients(learned, from, now)
    }

    /// Has the keys of nodes count no more: what they get next is not sealed to what a thief may have.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub(in crate::zone_directory) fn forget_recipients<'n>(
        &self,
        _held: &ZoneLock,
        nodes: impl Iterator<Item = &'n Node>,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.append_recipients(nodes.map(|node| (node, None)), LearnedFrom::Reinstated, now)
    }

    fn append_recipients<'n>(
        &self,
        keys: impl Iterator<Item = (&'n Node, Option<&'n str>)>,
        from: LearnedFrom,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.recipients.forget();
        let known = self.recipients()?;
        let is_new = |(node, key): &(&Node, Option<&str>)| known.of(node).map(|(known, _)| known) != *key;
        let record = |(node, key): (&Node, Option<&str>)| RecipientRecord {
            node: node.name.full().to_owned(),
            recipient: key.map(str::to_owned),
            learned_from: from,
            at: whole_seconds(now),
        };
        let records: Vec<RecipientRecord> = keys.filter(is_new).map(record).collect();
        if records.is_empty() {
            return Ok(());
        }
        let path = self.paths.recipient_log();
        let written = RecordLog::open(&path).and_then(|log| log.append(&records));
        self.recipients.forget();
        written.map_err(|error| log_failure(&path, &error, "the keys were not recorded"))
    }
}

impl RecipientsRead {
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
