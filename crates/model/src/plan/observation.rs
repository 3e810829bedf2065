//! What a start decision rests on, as it was observed here.

use time::{Duration, OffsetDateTime};

use super::clock::is_behind;
use super::cluster::{EtcdId, PeerUrl};
use super::disk_state::{DiskState, LocalState, SaidOfData, local_state};
use super::ids::Ids;
use super::peers::LauncherShows;
use super::refusal::Refusal;
use crate::config::EtcdVersion;

/// All that the decision rests on, but for what the others say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What the disks hold.
    pub disk: DiskState,
    /// What the operator says of the data.
    pub said: SaidOfData,
    /// What the operator says of the zone.
    pub words: FoundingWords,
    /// The ids that follow from the zone description.
    pub predicted: Ids,
    /// Where the other members reach this one, after the zone description.
    pub peer_url: PeerUrl,
    /// The cluster that other nodes of the zone have run, if it is not the predicted one and their
    /// directories are here.
    pub founded: Option<EtcdId>,
    /// The zone has no other member.
    pub alone: bool,
    /// The former name of the node, if this one's member has run under it.
    pub ran_as: Option<String>,
    /// The data says that its member was removed from the cluster.
    pub removed: bool,
    /// The data says that its member has taken part: the cluster has agreed to its client URLs.
    pub has_taken_part: bool,
    /// The version of the etcd that would be started.
    pub etcd_version: EtcdVersion,
    /// Whether the activation lets this node's member bootstrap the cluster.
    pub right: RightToBootstrap,
    /// The cluster that the zone has since it was restored.
    pub restored: Option<EtcdId>,
}

impl Observation {
    /// What the disks show, with what the operator says of them.
    ///
    /// # Errors
    /// As [`local_state`].
    pub fn local_state(&self) -> Result<LocalState, Refusal> {
        if let (Some(restored), Some(found)) = (self.restored, self.disk.data.ids())
            && found.cluster != restored
            && !self.said.set_aside
        {
            return Err(Refusal::BeforeRestore { found, restored });
        }
        local_state(&self.disk, self.said, self.predicted, self.alone)
    }

    /// Whether the member was to join a cluster that runs. Who joins founds none.
    pub fn joins(&self) -> bool {
        self.disk.past.is_some_and(|past| past.joins)
    }

    /// What the other members are told of it. A commit to another cluster, or to join one, counts for
    /// nothing.
    pub fn shows_to_others(&self) -> LauncherShows {
        let founds = |ids| ids == self.predicted && !self.joins();
        match self.local_state() {
            Ok(LocalState::Log(_)) => LauncherShows::Log,
            Ok(LocalState::Committed(ids)) if founds(ids) => LauncherShows::Committed,
            Ok(LocalState::Attempted(ids)) if founds(ids) => LauncherShows::Attempted,
            Ok(LocalState::Nothing | LocalState::Committed(_) | LocalState::Attempted(_)) => {
                LauncherShows::Nothing
            }
            Ok(LocalState::Lost(_)) | Err(_) => LauncherShows::Lost,
        }
    }
}

/// What is known of the founding beyond what this node and the others have, for one start. What the operator
/// says of it is safe if it is true; false, it bootstraps the cluster a second time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundingWords {
    /// `--found-without NODE`, short names: these have never run.
    pub without: Vec<String>,
    /// `--never-ran`: this node has never run, although its cluster was bootstrapped.
    pub never_ran: bool,
    /// This start has written the entry of the member into a registry, where there was none: a member by this
    /// id writes it before it runs, so there was no such member before. It is no word, and needs none.
    pub is_first_registration: bool,
}

/// Whether a member may bootstrap the cluster, as far as who activated its node has a say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightToBootstrap {
    /// It may.
    Given,
    /// Its bundle said so, and is from then. A machine that is rebuilt with the bundle it began with does not
    /// know that it has voted.
    Lapsed(OffsetDateTime),
    /// Its bundle said so, and is from a time that this machine's clock has not come to: it tells nothing of
    /// how old the right is.
    ClockBehind {
        /// When the bundle was made.
        issued: OffsetDateTime,
        /// What the clock says.
        now: OffsetDateTime,
    },
    /// It may not: a bundle that was made for a node after its first one does not say so, since the machine
    /// that had the first may have voted.
    Withheld,
}

/// For how long a bundle lets its member bootstrap the cluster: long enough to carry it to its machine, short
/// enough that it is worth nothing once the zone has been at work.
pub const BOOTSTRAP_LASTS: Duration = Duration::days(30);

impl RightToBootstrap {
    /// What is left of the right that a bundle gave.
    pub fn given_at(issued: OffsetDateTime, now: OffsetDateTime) -> Self {
        match now - issued {
            _ if is_behind(now, issued) => Self::ClockBehind { issued, now },
            age if age > BOOTSTRAP_LASTS => Self::Lapsed(issued),
            _ => Self::Given,
        }
    }
}
