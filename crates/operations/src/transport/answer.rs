//! What a node answers that has activated a bundle, or gone back: the JSON of `activate --format json`.

use serde::Deserialize;

use launch::activation::{Change, Refusal};
use model::config::Node;
use model::foreign_text;
use model::formats::LearnedFrom;
use model::report;
use store::bundle::{BundleRecord, Recipient};
use store::zone_directory::{ZoneDirectory, ZoneLock};
use time::OffsetDateTime;

/// The answer. What a newer node adds to it is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ActivationAnswer {
    /// What it did.
    pub result: Change,
    /// Its full name.
    pub node: String,
    /// The name of its zone.
    pub zone: String,
    /// The generation in use.
    pub generation: u64,
    /// The generation before; none if nothing changed, or there was none.
    pub previous: Option<u64>,
    /// The number of the bundle in use.
    pub sequence: u64,
    /// SHA-256 of that bundle's manifest, hexadecimal.
    pub manifest_sha256: String,
    /// Why a member that runs there has to be restarted; empty if it need not.
    #[serde(default)]
    pub restart_reasons: Vec<String>,
    /// The key that bundles for it can be sealed to; none from an older version of this program.
    #[serde(default)]
    pub recipient: Option<String>,
}

impl ActivationAnswer {
    /// Reads what `activate --format json` printed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        foreign_text::json(bytes).map_err(|error| match Refusal::parse(bytes) {
            _ if bytes.iter().all(u8::is_ascii_whitespace) => "it is empty".to_owned(),
            Some(Refusal::VersionRefused { .. }) => {
                "the node has refused the bundle: its etcd must not run on the data there".to_owned()
            }
            Some(Refusal::Older(active)) => format!(
                "the node has refused the bundle: it has bundle {0}, so make one above that, with --above \
                 {0}",
                active.sequence
            ),
            Some(Refusal::OlderLists(_)) => {
                "the node has refused the bundle: it would let in again who was revoked".to_owned()
            }
            None => format!("it is not the JSON of an activation: {error}"),
        })
    }

    /// Has the key of the node recorded, which what carried the answer is believed to be the node's. What
    /// keeps it from being recorded does not undo what the node has.
    pub(super) fn record_recipient(
        &self,
        zone: &ZoneDirectory,
        held: &ZoneLock,
        node: &Node,
        from: LearnedFrom,
    ) {
        let key = self.recipient.as_deref().and_then(|key| Recipient::parse(key).ok());
        let Some(key) = key else { return };
        let recorded = zone.record_recipients(held, &[(node, key.as_str())], from, OffsetDateTime::now_utc());
        if let Err(failure) = recorded {
            report::warning(&format!("the key of {} is not recorded: {failure}", node.name.short()));
        }
    }

    /// Whether it is from this node.
    ///
    /// # Errors
    /// Whose it is instead.
    pub fn check_node(&self, node: &Node) -> Result<(), String> {
        match self.node == node.name.full() {
            true => Ok(()),
            false => Err(format!("it is the answer of {}", self.node)),
        }
    }

    /// Whether it says that this node has this bundle in use.
    ///
    /// # Errors
    /// What it says instead.
    pub fn check(&self, node: &Node, record: &BundleRecord) -> Result<(), String> {
        self.check_node(node)?;
        if self.sequence != record.sequence {
            return Err(format!("bundle {} is in use there, and not {}", self.sequence, record.sequence));
        }
        if self.manifest_sha256 != record.manifest_sha256 {
            return Err(format!("another bundle with the number {} is in use there", self.sequence));
        }
        Ok(())
    }
}
