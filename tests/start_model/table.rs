//! Runs the rows, as many at a time as there are processors, and prints what came of them.

use std::fmt::Write as _;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::follow::follow;
use crate::model::Model;
use crate::rows::{Expected, How, Row, in_effect, switched_off};
use crate::search::{Bound, Counterexample, Findings, search};
use crate::state::Budget;
use crate::walk::{Walked, walk};
use crate::world::Action;

/// Some 6 GiB.
const STATES: usize = 25_000_000;

/// Which rows are run.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub all: bool,
    /// Of a row.
    pub limit: Duration,
    /// In the name of the row.
    pub filter: String,
}

/// What is printed of a row, and whether it came out as expected.
struct Told {
    line: String,
    below: String,
    as_expected: bool,
}

/// Prints the tables. False if a row did not come out as expected.
pub fn print(wanted: &Wanted) -> bool {
    let is_wanted = |row: &Row| (wanted.all || row.short) && row.name.contains(&wanted.filter);
    let mut good = true;
    for (title, rows) in [
        ("the rules in effect", in_effect()),
        ("other rules, and what is beyond the promise", switched_off()),
    ] {
        let rows: Vec<Row> = rows.into_iter().filter(is_wanted).collect();
        if rows.is_empty() {
            continue;
        }
        println!("{title}");
        good &= run(&rows, wanted.limit);
        println!();
    }
    good
}

/// Lines are printed in the order of the rows, each as soon as those before it are there.
fn run(rows: &[Row], limit: Duration) -> bool {
    let next = Mutex::new(0..rows.len());
    let told: Mutex<(Vec<Option<Told>>, usize)> = Mutex::new((rows.iter().map(|_| None).collect(), 0));
    let processors = thread::available_parallelism().map_or(1, NonZero::get).min(rows.len());
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                while let Some(place) = { next.lock().unwrap().next() } {
                    let line = tell(&rows[place], limit);
                    let (all, printed) = &mut *told.lock().unwrap();
                    all[place] = Some(line);
                    while let Some(Some(line)) = all.get(*printed) {
                        println!("{}{}", line.line, line.below);
                        *printed += 1;
                    }
                }
            });
        }
    });
    let (all, _) = told.into_inner().unwrap();
    all.iter().flatten().all(|told| told.as_expected)
}

fn tell(row: &Row, limit: Duration) -> Told {
    match row.nodes {
        2 => tell_of::<2>(row, limit),
        3 => tell_of::<3>(row, limit),
        4 => tell_of::<4>(row, limit),
        5 => tell_of::<5>(row, limit),
        nodes => unreachable!("{nodes} nodes"),
    }
}

fn tell_of<const N: usize>(row: &Row, limit: Duration) -> Told {
    let model = Model::<N>::new(row.world);
    match row.how {
        How::Search => told_of_search(row, search(&model, Bound { states: STATES, time: limit }, false)),
        How::SearchAlive => told_of_search(row, search(&model, Bound { states: STATES, time: limit }, true)),
        How::Walks(walks) => told_of_walks(row, walk(&model, walks, limit)),
        How::Follow(steps) => told_of_steps(row, follow(&model, &steps())),
    }
}

fn told_of_search(row: &Row, found: Findings) -> Told {
    let Findings { states, depth, exhaustive, founded_anew, harm, stuck, took } = found;
    let result = match (&harm, &stuck) {
        (Some(found), _) => format!("{}, after {} steps", found.harm, found.steps.len()),
        (None, Some((0, _))) => "holds, and all can come to run from every state".to_owned(),
        (None, Some((count, _))) => format!("{count} states from which not all can come to run"),
        (None, None) if exhaustive => "holds".to_owned(),
        (None, None) => "nothing found until the bound was reached".to_owned(),
    };
    let again = if founded_anew > 0 {
        format!(" ({founded_anew} states after all that had a log were lost, founded again)")
    } else {
        String::new()
    };
    let size = format!("{states} states, depth {depth}");
    let is_stuck = stuck.as_ref().is_some_and(|(count, _)| *count > 0);
    let steps = stuck.map(|(_, steps)| steps).unwrap_or_default();
    told(row, &size, &(result + &again), harm.as_ref(), is_stuck.then_some(steps.as_slice()), took)
}

fn told_of_walks(row: &Row, walked: Walked) -> Told {
    let Walked { walks, steps, with_a_write, harm, took } = walked;
    let size = format!("{walks} walks, {steps} steps");
    let result = match &harm {
        Some(found) => format!("{}, after {} steps", found.harm, found.steps.len()),
        None => format!("nothing found ({with_a_write} walks with an acknowledged write)"),
    };
    told(row, &size, &result, harm.as_ref(), None, took)
}

fn told_of_steps(row: &Row, followed: Result<Option<Counterexample>, String>) -> Told {
    let (result, harm) = match followed {
        Ok(Some(found)) => (format!("{}, after {} steps", found.harm, found.steps.len()), Some(found)),
        Ok(None) => ("nothing found".to_owned(), None),
        Err(step) => (format!("this step cannot be taken: {step}"), None),
    };
    told(row, "followed", &result, harm.as_ref(), None, Duration::ZERO)
}

fn told(
    row: &Row,
    size: &str,
    result: &str,
    harm: Option<&Counterexample>,
    stuck: Option<&[Action]>,
    took: Duration,
) -> Told {
    let as_expected = stuck.is_none() && (row.expected == Expected::Harm) == harm.is_some();
    let mut line = format!("  {}: {}; {size}: {result}", row.name, faults(row.world.budget));
    let _ = write!(line, " [{:.1} s]", took.as_secs_f32());
    if !as_expected {
        line += " - NOT AS EXPECTED";
    }
    let steps = harm.map(|found| found.steps.as_slice()).or(stuck).unwrap_or_default();
    let below =
        steps.iter().enumerate().map(|(place, step)| format!("\n    {:2}. {step}", place + 1)).collect();
    Told { line, below, as_expected }
}

/// `2 elections, 1 write, 1 crash`.
fn faults(budget: Budget) -> String {
    let counts = [
        (budget.elections, "election"),
        (budget.writes, "write"),
        (budget.crashes, "crash"),
        (budget.wipes, "wipe"),
        (budget.directories, "lost node directory"),
        (budget.copies, "copy"),
        (budget.exchanges, "exchange"),
        (budget.words, "word"),
        (budget.notes, "note"),
        (budget.appends, "append"),
        (budget.sends, "send"),
        (budget.changes, "change"),
    ];
    let plural = |name: &str| match name {
        "crash" => "crashes".to_owned(),
        "copy" => "copies".to_owned(),
        "lost node directory" => "lost node directories".to_owned(),
        name => format!("{name}s"),
    };
    let words = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| {
        if count == 1 { format!("1 {name}") } else { format!("{count} {}", plural(name)) }
    });
    words.collect::<Vec<_>>().join(", ")
}
