//! The durable writes of a start, as the model carries them out.

use model::plan::{Ids, LogPosition, Phase, Write};

use crate::state::{Identity, Node, Record, Stage};
use crate::volume::Position;

/// A write as the model carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nonce(u8),
    Record {
        stage: Stage,
        identity: Identity,
        joins: bool,
    },
    Note,
    RemoveNonce,
    /// Nothing that the model knows of.
    Nothing,
}

/// What a write changes in the model.
pub fn change(write: Write) -> Change {
    match write {
        Write::Nonce(nonce) => Change::Nonce(nonce.0 as u8),
        Write::State { ids, phase, joins } => Change::Record {
            stage: match phase {
                Phase::Committed => Stage::Committed,
                Phase::Attempted(nonce) => Stage::Attempted(nonce.0 as u8),
                Phase::Ran | Phase::Unknown => Stage::Ran,
            },
            identity: identity(ids),
            joins,
        },
        Write::Note(_) | Write::NoteAnew(_) => Change::Note,
        Write::RemoveNonce => Change::RemoveNonce,
        Write::DataDirectory | Write::SyncLog | Write::MoveDataAside => Change::Nothing,
    }
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Self::Nonce(_) => "writes the nonce",
            Self::Record { stage: Stage::Committed, .. } => "writes state.json: committed",
            Self::Record { stage: Stage::Attempted(_), .. } => "writes state.json: attempted",
            Self::Record { .. } => "writes state.json: ran",
            Self::Note => "notes how far its log is",
            Self::RemoveNonce => "removes the nonce",
            Self::Nothing => "writes nothing",
        }
    }

    /// Carries it out.
    pub fn apply<const N: usize>(self, node: &mut Node<N>) {
        match self {
            Self::Nonce(nonce) => node.volume.nonce = nonce,
            Self::RemoveNonce => node.volume.nonce = 0,
            Self::Record { stage, identity, joins } => {
                // A note is of one member.
                let note = node.record.note.filter(|_| node.record.identity == identity);
                node.record = Record { stage, identity, joins, note };
            }
            Self::Note => note(node),
            Self::Nothing => {}
        }
    }
}

/// A note is never lowered.
pub fn note<const N: usize>(node: &mut Node<N>) {
    let position = node.volume.position();
    let is_older = |noted| log_position(position).is_older_than(log_position(noted));
    if !node.record.note.is_some_and(is_older) {
        node.record.note = Some(position);
    }
}

/// Under which of its ids a node is meant: see [`crate::types`].
pub fn identity(ids: Ids) -> Identity {
    if ids.member.0 > 100 { Identity::Added } else { Identity::Founder }
}

pub fn log_position(position: Position) -> LogPosition {
    let Position { term, commit, last_term, last_index } = position;
    LogPosition {
        term: term.into(),
        commit: commit.into(),
        last_term: last_term.into(),
        last_index: last_index.into(),
    }
}
