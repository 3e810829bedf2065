//! What is said and judged where members are interrupted: for a restart, or for something else.

use super::gates::{GateCluster, Meanwhile, SeenFrom};
use crate::interruption::Interruption;
use crate::operation::Operation;
use live::LiveZone;

impl Operation<'_> {
    /// What is said where it does not come to that.
    pub(super) fn not_done(&self, name: &str) -> String {
        match self.interruption {
            Interruption::Restart => format!("{name} is not restarted"),
            Interruption::Defragmentation => format!("{name} is not defragmented"),
        }
    }

    /// What becomes of requests, if they are not simply taken by the others.
    pub(super) fn meanwhile(&self, live: &LiveZone, meanwhile: Meanwhile) -> Option<&'static str> {
        match (self.interruption, meanwhile) {
            (_, Meanwhile::TakesRequests) => None,
            (Interruption::Restart, Meanwhile::TakesNone) => Some("the cluster takes no requests"),
            (Interruption::Defragmentation, Meanwhile::TakesNone) => {
                let voters = live.members.iter().filter(|member| member.is_voter()).count();
                (voters == 1).then_some("requests wait")
            }
        }
    }

    /// What the gates judge.
    pub(super) fn gate_cluster(&self, live: &LiveZone, from: SeenFrom) -> GateCluster {
        let cluster = GateCluster::of(live, from);
        if self.despite_no_space { cluster.despite_no_space() } else { cluster }
    }
}
