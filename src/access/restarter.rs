//! Members restarted where they are: in place if they run from the zone directory, else by the command of `[access]`.

use super::{Access, by_hand};
use crate::config::Node;
use crate::error::Result;
use crate::operation_lock::still_held;
use crate::rolling::{Event, InPlace, RestartedMember, Restarter, Watch, make_ready};
use crate::zone_directory::ZoneDirectory;

/// Restarts members, whatever way leads to them.
#[derive(Debug)]
pub struct ReachRestarter<'z> {
    /// The zone.
    pub zone: &'z ZoneDirectory,
    /// Those whose member runs from here.
    pub in_place: InPlace<'z>,
}

impl Restarter for ReachRestarter<'_> {
    fn refuse(&mut self, node: &Node) -> Result<()> {
        match Access::of(self.zone, node) {
            Access::Here => self.in_place.refuse(node),
            Access::Command(command) => command.refuse_restart(),
            Access::ByHand => Err(by_hand::no_command(self.zone, node)),
        }
    }

    fn restart(&mut self, node: &Node, watch: &mut dyn Watch) -> Result<RestartedMember> {
        let command = match Access::of(self.zone, node) {
            Access::Here => return self.in_place.restart(node, watch),
            Access::Command(command) => command,
            Access::ByHand => return Err(by_hand::no_command(self.zone, node)),
        };
        let name = node.name.short().to_owned();
        // With authentication, `admin` may move leadership and compare data, and the node may not.
        let ready = make_ready(&self.in_place.observer, node, self.in_place.held, watch)?;
        still_held(self.in_place.held)?;
        watch.event(Event::Restarting { node: name.clone() });
        let mut restarted = command.restart()?;
        if let Some(to) = &restarted.leadership_moved_to {
            watch.event(Event::LeaderMoved { from: name.clone(), to: to.clone() });
        }
        restarted.leadership_moved_to = ready.leadership_moved_to.or(restarted.leadership_moved_to);
        watch.event(Event::Restarted { node: name, took: restarted.took() });
        Ok(restarted)
    }
}
