//! What the members run now, by their own word.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::observer::Observer;
use crate::restart::member_of;
use live::LiveZone;
use model::config::{EtcdVersion, Node, NodeName};
use model::error::{Exit, Failure, Result};
use model::plan::{MinorVersion, PathError, is_due, next_version};
use store::zone_directory::ZoneDirectory;

/// For how long a member is waited for that does not answer: long enough for a restart.
const COMEBACK_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A member that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningVersion {
    /// Its node.
    pub node: NodeName,
    /// The etcd that it runs.
    pub version: EtcdVersion,
    /// The version of its storage, which follows that of the cluster; since 3.6.
    pub storage: Option<MinorVersion>,
}

/// Every member that is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningVersions {
    /// In the order of `zone.toml`.
    pub members: Vec<RunningVersion>,
}

impl RunningVersions {
    /// Asks every member. One that does not answer is waited for: it may have been restarted a moment ago.
    ///
    /// # Errors
    /// A member does not answer, or runs a version that this program does not drive.
    pub fn observe(observer: &Observer<'_>, zone: &ZoneDirectory) -> Result<(Self, LiveZone)> {
        let deadline = Instant::now() + COMEBACK_LIMIT;
        loop {
            let live = observer.observe()?;
            let members: Result<Vec<RunningVersion>> =
                zone.config.members().map(|node| running(&live, node, zone)).collect();
            let nobody_answers = live.members.iter().all(|member| member.status.is_err());
            match members {
                Ok(members) => return Ok((Self { members }, live)),
                Err(failure) if nobody_answers || Instant::now() > deadline => return Err(failure),
                Err(_) => sleep(PAUSE),
            }
        }
    }

    /// The versions.
    pub fn versions(&self) -> impl Iterator<Item = EtcdVersion> {
        self.members.iter().map(|member| member.version)
    }

    /// What a member runs.
    pub fn version_of(&self, node: &Node) -> Option<EtcdVersion> {
        self.members.iter().find(|member| member.node == node.name).map(|member| member.version)
    }

    /// The members as they are after a step: each that was due runs it.
    pub fn reach(&mut self, step: EtcdVersion) {
        let due = self.members.iter_mut().filter(|member| is_due(member.version, step));
        due.for_each(|member| member.version = step);
    }

    /// The version that comes next on the way to `target`, with the nodes whose members do not run it yet.
    ///
    /// # Errors
    /// There is no way by restarts alone.
    pub fn next<'z>(
        &self,
        zone: &'z ZoneDirectory,
        target: EtcdVersion,
    ) -> Result<Option<(EtcdVersion, Vec<&'z Node>)>, PathError> {
        let Some(step) = next_version(self.versions(), target)? else { return Ok(None) };
        let due = |node: &&Node| self.version_of(node).is_some_and(|version| is_due(version, step));
        Ok(Some((step, zone.config.members().filter(due).collect())))
    }

    /// Whether every member knows that the cluster has come to the oldest minor that one of them runs. Only
    /// 3.6 and later tell.
    pub fn has_settled(&self) -> bool {
        let Some(oldest) = self.versions().map(MinorVersion::from).min() else { return true };
        let tells = oldest >= MinorVersion::V3_6;
        !tells || self.members.iter().all(|member| member.storage.is_some_and(|storage| storage >= oldest))
    }
}

fn running(live: &LiveZone, node: &Node, zone: &ZoneDirectory) -> Result<RunningVersion> {
    let name = node.name.short();
    let unavailable = |why: &str| {
        Failure::new(Exit::Unavailable, format!("{name} does not answer: nothing tells which etcd it runs"))
            .because(why)
            .next(format!("see how the members are: {}", zone.proposed("status")))
    };
    let member = member_of(live, node).ok_or_else(|| unavailable("the cluster has no such member"))?;
    let status = member.status.as_ref().map_err(|why| unavailable(why))?;
    let version = EtcdVersion::parse_supported(&status.version).map_err(|error| {
        Failure::new(Exit::Configuration, format!("{name} runs an etcd that cannot be upgraded from here"))
            .because(&error)
            .next(format!("see how the members are: {}", zone.proposed("status")))
    })?;
    let storage = status.storage_version.as_deref().and_then(MinorVersion::parse);
    Ok(RunningVersion { node: node.name.clone(), version, storage })
}
