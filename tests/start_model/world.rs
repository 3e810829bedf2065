//! What is tried in one search: rules, faults and what may go on in the cluster.

use std::fmt;

use crate::rules::Rule;
use crate::state::{Budget, State};

/// Which words the operator may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// `--never-ran`, of members that never ran, as often as it is asked for.
    NeverRan,
    /// `--found-without` too, of members that never ran.
    True,
    /// Both, of any member.
    AlsoFalse,
}

/// One search.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub rule: Rule,
    pub budget: Budget,
    /// The first so many nodes bootstrap the cluster. The others are added later.
    pub founders: usize,
    /// An election replicates nothing: whether a leader lacks a write is judged at the next one that is
    /// acknowledged.
    pub elections_alone: bool,
    /// A leader publishes all members that run with its election.
    pub publishes_at_once: bool,
    /// The cluster runs already, and its members change.
    pub members_change: bool,
    /// Members are added with a vote.
    pub adds_voters: bool,
    /// Learners are promoted before they have published.
    pub promotes_early: bool,
    /// A crash is a power cut: what etcd knew to be committed, and had not synced, is forgotten.
    pub power_cuts: bool,
    /// Who has its log hears the others too, and may be kept from going on by what they say.
    pub logs_ask: bool,
    /// etcd, too, may crash before it has made its log: it has made a directory and a database by then.
    pub crashes_early: bool,
    /// A wipe happens only before any etcd was started.
    pub wipes_early: bool,
    /// An untouched node that is refused is a fault too.
    pub judges_refusals: bool,
    pub words: Words,
}

impl World {
    pub fn new(rule: Rule, founders: usize, budget: Budget) -> Self {
        Self {
            rule,
            budget,
            founders,
            elections_alone: false,
            publishes_at_once: false,
            members_change: false,
            adds_voters: false,
            promotes_early: false,
            power_cuts: false,
            logs_ask: false,
            crashes_early: false,
            wipes_early: false,
            judges_refusals: true,
            words: Words::True,
        }
    }

    /// Who the members are, and which have run, is told by entries of the log, and a follower learns after
    /// the leader what is committed. Otherwise what is published goes with a log, and can be behind in more
    /// ways than in raft.
    pub fn entries_tell(&self) -> bool {
        self.members_change || self.logs_ask
    }

    /// One bit for each founding member.
    pub fn founders(&self) -> u16 {
        (0..self.founders).fold(0, |mask, node| mask | 1 << (2 * node))
    }
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Starts(usize),
    Hears(usize, usize, &'static str),
    Decides(usize, &'static str),
    Writes(usize, &'static str),
    Becomes(usize),
    SaysNeverRan(usize),
    SaysFoundWithout(usize, usize),
    Crashes(usize),
    CrashesWithoutLog(usize),
    IsWiped(usize),
    LosesNodeDirectory(usize),
    IsCopied(usize),
    IsExchanged(usize, bool),
    Notes(usize),
    IsElected(usize, u32),
    Acknowledges(usize, u32),
    Publishes(usize, u32),
    AppendsAlone(usize),
    CatchesUp(usize, usize),
    LearnsOfCommit(usize, usize),
    Adds(usize, usize),
    Promotes(usize, usize),
    Removes(usize, u8),
}

struct Nodes(u32);

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            (0..32).filter(|node| self.0 >> node & 1 == 1).map(|node| format!("n{}", node + 1)).collect();
        f.write_str(&names.join(" and "))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |node: usize| format!("n{}", node + 1);
        match *self {
            Self::Starts(n) => write!(f, "{} starts", name(n)),
            Self::Hears(n, of, what) => write!(f, "{} hears from {}: {what}", name(n), name(of)),
            Self::Decides(n, what) => write!(f, "{} decides to {what}", name(n)),
            Self::Writes(n, what) => write!(f, "{} {what}", name(n)),
            Self::Becomes(n) => write!(f, "{} becomes etcd", name(n)),
            Self::SaysNeverRan(n) => write!(f, "the operator says that {} never ran", name(n)),
            Self::SaysFoundWithout(n, of) => {
                write!(f, "the operator lets {} found without {}", name(n), name(of))
            }
            Self::Crashes(n) => write!(f, "{} crashes", name(n)),
            Self::CrashesWithoutLog(n) => write!(f, "{} crashes before etcd has made its log", name(n)),
            Self::IsWiped(n) => write!(f, "{} is wiped and activated again with its first bundle", name(n)),
            Self::LosesNodeDirectory(n) => write!(f, "{} loses its node directory, not its data", name(n)),
            Self::IsCopied(n) => write!(f, "the data volume of {} is copied", name(n)),
            Self::IsExchanged(n, log) => {
                let what = if log { "an older log" } else { "no log" };
                write!(f, "the data volume of {} is exchanged with its copy ({what})", name(n))
            }
            Self::Notes(n) => write!(f, "{} notes how far its log is", name(n)),
            Self::IsElected(n, by) => write!(f, "{} is elected by {}", name(n), Nodes(by)),
            Self::Acknowledges(n, on) => {
                write!(f, "{} acknowledges a write, which is on {}", name(n), Nodes(on))
            }
            Self::Publishes(n, who) => write!(f, "{} publishes {}", name(n), Nodes(who)),
            Self::AppendsAlone(n) => write!(f, "{} appends what nobody else gets", name(n)),
            Self::CatchesUp(n, with) => write!(f, "{} catches up with {}", name(n), name(with)),
            Self::LearnsOfCommit(n, from) => {
                write!(f, "{} learns from {} what is committed", name(n), name(from))
            }
            Self::Adds(n, node) => write!(f, "{} adds a member at {}", name(n), name(node)),
            Self::Promotes(n, node) => write!(f, "{} promotes the member at {}", name(n), name(node)),
            Self::Removes(n, member) => {
                let which = if member % 2 == 0 { "founding" } else { "added" };
                write!(f, "{} removes the {which} member at {}", name(n), name(usize::from(member / 2)))
            }
        }
    }
}

/// What must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// A leader has not got an acknowledged write that a disk, or a copy of one, still has.
    LostWrite(u8),
    /// The cluster is bootstrapped although a disk, or a copy of one, has a log of it.
    FoundedTwice,
    /// A node of which no disk was touched is refused.
    Refused(usize, &'static str),
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostWrite(_) => f.write_str("a leader lacks an acknowledged write that a disk still has"),
            Self::FoundedTwice => f.write_str("the cluster is bootstrapped again while a disk has its log"),
            Self::Refused(node, why) => write!(f, "n{}, which nobody touched, is refused: {why}", node + 1),
        }
    }
}

/// The states that can follow a state.
pub struct Successors<const N: usize> {
    pub next: Vec<(Action, State<N>)>,
    /// What goes wrong now, and by what.
    pub harm: Option<(Option<Action>, Harm)>,
}

impl<const N: usize> Successors<N> {
    pub fn new() -> Self {
        Self { next: Vec::new(), harm: None }
    }

    pub fn clear(&mut self) {
        self.next.clear();
        self.harm = None;
    }

    pub fn push(&mut self, action: Action, state: State<N>) {
        self.next.push((action, state));
    }

    /// The first harm is kept.
    pub fn harms(&mut self, action: Option<Action>, harm: Harm) {
        self.harm.get_or_insert((action, harm));
    }
}
