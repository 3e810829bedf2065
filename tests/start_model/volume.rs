//! A data volume, and the log on it.

use std::hash::{Hash, Hasher};

use crate::state::Identity;

/// Entries of a log, at most: a step that would make it longer is not taken.
pub const LOG: usize = 9;
/// What a member of the cluster is called in a log: the node, and whether the cluster gave it a second id.
pub type MemberIndex = u8;

/// `model::plan::LogPosition` in small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    pub term: u8,
    pub commit: u8,
    pub last_term: u8,
    pub last_index: u8,
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
    /// There are files of etcd's, and no log: it ended before it had made one.
    pub files: bool,
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

    /// The first entries of a leader's log. What is known to be committed stays.
    pub fn take(&mut self, leader: &Self, length: u8) {
        let commit = self.commit;
        self.copy_log(leader);
        (self.commit, self.length) = (commit, length);
        self.entries[usize::from(length)..].fill(Entry::default());
    }

    /// The log of another, under the identity that is here.
    pub fn copy_log(&mut self, other: &Self) {
        let Self { nonce, identity, .. } = *self;
        *self = Self { nonce, identity, ..*other };
    }
}

impl Hash for Volume {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.nonce, self.identity, self.term, self.commit, self.files, self.published).hash(hasher);
        hasher.write_u8(self.length);
        self.log().iter().for_each(|entry| entry.hash(hasher));
    }
}
