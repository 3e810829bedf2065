//! One state of the model: what every node has on its disks, what its process does, and which faults may still happen.
//!
//! Everything is small numbers, so that millions of states fit in memory. What is left out is in `main.rs`.

use std::hash::{Hash, Hasher};

use crate::heard::Heard;

/// Entries of a log, at most: a step that would make it longer is not taken.
pub const LOG: usize = 9;
/// What a member of the cluster is called in a log: the node, and whether the cluster gave it a second id.
pub type MemberIndex = u8;

/// Under which id a log, or a start, is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Identity {
    /// There is none.
    #[default]
    Nobody,
    /// The id that follows from the zone description.
    Founder,
    /// The id that the cluster made up when the member was added.
    Added,
}

/// The last step in `state.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// There is no such file.
    #[default]
    Nothing,
    Committed,
    Attempted(u8),
    Ran,
}

/// `zone_etcd::plan::LogPosition` in small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    pub term: u8,
    pub commit: u8,
    pub last_term: u8,
    pub last_index: u8,
}

/// What is in the node directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    pub stage: Stage,
    pub identity: Identity,
    pub joins: bool,
    pub note: Option<Position>,
}

/// What an entry of a log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A leader was elected. The number tells one founding of the cluster from another.
    Elected(u8),
    /// A write that was acknowledged.
    Write(u8),
    /// Something that no majority ever had.
    Unheard,
    /// A member tells its client URLs: it has run.
    Published(MemberIndex),
    AddedLearner(MemberIndex),
    AddedVoter(MemberIndex),
    Promoted(MemberIndex),
    Removed(MemberIndex),
}

/// An entry of a log in two bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entry {
    pub term: u8,
    code: u8,
}

impl Entry {
    pub fn new(term: u8, says: Says) -> Self {
        let (kind, argument) = match says {
            Says::Elected(founding) => (0, founding),
            Says::Write(write) => (1, write),
            Says::Unheard => (2, 0),
            Says::Published(member) => (3, member),
            Says::AddedLearner(member) => (4, member),
            Says::AddedVoter(member) => (5, member),
            Says::Promoted(member) => (6, member),
            Says::Removed(member) => (7, member),
        };
        Self { term, code: kind << 4 | argument }
    }

    pub fn says(self) -> Says {
        let argument = self.code & 15;
        match self.code >> 4 {
            0 => Says::Elected(argument),
            1 => Says::Write(argument),
            2 => Says::Unheard,
            3 => Says::Published(argument),
            4 => Says::AddedLearner(argument),
            5 => Says::AddedVoter(argument),
            6 => Says::Promoted(argument),
            _ => Says::Removed(argument),
        }
    }
}

/// A data volume. Without an identity there is no log on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// 0 for none.
    pub nonce: u8,
    pub identity: Identity,
    pub term: u8,
    /// How many entries are known to be committed.
    pub commit: u8,
    pub length: u8,
    pub entries: [Entry; LOG],
    /// Members that have run, as far as no entry says so; one bit each.
    pub published: u16,
}

impl Volume {
    pub fn has_log(&self) -> bool {
        self.identity != Identity::Nobody
    }

    pub fn log(&self) -> &[Entry] {
        &self.entries[..usize::from(self.length)]
    }

    pub fn is_full(&self) -> bool {
        usize::from(self.length) == LOG
    }

    pub fn append(&mut self, says: Says) {
        self.entries[usize::from(self.length)] = Entry::new(self.term, says);
        self.length += 1;
    }

    pub fn holds(&self, write: u8) -> bool {
        self.has_log() && self.log().iter().any(|entry| entry.says() == Says::Write(write))
    }

    /// What raft compares in an election.
    pub fn last(&self) -> (u8, u8) {
        (self.log().last().map_or(0, |entry| entry.term), self.length)
    }

    pub fn position(&self) -> Position {
        let (last_term, last_index) = self.last();
        Position { term: self.term, commit: self.commit, last_term, last_index }
    }

    /// The log of another, under the identity that is here.
    pub fn copy_log(&mut self, other: &Self) {
        let Self { nonce, identity, .. } = *self;
        *self = Self { nonce, identity, ..*other };
    }
}

impl Hash for Volume {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.nonce, self.identity, self.term, self.commit, self.published).hash(hasher);
        hasher.write_u8(self.length);
        self.log().iter().for_each(|entry| entry.hash(hasher));
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Process {
    #[default]
    Down,
    /// A start, which may have the operator's word that its member never ran.
    Start {
        never_ran: bool,
    },
    /// A start that has made so many writes of this list of [`crate::real::Lists`].
    Writes {
        list: u16,
        done: u8,
    },
    /// A start that has written all and is about to become etcd.
    BecomesEtcd(Identity),
    Etcd {
        leads: bool,
    },
}

impl Process {
    pub fn is_etcd(self) -> bool {
        matches!(self, Self::Etcd { .. })
    }

    pub fn leads(self) -> bool {
        self == Self::Etcd { leads: true }
    }

    /// Whether a start is there, which answers the others.
    pub fn is_start(self) -> bool {
        !matches!(self, Self::Down | Self::Etcd { .. })
    }
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node<const N: usize> {
    pub record: Record,
    pub volume: Volume,
    /// An older copy of the volume, on a shelf.
    pub copy: Volume,
    pub process: Process,
    /// What the start has last heard of each node.
    pub heard: [Heard; N],
    /// Its etcd has run with a log. Nobody in the model knows; it tells a true word of the operator from a false one.
    pub ran: bool,
    /// A fault befell its disks.
    pub tampered: bool,
}

impl<const N: usize> Node<N> {
    /// The process ends, and with it what it knew.
    pub fn stop(&mut self) {
        self.process = Process::Down;
        self.forget();
    }

    pub fn forget(&mut self) {
        self.heard = [Heard::default(); N];
    }
}

impl<const N: usize> Default for Node<N> {
    fn default() -> Self {
        Self {
            record: Record::default(),
            volume: Volume::default(),
            copy: Volume::default(),
            process: Process::Down,
            heard: [Heard::default(); N],
            ran: false,
            tampered: false,
        }
    }
}

/// How often each thing may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    pub elections: u8,
    pub writes: u8,
    pub crashes: u8,
    pub wipes: u8,
    pub directories: u8,
    pub copies: u8,
    pub exchanges: u8,
    pub words: u8,
    pub notes: u8,
    pub appends: u8,
    /// Changes of the members of the cluster.
    pub changes: u8,
}

/// A state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State<const N: usize> {
    pub nodes: [Node<N>; N],
    pub left: Budget,
    /// So many writes were acknowledged.
    pub written: u8,
    /// So often the cluster was founded.
    pub foundings: u8,
}

impl<const N: usize> State<N> {
    pub fn new(left: Budget) -> Self {
        Self { nodes: [Node::default(); N], left, written: 0, foundings: 0 }
    }
}
