//! Steps that are followed one by one, where a search would take too long.

use crate::model::Model;
use crate::search::Counterexample;
use crate::world::Successors;

/// Goes these steps, as they are printed.
///
/// # Errors
/// A step that cannot be taken, with its place.
pub fn follow<const N: usize>(model: &Model<N>, steps: &[String]) -> Result<Option<Counterexample>, String> {
    let mut state = model.initial();
    let mut taken = Vec::new();
    let mut successors = Successors::new();
    for (place, step) in steps.iter().enumerate() {
        model.successors(&state, &mut successors);
        let next = successors.next.iter().find(|(action, _)| action.to_string() == *step);
        let Some((action, next)) = next else { return Err(format!("{}. {step}", place + 1)) };
        taken.push(*action);
        state = *next;
    }
    model.successors(&state, &mut successors);
    let harm = successors.harm.take();
    Ok(harm.map(|(action, harm)| Counterexample { steps: taken.into_iter().chain(action).collect(), harm }))
}

/// Five members. n1, n2 and n3 found, and a write is on them; n4 and n5 are committed, and slow. n1 and n2
/// are wiped, and hear n5 before it becomes etcd and gets the write from n3, which is wiped then. With what
/// they heard of n5 they have heard everybody.
pub fn three_of_five_wiped() -> Vec<String> {
    let mut steps = Vec::new();
    let mut step = |text: String| steps.push(text);
    let everybody = [1, 2, 3, 4, 5];
    everybody.iter().for_each(|node| step(format!("n{node} starts")));
    for node in everybody {
        for other in everybody.into_iter().filter(|other| *other != node) {
            step(format!("n{node} hears from n{other}: none"));
        }
        step(format!("n{node} decides to commit"));
    }
    everybody.iter().for_each(|node| step(format!("n{node} writes state.json: committed")));
    for node in [1, 2, 3] {
        for other in everybody.into_iter().filter(|other| *other != node) {
            step(format!("n{node} hears from n{other}: committed"));
        }
    }
    [1, 2, 3].into_iter().for_each(|node| found(node, &mut step));
    step("n3 is elected by n1 and n2 and n3".to_owned());
    step("n3 acknowledges a write, which is on n1 and n2 and n3".to_owned());
    for node in [1, 2] {
        step(format!("n{node} is wiped and activated again with its first bundle"));
        step(format!("n{node} starts"));
        step(format!("n{node} hears from n4: committed"));
        step(format!("n{node} hears from n5: committed"));
    }
    step(format!("n5 hears from n3: {NOT_RUN}"));
    found(5, &mut step);
    step("n5 catches up with n3".to_owned());
    step("n3 is wiped and activated again with its first bundle".to_owned());
    step("n3 starts".to_owned());
    for (node, other) in [(1, 2), (2, 1)] {
        step(format!("n{node} hears from n{other}: none"));
        step(format!("n{node} hears from n3: none"));
        step(format!("n{node} decides to commit"));
    }
    for node in [1, 2] {
        step(format!("n{node} writes state.json: committed"));
        step(format!("n{node} hears from n5: {NOT_RUN}"));
        found(node, &mut step);
    }
    step(format!("n4 hears from n5: {NOT_RUN}"));
    found(4, &mut step);
    steps
}

const NOT_RUN: &str = "the cluster runs, you have not run in it";

fn found(node: usize, step: &mut impl FnMut(String)) {
    for what in ["decides to bootstrap", "writes the nonce", "writes state.json: attempted", "becomes etcd"] {
        step(format!("n{node} {what}"));
    }
}
