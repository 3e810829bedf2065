//! What may happen. An action says everything that it needs, so that a sequence can be run again without some
//! of its parts.

use std::fmt;

use crate::harness::draw::Draw;

/// The members.
pub const MEMBERS: [&str; 3] = ["n1", "n2", "n3"];
/// The node that makes its own keys, and has no member.
pub const OWN_KEYS: &str = "n4";
/// The clients that are not always there.
pub const CLIENTS: [&str; 2] = ["app", "backup"];

/// Who holds certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A node.
    Node(&'static str),
    /// A client.
    Client(&'static str),
}

#[derive(Clone, Debug)]
pub enum Action {
    Issue {
        holder: Holder,
        reinstate: bool,
    },
    IssueAll,
    Renew {
        holder: Holder,
        reinstate: bool,
    },
    RenewDue,
    Request {
        new_keys: bool,
    },
    Sign {
        reinstate: bool,
    },
    Bundle,
    Activate {
        node: &'static str,
        accept_older: bool,
    },
    RollBack {
        node: &'static str,
    },
    Revoke {
        holder: Holder,
    },
    RevokeSerial {
        node: &'static str,
        role: &'static str,
    },
    /// A rotation that is to go back waits for the zone's lock, which another command has that revokes.
    RevokeUnderRotation {
        client: &'static str,
    },
    RebuildLists {
        plane: &'static str,
    },
    AdoptList {
        node: &'static str,
        plane: &'static str,
    },
    /// Every node activates its bundle, restarts and answers; then the next stage.
    Rotate {
        root: bool,
    },
    RotateBack,
    /// The zone directory is copied, and both are worked with.
    Copy,
    /// On with the other copy.
    Other,
    Save,
    Restore,
    DaysPass {
        days: i64,
    },
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(name) => f.write_str(name),
            Self::Client(name) => write!(f, "client/{name}"),
        }
    }
}

impl Draw {
    fn holder(&mut self) -> Holder {
        match self.below(3) {
            0 => Holder::Client(self.of(&CLIENTS)),
            1 if self.one_in(4) => Holder::Client("health"),
            _ => Holder::Node(self.of(&MEMBERS)),
        }
    }

    pub fn action(&mut self) -> Action {
        match self.below(34) {
            0..=1 => Action::Issue { holder: self.holder(), reinstate: self.one_in(4) },
            2 => Action::IssueAll,
            3 => Action::Renew { holder: self.holder(), reinstate: self.one_in(4) },
            4..=5 => Action::RenewDue,
            6 => Action::Request { new_keys: self.one_in(2) },
            7 => Action::Sign { reinstate: self.one_in(4) },
            8..=10 => Action::Bundle,
            11..=14 => Action::Activate { node: self.of(&MEMBERS), accept_older: self.one_in(8) },
            15..=16 => Action::RollBack { node: self.of(&MEMBERS) },
            17..=18 => Action::Revoke { holder: self.holder() },
            19 => Action::Revoke { holder: Holder::Node(OWN_KEYS) },
            20..=21 => Action::RevokeSerial {
                node: self.of(&MEMBERS),
                role: self.of(&["peer", "server", "gateway", "client"]),
            },
            22 => Action::RevokeUnderRotation { client: self.of(&CLIENTS) },
            23 => Action::RebuildLists { plane: self.of(&["peer", "client"]) },
            24 => Action::AdoptList { node: self.of(&MEMBERS), plane: self.of(&["peer", "client"]) },
            25..=27 => Action::Rotate { root: self.one_in(4) },
            28 => Action::RotateBack,
            29 => Action::Copy,
            30 => Action::Other,
            31 => Action::Save,
            32 => Action::Restore,
            _ => Action::DaysPass { days: 1 + self.below(250) as i64 },
        }
    }
}
