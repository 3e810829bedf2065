//! Nodes whose bundles the zone's etcd has: sealed to the node and signed, so that etcd is believed nothing.
//! It can keep a bundle back, and that is seen: no answer comes.
//!
//! | module | what it holds |
//! |---|---|
//! | `outbox` | bundles written to etcd, each in one transaction with its number |
//! | `answers` | what the nodes have signed: read, verified, waited for |
//! | `learning` | the keys of nodes, from what they have signed |
//! | `not_answered` | who has not answered, and what the operator is told |
//! | `round` | a round: everything made, written and answered, for many nodes at once |

mod answers;
mod learning;
mod not_answered;
mod outbox;
mod round;

pub use answers::{Answers, HeardNode};
pub use learning::learn_recipients;
pub use not_answered::NotAnswered;
pub use round::EtcdRound;
pub(crate) use round::{Prepare, Rounds, by_etcd, withdraw};

use model::config::{AccessMethod, Node};
use model::formats::LearnedFrom;
use store::bundle::Recipient;
use store::zone_directory::ZoneDirectory;

/// The key that the bundles of a node are sealed to, if etcd has them: the node has a key of its own and a
/// certificate to read them with. The first bundle comes to it by another way.
pub(super) fn recipient_of(zone: &ZoneDirectory, node: &Node) -> Option<Recipient> {
    let first = *zone.config.access.as_ref()?.methods(node).first()?;
    if first != AccessMethod::Etcd || zone.runs_here(node) {
        return None;
    }
    let recipients = zone.recipients().ok()?;
    let (recipient, record) = recipients.of(node)?;
    let had_bundle = match record.learned_from {
        LearnedFrom::Answer | LearnedFrom::Command | LearnedFrom::File => true,
        LearnedFrom::Request | LearnedFrom::Operator | LearnedFrom::Reinstated => {
            zone.has_bundled(node.name.short())
        }
    };
    Recipient::parse(recipient).ok().filter(|_| had_bundle)
}
