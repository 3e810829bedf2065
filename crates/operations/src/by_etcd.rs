//! What an operation does where etcd has the bundles of nodes.

use std::time::{Duration, Instant};

use crate::lock::OperationLock;
use crate::operation::Operation;
use crate::transport::etcd_delivery::{self, EtcdRound, Prepare, Rounds};
use crate::transport::{BundleTransport, Wanted};
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Result};
use model::report;
use store::site::Site;

/// Between two tries to take a lock again.
const PAUSE: Duration = Duration::from_millis(250);

impl Operation<'_> {
    /// Gives its lock up while nodes take what etcd has for them, and restart their members by themselves.
    /// Returns whether it had it.
    pub(crate) fn release_lock(&mut self) -> bool {
        self.lock.take().is_some()
    }

    /// Takes a lock that was given up, once the node that restarts its member is done with it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub(crate) fn take_again(&mut self, was_held: bool) -> Result<()> {
        let deadline = Instant::now() + self.limit;
        while was_held && self.lock.is_none() {
            match OperationLock::take(self.site(), self.name()) {
                Ok(lock) => self.lock = Some(lock),
                // A leader that was restarted just now is replaced in a moment.
                Err(failure)
                    if matches!(failure.exit, Exit::TryAgain | Exit::Unavailable)
                        && Instant::now() < deadline =>
                {
                    std::thread::sleep(PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Brings a node what the zone has for it that restarts its member by itself, and waits until that is
    /// seen, or the time is over. The lock is for the node meanwhile.
    ///
    /// # Errors
    /// As [`deliver`](Self::deliver).
    pub fn deliver_and_await(&mut self, node: &Node, is_seen: impl Fn(&LiveZone) -> bool) -> Result<()> {
        let released = self.release_lock();
        let delivered = self.deliver(node).and_then(|_| {
            let deadline = Instant::now() + self.limit;
            while !is_seen(&self.observer.observe()?) && Instant::now() < deadline {
                std::thread::sleep(PAUSE);
            }
            Ok(())
        });
        delivered?;
        self.take_again(released)
    }

    /// Brings nodes whose bundles etcd has what the zone has for them, and waits for their answers.
    ///
    /// # Errors
    /// A bundle cannot be made, or no member takes it. A node that does not answer is no error.
    pub(crate) fn etcd_round(
        &self,
        nodes: &[&Node],
        wanted: &Wanted,
        prepare: &mut Prepare<'_>,
    ) -> Result<EtcdRound> {
        let still_held = || self.still_held();
        let (site, limit, without) = (self.site(), self.limit, &self.without);
        Rounds { site, limit, without, still_held: &still_held }.run(nodes, wanted, prepare)
    }

    /// Removes what etcd has for a node that is to get nothing more. It may not be reached by then; what is
    /// left there opens nothing that the node did not have.
    pub(crate) fn withdraw(&self, node: &Node) {
        if self.site().config().access.is_none() {
            return;
        }
        if let Err(failure) = etcd_delivery::withdraw(self.site(), node) {
            report::warning(&format!("etcd may have a bundle for {} still: {failure}", node.name.short()));
        }
    }

    /// Whether etcd has the bundles of a node.
    pub fn delivers_by_etcd(&self, node: &Node) -> bool {
        match self.site() {
            Site::Zone(zone) => BundleTransport::of(zone, node).is_etcd(),
            Site::Node(_) => false,
        }
    }
}
