//! One state of the model: what every node has on its disks, what its process does, and which faults may
//! still happen.
//!
//! Everything is small numbers, so that millions of states fit in memory. What is left out is in `main.rs`.

use crate::heard::Heard;
use crate::volume::{Position, Volume};

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

/// What is in the node directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    pub stage: Stage,
    pub identity: Identity,
    pub joins: bool,
    pub note: Option<Position>,
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
    /// Its etcd has run with a log. Nobody in the model knows; it tells a true word of the operator from a
    /// false one.
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
    /// What a leader appends and no other has.
    pub appends: u8,
    /// A follower gets the log of a leader without a majority.
    pub sends: u8,
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
    /// So often the cluster was bootstrapped.
    pub foundings: u8,
}

impl<const N: usize> State<N> {
    pub fn new(left: Budget) -> Self {
        Self { nodes: [Node::default(); N], left, written: 0, foundings: 0 }
    }
}
