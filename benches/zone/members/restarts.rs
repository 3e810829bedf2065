//! Members that are restarted while they have clients.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{By, Members, Planned, Running, wait_for_notification};
use crate::Result;

/// Members that run.
pub struct Started<'m> {
    pub(super) members: &'m Members,
    pub(super) by: By,
    pub(super) planned: &'m [Planned],
    pub(super) running: Running,
}

impl Started<'_> {
    /// Stops one after another, the leader last, as a service manager does, and starts it again. The next has
    /// its turn once it answers.
    pub fn restart_in_turn(&mut self) -> Result<()> {
        let mut order: Vec<usize> = (0..self.planned.len()).collect();
        let leads = |index: &usize| -> Result<bool> {
            let client = self.members.client(&self.planned[*index].url)?;
            let status = self.members.runtime.block_on(client.status())?;
            Ok(status.header.is_some_and(|header| header.member_id == status.leader))
        };
        let leading = order.iter().map(leads).collect::<Result<Vec<bool>>>()?;
        order.sort_by_key(|index| leading[*index]);
        order.into_iter().try_for_each(|index| self.restart(&[index]))
    }

    /// Stops all, and starts them again.
    pub fn restart_at_once(&mut self) -> Result<()> {
        let all: Vec<usize> = (0..self.planned.len()).collect();
        self.restart(&all)
    }

    fn restart(&mut self, which: &[usize]) -> Result<()> {
        for index in which {
            kill(Pid::from_raw(self.running.0[*index].id().try_into()?), Signal::SIGTERM)?;
        }
        for index in which {
            self.running.0[*index].wait()?;
        }
        for index in which {
            self.running.0[*index] = self.members.start(self.by, &self.planned[*index])?;
        }
        for index in which {
            let member = &self.planned[*index];
            wait_for_notification(member)?;
            self.members.wait_for_answer(&member.node, &self.members.client(&member.url)?)?;
        }
        Ok(())
    }
}
