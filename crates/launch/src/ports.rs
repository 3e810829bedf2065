//! Whether the sockets of a member can be bound.

use super::{Foresight, Launch};
use host::{self, OwnMember, PortFault};
use model::error::{Exit, Failure, Result};

/// How often the sockets are looked at while the process that has the node directory changes.
const LOOKS: usize = 5;

impl Launch<'_> {
    /// The listeners that cannot be bound once the process that has the node directory now has ended. Those
    /// of a member in another network namespace, and of one that is to be stopped and does not run, are not
    /// seen from here.
    pub(super) fn port_faults_after(&self, foresight: Foresight) -> Vec<PortFault> {
        let mut faults = Vec::new();
        for _ in 0..LOOKS {
            let occupant = host::occupant(&self.member.paths);
            let is_unseen = match &occupant {
                Some(occupant) => !host::shares_network(occupant.pid),
                None => foresight == Foresight::Stop,
            };
            if is_unseen {
                return Vec::new();
            }
            faults = self.port_faults(occupant.as_ref());
            // A member that is being restarted is another process in the next moment.
            if faults.is_empty() || host::occupant(&self.member.paths) == occupant {
                break;
            }
        }
        faults
    }

    /// The listeners that cannot be bound, but for those of `occupant`, which ends before the start.
    pub(super) fn port_faults(&self, occupant: Option<&OwnMember>) -> Vec<PortFault> {
        let mut faults = host::check_listeners(self.member.listeners());
        faults.retain(|fault| match fault {
            PortFault::InUse { address, owner } => {
                !occupant.is_some_and(|occupant| occupant.listens_at(address, owner.as_ref()))
            }
            PortFault::NotHere(_) | PortFault::Other { .. } => true,
        });
        faults
    }

    /// Refuses a start whose listeners cannot be bound.
    pub(super) fn refuse_ports(&self, faults: &[PortFault]) -> Result<()> {
        let Some(first) = faults.first() else { return Ok(()) };
        let (node, place) = (self.member.node.short(), self.site.place_to_correct());
        let next = match first {
            PortFault::InUse { owner: Some(owner), .. } => {
                format!("stop {owner}, or give {node} other ports in {place}")
            }
            PortFault::InUse { .. } => {
                format!("stop what listens there, or give {node} other ports in {place}")
            }
            PortFault::NotHere(_) => format!("run this on {node}, or correct its address in {place}"),
            PortFault::Other { .. } => format!("give {node} another address or port in {place}"),
        };
        let exit =
            if matches!(first, PortFault::InUse { .. }) { Exit::TryAgain } else { Exit::Configuration };
        let mut failure =
            Failure::new(exit, format!("{node} cannot listen where {} says", self.site.description()));
        failure.causes = faults.iter().map(ToString::to_string).collect();
        // One address serves both planes, so it can be wrong twice.
        failure.causes.dedup();
        Err(failure.next(next))
    }
}
