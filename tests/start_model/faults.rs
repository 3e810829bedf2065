//! What befalls nodes: crashes, and disks that are lost, copied and exchanged. That a connection is cut needs
//! no step: nobody has to be asked, or to be in a majority.

use crate::model::Model;
use crate::state::{Node, Process, Stage, State};
use crate::volume::Volume;
use crate::world::{Action, Successors};
use crate::writes::log_position;

impl<const N: usize> Model<N> {
    pub fn faults(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let (left, own) = (state.left, &state.nodes[node]);
        let tamper = |node: &mut Node<N>| node.tampered |= self.world.judges_refusals;
        if left.crashes > 0 && own.process != Process::Down {
            let mut next = *state;
            next.left.crashes -= 1;
            next.nodes[node].stop();
            if self.world.power_cuts {
                let volume = &mut next.nodes[node].volume;
                volume.commit = volume.commit.min(1);
            }
            found.push(Action::Crashes(node), next);
        }
        let is_new = matches!(own.process, Process::BecomesEtcd(_)) && !own.volume.has_log();
        if left.crashes > 0 && self.world.crashes_early && is_new {
            let mut next = *state;
            next.left.crashes -= 1;
            next.nodes[node].volume.files = true;
            next.nodes[node].stop();
            found.push(Action::CrashesWithoutLog(node), next);
        }
        if left.wipes > 0 && !(self.world.wipes_early && any_log_begun(state)) && *own != blank(own) {
            let mut next = *state;
            next.left.wipes -= 1;
            next.nodes[node] = blank(own);
            tamper(&mut next.nodes[node]);
            found.push(Action::IsWiped(node), next);
        }
        if left.directories > 0 {
            let mut next = *state;
            next.left.directories -= 1;
            next.nodes[node].record = Default::default();
            next.nodes[node].stop();
            tamper(&mut next.nodes[node]);
            found.push(Action::LosesNodeDirectory(node), next);
        }
        if left.copies > 0 && own.copy != own.volume && self.may_copy(own) {
            let mut next = *state;
            next.left.copies -= 1;
            next.nodes[node].copy = own.volume;
            found.push(Action::IsCopied(node), next);
        }
        if left.exchanges > 0 && own.copy != own.volume && self.may_exchange(own) {
            let mut next = *state;
            next.left.exchanges -= 1;
            let changed = &mut next.nodes[node];
            std::mem::swap(&mut changed.copy, &mut changed.volume);
            changed.stop();
            tamper(changed);
            found.push(Action::IsExchanged(node, own.copy.has_log()), next);
        }
    }

    /// Not within an attempt: that takes a copy in the seconds between the nonce and etcd's first write,
    /// which is later put back.
    fn may_copy(&self, node: &Node<N>) -> bool {
        let attempts = matches!(node.record.stage, Stage::Attempted(_))
            || matches!(node.process, Process::Writes { .. });
        node.volume.has_log()
            || node.volume.nonce == 0
            || (self.world.rule.writes_nonce_at_commit() && !attempts)
    }

    /// The copies that are promised to be found out: without a log, or older than the note. A copy that is
    /// younger is beyond the promise, unless nothing is ever noted.
    fn may_exchange(&self, node: &Node<N>) -> bool {
        let older_than_noted = || {
            let position = log_position(node.copy.position());
            node.record.note.is_some_and(|noted| position.is_older_than(log_position(noted)))
        };
        let takes_log_for_none = node.record.stage != Stage::Ran && !node.volume.has_log();
        !node.copy.has_log() || self.world.rule.notes_nothing() || older_than_noted() || takes_log_for_none
    }
}

/// A new disk, and the first bundle again.
fn blank<const N: usize>(of: &Node<N>) -> Node<N> {
    Node { copy: of.copy, ran: of.ran, tampered: of.tampered, ..Node::default() }
}

fn any_log_begun<const N: usize>(state: &State<N>) -> bool {
    let begun = |volume: &Volume| volume.has_log();
    state.nodes.iter().any(|node| {
        begun(&node.volume) || begun(&node.copy) || matches!(node.process, Process::BecomesEtcd(_))
    })
}
