//! Links between the machines that lose what is sent one way.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::lock;
use super::machines::{DESK, Machines, NODES, addresses};
use crate::harness::draw::Draw;

/// The operator's machine among the others.
const OPERATOR: usize = NODES.len();

/// Which machine does not reach which.
#[derive(Default)]
pub struct Links(Mutex<BTreeSet<(usize, usize)>>);

impl Links {
    /// Two on one side and three on the other, and the operator on either.
    pub fn halve(&self, machines: &Machines, draw: &mut Draw) -> String {
        let first = draw.below(NODES.len());
        let second = (first + 1 + draw.below(NODES.len() - 1)) % NODES.len();
        let with_operator = draw.one_in(4);
        let is_few =
            |machine| machine == first || machine == second || (machine == OPERATOR && with_operator);
        self.cut(machines, |from, to| is_few(from) != is_few(to));
        let operator = if with_operator { " with the operator" } else { "" };
        format!("{} and {}{operator} from the others", NODES[first], NODES[second])
    }

    /// Each reaches its two neighbours alone.
    pub fn ring(&self, machines: &Machines) -> String {
        let is_far = |from: usize, to: usize| {
            let apart = (from + NODES.len() - to) % NODES.len();
            from != OPERATOR && to != OPERATOR && (apart == 2 || apart == 3)
        };
        self.cut(machines, is_far);
        "each from all but its neighbours".to_owned()
    }

    /// What one sends is lost, or what it is sent.
    pub fn one_way(&self, machines: &Machines, draw: &mut Draw) -> String {
        let (node, is_sender) = (draw.below(NODES.len()), draw.one_in(2));
        self.cut(machines, |from, to| if is_sender { from == node } else { to == node && from != OPERATOR });
        format!("what {} {}", NODES[node], if is_sender { "sends" } else { "is sent by members" })
    }

    fn cut(&self, machines: &Machines, is_cut: impl Fn(usize, usize) -> bool) {
        let mut cuts = lock(&self.0);
        for (from, name) in NODES.iter().enumerate() {
            for to in (0..=OPERATOR).filter(|to| *to != from) {
                // What the operator sends is not answered, which is as good as lost.
                let is_lost = is_cut(from, to) || (to == OPERATOR && is_cut(to, from));
                if is_lost && cuts.insert((from, to)) {
                    with_addresses(to, |addresses| machines.network.cut(name, addresses));
                    if to == OPERATOR {
                        machines.set_reached(from, false);
                    }
                }
            }
        }
    }

    pub fn heal(&self, machines: &Machines) {
        let mut cuts = lock(&self.0);
        for (from, to) in std::mem::take(&mut *cuts) {
            with_addresses(to, |addresses| machines.network.heal(NODES[from], addresses));
            if to == OPERATOR {
                machines.set_reached(from, true);
            }
        }
    }
}

fn with_addresses(machine: usize, act: impl FnOnce(&[&str])) {
    if machine == OPERATOR {
        act(&[DESK]);
    } else {
        let [first, second] = addresses(machine);
        act(&[&first, &second]);
    }
}
