//! What is tried: the rules in effect in many budgets of faults, and each other rule in one in which it does
//! harm.

use crate::follow::three_of_five_wiped;
use crate::rules::Rule;
use crate::state::Budget;
use crate::world::{Words, World};

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub nodes: usize,
    pub world: World,
    pub how: How,
    pub expected: Expected,
    /// Whether it is among those of `--short`.
    pub short: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    Search,
    /// And whether all nodes can come to run from every state.
    SearchAlive,
    /// So many random walks.
    Walks(usize),
    /// These steps, of which there are too many for a search.
    Follow(fn() -> Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Nothing,
    Harm,
}

impl Row {
    fn new(name: &'static str, rule: Rule, budget: Budget) -> Self {
        let expected = if rule == Rule::InEffect { Expected::Nothing } else { Expected::Harm };
        let mut world = World::new(rule, 3, budget);
        // Of another rule the harm is asked for, and not that it refuses.
        world.judges_refusals = rule == Rule::InEffect;
        Self { name, nodes: 3, world, how: How::Search, expected, short: true }
    }

    fn with(mut self, change: impl Fn(&mut World)) -> Self {
        change(&mut self.world);
        self
    }

    /// The cluster runs with so many members of these nodes, and its members change. Of nodes that were
    /// removed, or are to join, refusals are right.
    fn changing(mut self, nodes: usize, founders: usize, changes: u8) -> Self {
        (self.nodes, self.world.founders) = (nodes, founders);
        (self.world.members_change, self.world.judges_refusals) = (true, false);
        self.world.budget.changes = changes;
        self
    }

    fn long(self) -> Self {
        Self { short: false, ..self }
    }

    fn alive(self) -> Self {
        Self { how: How::SearchAlive, ..self }
    }

    fn of(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self.world.founders = nodes;
        self
    }
}

/// Elections, writes, crashes, wipes, lost node directories, copies and exchanges of a volume.
fn budget(faults: [u8; 7]) -> Budget {
    let [elections, writes, crashes, wipes, directories, copies, exchanges] = faults;
    Budget { elections, writes, crashes, wipes, directories, copies, exchanges, ..Budget::default() }
}

/// The rules in effect.
pub fn in_effect() -> Vec<Row> {
    let row = |name, faults| Row::new(name, Rule::InEffect, budget(faults));
    let noted = |faults| Budget { notes: 1, appends: 1, ..budget(faults) };
    let words = |words, faults| Budget { words, ..budget(faults) };
    vec![
        row("crashes-alive", [0, 0, 3, 0, 0, 0, 0]).alive(),
        row("crashes-election-alive", [1, 0, 2, 0, 0, 0, 0]).alive(),
        Row::new("never-ran-alive", Rule::InEffect, words(1, [0, 0, 1, 1, 0, 0, 0]))
            .with(|world| (world.wipes_early, world.words) = (true, Words::NeverRan))
            .alive(),
        row("wipe", [3, 2, 1, 1, 0, 0, 0]),
        row("two-wipes", [2, 1, 0, 2, 0, 0, 0]),
        row("exchanges", [2, 1, 0, 0, 0, 1, 2]),
        Row::new("note", Rule::InEffect, Budget { notes: 1, ..budget([2, 1, 0, 0, 0, 1, 1]) }),
        row("node-directory", [2, 1, 0, 0, 1, 0, 1]),
        row("wipe-copy-exchange", [2, 1, 0, 1, 0, 1, 1]),
        row("elections-alone", [3, 2, 0, 1, 0, 0, 0]).with(|world| world.elections_alone = true),
        Row::new("true-words", Rule::InEffect, words(2, [2, 1, 0, 1, 0, 0, 0]))
            .with(|world| world.judges_refusals = false),
        row("logs-ask-alive", [2, 0, 1, 0, 0, 0, 0]).with(|world| world.logs_ask = true).alive(),
        row("logs-ask-exchange", [2, 0, 1, 0, 0, 0, 1]).with(|world| world.logs_ask = true),
        row("two-members", [3, 2, 1, 1, 0, 1, 1]).of(2),
        Row { how: How::Walks(2000), ..row("five-members", [4, 2, 4, 3, 0, 1, 2]) }.of(5),
        row("replace", [1, 1, 0, 1, 0, 0, 0]).changing(3, 3, 3),
        row("replace-two-wipes", [1, 1, 0, 2, 0, 0, 0]).changing(3, 3, 3),
        row("grow", [1, 1, 0, 1, 0, 0, 0]).changing(3, 2, 2),
        Row { how: How::Walks(2000), ..row("grow-and-replace", [2, 2, 2, 2, 0, 0, 0]).changing(4, 3, 5) },
        row("replace-crash-long", [1, 1, 1, 1, 0, 0, 0]).changing(3, 3, 3).long(),
        row("grow-crash-long", [1, 1, 1, 1, 0, 0, 0]).changing(3, 2, 2).long(),
        row("grow-power-cut-long", [1, 1, 1, 1, 0, 0, 0])
            .changing(3, 2, 2)
            .with(|world| world.power_cuts = true)
            .long(),
        row("grow-and-shrink-long", [2, 1, 0, 1, 0, 0, 0]).changing(3, 2, 3).long(),
        row("grow-to-four-long", [1, 1, 0, 1, 0, 0, 0]).changing(4, 3, 2).long(),
        Row {
            how: How::Follow(three_of_five_wiped),
            ..Row::new(
                "five-members-heard-earlier",
                Rule::InEffect,
                Budget { sends: 1, ..budget([2, 1, 0, 3, 0, 0, 0]) },
            )
        }
        .of(5),
        row("crashes-alive-long", [0, 0, 4, 0, 0, 0, 0]).alive().long(),
        row("crashes-election-alive-long", [1, 0, 3, 0, 0, 0, 0]).alive().long(),
        Row::new("never-ran-alive-long", Rule::InEffect, words(1, [0, 0, 3, 1, 0, 0, 0]))
            .with(|world| (world.wipes_early, world.words) = (true, Words::NeverRan))
            .alive()
            .long(),
        row("wipe-long", [3, 2, 2, 1, 0, 0, 0]).long(),
        row("two-wipes-long", [2, 1, 2, 2, 0, 0, 0]).long(),
        row("exchanges-long", [2, 1, 1, 0, 0, 1, 2]).long(),
        row("two-members-long", [3, 2, 2, 1, 0, 1, 1]).of(2).long(),
        Row::new("note-append-long", Rule::InEffect, noted([2, 1, 0, 0, 0, 1, 1])).long(),
        Row::new("note-long", Rule::InEffect, noted([2, 1, 1, 0, 0, 1, 1])).long(),
        row("node-directory-long", [2, 1, 1, 0, 1, 0, 1]).long(),
        row("elections-alone-long", [3, 2, 1, 1, 0, 0, 0]).with(|world| world.elections_alone = true).long(),
        Row::new("true-words-long", Rule::InEffect, words(3, [2, 1, 1, 1, 0, 0, 0]))
            .with(|world| world.judges_refusals = false)
            .long(),
        Row::new("all-alone-long", Rule::InEffect, noted([3, 2, 0, 1, 0, 1, 1]))
            .with(|world| world.elections_alone = true)
            .long(),
        row("all-long", [3, 2, 1, 1, 0, 1, 1]).long(),
        Row { how: How::Walks(10_000_000), ..row("five-members-long", [4, 2, 4, 3, 0, 1, 2]) }.of(5).long(),
    ]
}

/// Every other rule, and the faults with which it does harm; and what is beyond the promise of the rules in
/// effect.
pub fn switched_off() -> Vec<Row> {
    let row = |name, rule, faults| Row::new(name, rule, budget(faults));
    let judged = |world: &mut World| world.judges_refusals = true;
    let at_once = |world: &mut World| world.publishes_at_once = true;
    vec![
        row("before: hole 1, an image", Rule::BeforeUnlisted, [2, 1, 1, 0, 0, 0, 1]).with(at_once),
        row("before: hole 2, a member with data is down", Rule::BeforeUnlisted, [2, 1, 1, 1, 0, 0, 0])
            .with(at_once),
        row("before: hole 3, an older log", Rule::Before, [2, 1, 0, 0, 0, 1, 1]).with(at_once),
        row("before: hole 4, a stale list", Rule::Before, [2, 1, 0, 1, 0, 0, 0]).with(at_once),
        row("before: hole 5, not yet published", Rule::Before, [2, 1, 0, 1, 0, 0, 0]),
        row("a majority founds", Rule::Majority, [2, 1, 0, 1, 0, 0, 0]),
        row("silence is an answer", Rule::SilenceIsAnAnswer, [2, 1, 0, 1, 0, 0, 0]),
        row("a late founder needs no commit", Rule::LateFounder, [2, 1, 0, 1, 0, 0, 0]),
        row("no commit", Rule::NoCommit, [1, 0, 0, 0, 0, 0, 0]).with(judged),
        row("inode and times for the nonce", Rule::InodeForNonce, [2, 1, 0, 0, 0, 0, 1]),
        row("nonce at the commit", Rule::NonceAtCommit, [2, 1, 0, 0, 0, 1, 1]),
        row("state.json before the nonce", Rule::StateBeforeNonce, [0, 0, 1, 0, 0, 0, 0]).with(judged),
        row("nonce renewed in place", Rule::NonceRenewedInPlace, [0, 0, 2, 0, 0, 0, 0]).with(judged),
        Row {
            how: How::Follow(three_of_five_wiped),
            ..Row::new(
                "commit on what was heard earlier",
                Rule::HeardEarlier,
                Budget { sends: 1, ..budget([2, 1, 0, 3, 0, 0, 0]) },
            )
        }
        .of(5),
        row("lost counts as none", Rule::LostIsNone, [2, 1, 0, 0, 0, 0, 2]),
        row("no notes", Rule::NoNotes, [2, 1, 0, 0, 0, 1, 1]),
        row("a log without state.json resumes", Rule::LogWithoutState, [2, 1, 0, 1, 0, 1, 1]),
        row("a learner is promoted before it has published", Rule::InEffect, [1, 1, 0, 1, 0, 0, 0])
            .changing(3, 2, 2)
            .with(|world| world.promotes_early = true)
            .harmful(),
        row("a member is added with a vote", Rule::InEffect, [1, 1, 0, 1, 0, 0, 0])
            .changing(3, 2, 1)
            .with(|world| world.adds_voters = true)
            .harmful(),
        row("a crash before etcd has made its log", Rule::InEffect, [0, 0, 1, 0, 0, 0, 0])
            .with(|world| world.crashes_early = true)
            .harmful(),
        Row::new("false words", Rule::InEffect, Budget { words: 2, ..budget([2, 1, 0, 1, 0, 0, 0]) })
            .with(|world| (world.words, world.judges_refusals) = (Words::AlsoFalse, false))
            .harmful(),
    ]
}

impl Row {
    /// Beyond what the rules in effect promise.
    fn harmful(self) -> Self {
        Self { expected: Expected::Harm, ..self }
    }
}
