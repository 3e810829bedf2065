//! Nodes that have not answered what they were to, and what the operator is told of them.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use zone_pki::instant;

use super::answers::HeardNode;
use model::config::{Node, NodeName};
use model::error::{Exit, Failure};

/// Names that are told; the rest is counted.
pub(super) const TOLD_AT_MOST: usize = 5;

/// A node that has not answered what it was to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnswered {
    /// The node.
    pub node: NodeName,
    /// The number of the bundle that etcd has for it.
    pub sequence: u64,
    /// When it was heard last, and the number of the bundle that it had then.
    pub last: Option<(OffsetDateTime, u64)>,
    /// Why it has refused the bundle, if it has.
    pub refused: Option<String>,
    /// Why etcd does not have the bundle, if it could not be written.
    pub not_put: Option<String>,
    /// Why what is in etcd in its name is not believed, if it is not.
    pub fault: Option<String>,
}

impl NotAnswered {
    /// One that is to have the bundle `sequence` in use, and has said this.
    pub(super) fn of(node: &Node, sequence: u64, heard: Option<&HeardNode>) -> Self {
        let refused = heard.and_then(|heard| heard.refused.as_ref());
        Self {
            node: node.name.clone(),
            sequence,
            last: heard.map(|heard| (heard.at, heard.sequence)),
            refused: refused.filter(|(of, _)| *of == sequence).map(|(_, why)| why.clone()),
            not_put: None,
            fault: None,
        }
    }

    /// For the operator.
    pub fn told(&self) -> String {
        let name = self.node.short();
        if let Some(why) = &self.not_put {
            return format!("{name}: {why}");
        }
        if let Some(why) = &self.fault {
            return format!("{name}: what is in etcd in its name is not believed: {why}");
        }
        match (&self.refused, &self.last) {
            (Some(why), _) => format!("{name} has refused bundle {}: {why}", self.sequence),
            (None, Some((_, number))) if *number > self.sequence => {
                format!("{name} has bundle {number} by now, which another command has brought")
            }
            (None, Some((at, number))) => {
                format!("{name} was last heard at {}, with bundle {number} in use", instant(*at))
            }
            (None, None) => format!("{name} was never heard"),
        }
    }
}

/// What is to be told of nodes that have not answered, but for those that the operator has left out.
pub(super) fn failure(not_answered: &[NotAnswered], without: &BTreeSet<String>) -> Option<Failure> {
    let is_awaited = |missing: &&NotAnswered| !without.contains(missing.node.short());
    let missing: Vec<&NotAnswered> = not_answered.iter().filter(is_awaited).collect();
    let (first, count) = (missing.first()?, missing.len());
    let what = match count {
        1 => format!("{} has not answered that it has what is new", first.node.short()),
        _ => format!("{count} nodes have not answered that they have what is new"),
    };
    let mut failure = Failure::new(Exit::Unavailable, what);
    for missing in missing.iter().take(TOLD_AT_MOST) {
        failure = failure.because(missing.told());
    }
    if count > TOLD_AT_MOST {
        failure = failure.because(format!("and {} more", count - TOLD_AT_MOST));
    }
    let names: Vec<&str> = missing.iter().map(|missing| missing.node.short()).collect();
    let without = match count <= TOLD_AT_MOST {
        true => format!("--without {}", names.join(",")),
        false => "--without NODE,NODE".to_owned(),
    };
    let first = match missing.iter().all(|missing| missing.not_put.is_some()) {
        true => "fix that, and run the command again",
        false => "etcd has it for them: they take it when they ask next. Then run the command again",
    };
    Some(failure.next(format!("{first}; or at once with {without}, to go on without their answers")))
}
