//! Nodes reached where they are: in the zone directory, or by the command of `[access]`.

use std::time::Duration;

use time::OffsetDateTime;

use super::OPERATION;
use crate::access::{self, ReachRestarter};
use crate::config::Node;
use crate::error::Result;
use crate::operation_lock::{OperationLock, still_held};
use crate::rolling::{InPlace, Observer, Watch, restart_members};
use crate::rotation::Hands;
use crate::site::Site;
use crate::zone_directory::ZoneDirectory;

/// What reaches the nodes.
pub(super) struct ReachedHands<'h> {
    zone: &'h ZoneDirectory,
    observer: Observer<'h>,
    site: &'h Site,
    /// None on the way back from a CA with which the members could not be asked for it.
    lock: Option<OperationLock>,
    limit: Duration,
}

impl<'h> ReachedHands<'h> {
    /// `limit` is how long a member may take to come back.
    pub(super) fn new(
        site: &'h Site,
        zone: &'h ZoneDirectory,
        lock: Option<OperationLock>,
        limit: Duration,
    ) -> Self {
        Self { zone, observer: Observer::new(site), site, lock, limit }
    }
}

impl Hands for ReachedHands<'_> {
    fn may_go_on(&self) -> Result<()> {
        still_held(self.lock.as_ref())
    }

    fn deliver(&mut self, node: &Node, watch: &mut dyn Watch) -> Result<()> {
        self.may_go_on()?;
        access::deliver(self.zone, &[node], OffsetDateTime::now_utc(), self.lock.as_ref(), watch).map(drop)
    }

    fn restart(&mut self, nodes: &[&Node], watch: &mut dyn Watch) -> Result<()> {
        // Members that are to be restarted answer by now.
        let lock = match &mut self.lock {
            Some(lock) => lock,
            absent => absent.insert(OperationLock::take(self.site, OPERATION)?),
        };
        let in_place = InPlace { observer: self.observer, limit: self.limit, held: Some(lock) };
        let mut restarter = ReachRestarter { zone: self.zone, in_place };
        restart_members(&self.observer, nodes, &mut restarter, lock, watch, &mut Vec::new())
    }
}
