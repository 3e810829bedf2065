//! What a node does with the bundles that wait for it in the zone's etcd: fetched, activated in the order of
//! their numbers, its member restarted where it needs that, and all of it told in a signed answer.
//!
//! What is read may have been written by any client. A bundle is sealed to this node and signed by the zone,
//! and none is activated that `activate` would refuse, or that this node has had.
//!
//! | module | what it holds |
//! |---|---|
//! | `fetch` | the bundles that are offered |
//! | `unreached` | why no member answers |
//! | `activation` | the bundles opened and activated |
//! | `answer` | what the node says of itself |
//! | `restart` | its member restarted, when it is its turn |
//! | `watch` | again and again, as bundles come |

mod activation;
mod answer;
mod fetch;
mod restart;
mod unreached;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

pub use watch::{Heard, WATCH_HEARTBEAT, watch};

use crate::restarted::RestartedMember;
use launch::activation::{NodeStore, restart_needed};
use model::error::{Exit, Failure, Result};
use model::formats::NotActivated;
use store::bundle::Identity;
use store::node_directory::{DeliveryKey, NodeDirectory};
use store::site::Site;
use store::zone_directory::CaPassphrase;

/// What a node is told of how to do it.
#[derive(Debug)]
pub struct NodeSync {
    /// Its local config.
    pub config: PathBuf,
    /// What opens its bundles; none if its own key does.
    pub identity: Option<Identity>,
    /// How long its member may take to come back, and another operation is waited for.
    pub timeout: Duration,
    /// Whether its member is restarted where it needs that.
    pub restarts: bool,
}

/// What came of it. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub struct Synced {
    /// The node, by its full name.
    pub node: String,
    pub zone: String,
    /// The number of the bundle in use.
    pub sequence: u64,
    /// The numbers of the bundles that were activated now.
    pub activated: Vec<u64>,
    /// Those that were offered above that in use, and refused.
    pub refused: Vec<NotActivated>,
    /// Whether the bundles were fetched from a member that was not verified.
    pub unverified: bool,
    /// Why the member that runs has to be restarted still.
    pub restart_reasons: Vec<String>,
    /// Its restart, if it was restarted now.
    pub restarted: Option<RestartedMember>,
    /// When its answer was written.
    #[serde(with = "time::serde::rfc3339::option")]
    pub answered_at: Option<OffsetDateTime>,
    /// When the first of its certificates expires.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// The revision of etcd when the bundles were read.
    #[serde(skip)]
    pub(crate) revision: i64,
    /// Why it is not done, with its exit code.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Whatever is there.
    Always,
    /// Unless the same was told within the hour.
    Changes,
}

impl NodeSync {
    /// Opens the directory of an activated node.
    ///
    /// # Errors
    /// It is not there, or that of something else.
    pub fn open(config: &Path) -> Result<Site> {
        let site = Site::open(None, Some(config), CaPassphrase::new(None, None)?)?;
        match &site {
            Site::Node(node) if node.is_activated() => Ok(site),
            _ => Err(Failure::new(Exit::Usage, "only an activated node has bundles that wait for it")
                .because("its local config was not made by a bundle")
                .next("name the local config of an activated node: --config NODE_DIR/node.json")),
        }
    }

    /// Does it once.
    ///
    /// # Errors
    /// Nothing could be fetched, or a bundle could not be kept. What fails after that is in the result.
    #[tracing::instrument(skip_all, name = "sync")]
    pub fn once(&self) -> Result<Synced> {
        self.once_telling(Telling::Always, None)
    }

    pub(crate) fn once_telling(
        &self,
        telling: Telling,
        next_sync_at: Option<OffsetDateTime>,
    ) -> Result<Synced> {
        let site = Self::open(&self.config)?;
        let had = newest_had(site.directory())?;
        let offered = fetch::offered(&site, had)?;
        let own = match self.identity {
            Some(_) => None,
            None => Some(DeliveryKey::of(&node_of(&site)?.paths)?),
        };
        let (unverified, revision) = (offered.unverified, offered.revision);
        let activated = activation::activate_all(&site, self.identity.as_ref(), own.as_ref(), offered)?;
        // Of which members there are, and whom they trust, the new bundle may say something else.
        let site = Self::open(&self.config)?;
        let directory = node_of(&site)?;
        let node = directory.node()?;
        let mut synced = Synced {
            node: node.name.full().to_owned(),
            zone: site.config().name.to_string(),
            sequence: 0,
            activated: activated.activated,
            refused: activated.refused,
            unverified,
            restart_reasons: restart_needed(&directory.paths),
            restarted: None,
            answered_at: None,
            expires_at: None,
            revision,
            failure: None,
        };
        let recipient = own.as_ref().map(|key| key.recipient().to_owned());
        let tell = |synced: &mut Synced, telling| -> Result<()> {
            let mut answer = answer::of(&site, synced)?;
            (answer.recipient, answer.next_sync_at) = (recipient.clone(), next_sync_at);
            (synced.sequence, synced.expires_at) = (answer.sequence, answer.expires_at);
            synced.answered_at = answer::put(&site, &answer, telling)?;
            Ok(())
        };
        let will_restart = self.restarts && node.member && !synced.restart_reasons.is_empty();
        // Who waits for the answer learns what the member lacks before it is restarted, and after.
        let mut failed = tell(&mut synced, telling).err();
        if will_restart {
            match restart::in_turn(&site, node, self.timeout) {
                Ok(restarted) => synced.restarted = restarted,
                Err(failure) => failed = failed.or(Some(failure)),
            }
            synced.restart_reasons = restart_needed(&directory.paths);
            if let Err(failure) = tell(&mut synced, Telling::Changes) {
                failed = failed.or(Some(failure));
            }
        }
        synced.failure = failed.or_else(|| activation::refusal(&synced.refused, node));
        Ok(synced)
    }
}

/// The public key that bundles for this node are sealed to, which is made if there is none.
///
/// # Errors
/// It cannot be read or made.
pub fn recipient_of(site: &Site) -> Result<String> {
    Ok(DeliveryKey::of(&node_of(site)?.paths)?.recipient().to_owned())
}

/// The number of the newest bundle that a node has had. One that the operator went back from is not activated
/// again.
fn newest_had(root: &Path) -> Result<u64> {
    let Some(store) = NodeStore::open(root)? else { return Ok(0) };
    let had = store.activated()?;
    Ok(had.iter().map(|each| each.manifest.sequence).max().unwrap_or_default())
}

/// The node directory, where only a node comes to.
fn node_of(site: &Site) -> Result<&NodeDirectory> {
    match site {
        Site::Node(node) => Ok(node),
        Site::Zone(_) => Err(Failure::internal("a zone directory is asked for what only a node has")),
    }
}
