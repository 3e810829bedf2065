//! Breadth-first search over all states, the shortest way to a harm, and whether all nodes can still come to
//! run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

use crate::model::Model;
use crate::state::State;
use crate::symmetry::canonical;
use crate::world::{Action, Harm, Successors};

/// Fingerprints are mixed already.
#[derive(Clone, Copy, Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Table<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub states: usize,
    pub time: Duration,
}

/// What a search came to.
#[derive(Debug)]
pub struct Findings {
    pub states: usize,
    pub depth: usize,
    /// Every state was visited.
    pub exhaustive: bool,
    /// States after a founding with nothing left of the one before.
    pub founded_anew: usize,
    pub harm: Option<Counterexample>,
    /// From how many states all nodes can not come to run any more, if that was asked; and the shortest way
    /// to one.
    pub stuck: Option<(usize, Vec<Action>)>,
    pub took: Duration,
}

/// The shortest way to a harm.
#[derive(Debug)]
pub struct Counterexample {
    pub steps: Vec<Action>,
    pub harm: Harm,
}

/// Every state, and from which it was first reached.
struct Visited {
    parents: Table<u64>,
    start: u64,
}

impl Visited {
    /// Fingerprints on the way to a state, without the first.
    fn way(&self, to: u64) -> Vec<u64> {
        let mut way = Vec::new();
        let mut at = to;
        while at != self.start {
            way.push(at);
            at = self.parents[&at];
        }
        way.reverse();
        way
    }
}

/// Searches until a harm is found, or all states were visited, or the bound is reached. `liveness` asks
/// whether all nodes can come to run from every state.
pub fn search<const N: usize>(model: &Model<N>, bound: Bound, liveness: bool) -> Findings {
    let begun = Instant::now();
    let (first, start) = canonical(&model.initial(), model.world.founders);
    let mut visited = Visited { parents: Table::default(), start };
    visited.parents.insert(start, start);
    let mut level = vec![(start, first)];
    let mut graph = Graph::default();
    let mut successors = Successors::new();
    let mut findings = Findings {
        states: 1,
        depth: 0,
        exhaustive: false,
        founded_anew: 0,
        harm: None,
        stuck: None,
        took: Duration::ZERO,
    };
    'levels: while !level.is_empty() {
        let mut next_level = Vec::new();
        for (print, state) in &level {
            findings.founded_anew += usize::from(state.foundings > 1);
            // What waits for an election that the budget has not got is no fault.
            let needs_more = model.world.logs_ask && state.left.elections == 0;
            if liveness && (needs_more || state.nodes.iter().all(|node| node.process.is_etcd())) {
                graph.goals.push(*print);
            }
            model.successors(state, &mut successors);
            if successors.harm.is_some() {
                findings.harm = retrace(model, &visited.way(*print)).1;
                break 'levels;
            }
            for (_, next) in &successors.next {
                let (next, to) = canonical(next, model.world.founders);
                if liveness {
                    graph.edges.push((to, *print));
                }
                visited.parents.entry(to).or_insert_with(|| {
                    next_level.push((to, next));
                    *print
                });
            }
        }
        findings.depth += 1;
        if visited.parents.len() > bound.states || begun.elapsed() > bound.time {
            break;
        }
        level = next_level;
        findings.exhaustive = level.is_empty();
    }
    findings.states = visited.parents.len();
    if liveness && findings.exhaustive {
        findings.stuck = Some(stuck(model, &visited, &graph));
    }
    findings.took = begun.elapsed();
    findings
}

/// Where each state was reached from, and those in which all nodes run.
#[derive(Default)]
struct Graph {
    edges: Vec<(u64, u64)>,
    goals: Vec<u64>,
}

fn stuck<const N: usize>(model: &Model<N>, visited: &Visited, graph: &Graph) -> (usize, Vec<Action>) {
    let mut before: Table<Vec<u64>> = Table::with_hasher(BuildHasherDefault::default());
    for (to, from) in &graph.edges {
        before.entry(*to).or_default().push(*from);
    }
    let mut live: Table<()> = Table::default();
    let mut open = graph.goals.clone();
    live.extend(open.iter().map(|print| (*print, ())));
    while let Some(at) = open.pop() {
        for from in before.get(&at).into_iter().flatten() {
            if live.insert(*from, ()).is_none() {
                open.push(*from);
            }
        }
    }
    let dead = visited.parents.keys().filter(|print| !live.contains_key(print));
    let ways: Vec<Vec<u64>> = dead.map(|print| visited.way(*print)).collect();
    let shortest = ways.iter().min_by_key(|way| way.len());
    let steps = shortest.map(|way| retrace(model, way).0).unwrap_or_default();
    (ways.len(), steps)
}

/// The steps that lead through these states, and the harm in the last one. Names of nodes stay the same from
/// step to step, as they do not in the states that stand for others.
fn retrace<const N: usize>(model: &Model<N>, way: &[u64]) -> (Vec<Action>, Option<Counterexample>) {
    let mut state: State<N> = model.initial();
    let mut steps = Vec::new();
    let mut successors = Successors::new();
    for print in way {
        model.successors(&state, &mut successors);
        let leads_there = |next: &&(Action, State<N>)| canonical(&next.1, model.world.founders).1 == *print;
        let (action, next) = successors.next.iter().find(leads_there).expect("a way that was gone before");
        steps.push(*action);
        state = *next;
    }
    model.successors(&state, &mut successors);
    let harm = successors
        .harm
        .map(|(action, harm)| Counterexample { steps: steps.iter().copied().chain(action).collect(), harm });
    (steps, harm)
}
