//! From the start of the first member until all are ready: `zone-etcd run` against etcd itself with the same
//! command line, in turn. The certificates are there, and etcd's digest was taken by an earlier start.
//!
//! With etcd's own timing most of a start is the election: every member draws its time-out among ten, 100 ms
//! apart. Of members that do not hold each other up that is all that can be seen in a few runs, so where the
//! goal is to lose nothing, it is judged by runs with a tenth of that.

use std::time::Duration;

use crate::Result;
use crate::arguments::Arguments;
use crate::members::{By, Members, Timing};
use crate::report::{Section, in_seconds, in_times};
use crate::scratch::Scratch;
use crate::statistics::Samples;

/// What lies between two starts where they are not at the same instant.
const STAGGER: Duration = Duration::from_millis(30);
/// A tenth of etcd's own.
const SHORT_TIMING: Timing = ("10ms", "100ms");

/// A way in which members start.
struct Case {
    what: &'static str,
    members: usize,
    timing: Option<Timing>,
    apart: Duration,
    /// Few runs, and the full number.
    runs: (usize, usize),
    /// Whether they have data, and so check it against each other's.
    again: bool,
    /// What the ratio is to be, at which percentile.
    goal: Option<(usize, f64)>,
}

const AT_ONCE: Case = Case {
    what: "",
    members: 3,
    timing: None,
    apart: Duration::ZERO,
    runs: (1, 20),
    again: false,
    goal: None,
};

const CASES: [Case; 7] = [
    Case { what: "1 member", members: 1, ..AT_ONCE },
    Case {
        what: "1 member, 10/100 ms",
        members: 1,
        timing: Some(SHORT_TIMING),
        runs: (2, 40),
        goal: Some((50, 1.15)),
        ..AT_ONCE
    },
    Case { what: "3 members at once", goal: Some((95, 0.4)), ..AT_ONCE },
    Case { what: "3 members, 30 ms apart", apart: STAGGER, ..AT_ONCE },
    // By hand, the first ones start while the last one is not there yet. Here no member bootstraps before all
    // are there.
    Case {
        what: "3 members, 30 ms apart, 10/100 ms",
        timing: Some(SHORT_TIMING),
        apart: STAGGER,
        runs: (2, 20),
        goal: Some((50, 1.5)),
        ..AT_ONCE
    },
    Case { what: "5 members at once", members: 5, goal: Some((95, 0.2)), ..AT_ONCE },
    // One of etcd itself takes a quarter of a minute.
    Case {
        what: "3 members with data, at once",
        runs: (0, 3),
        again: true,
        goal: Some((50, 0.2)),
        ..AT_ONCE
    },
];

/// Every case, one after the other.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let mut section = Section::new(
        "start: from the first start until each has answered a read through the quorum, median (p95)",
    );
    for case in &CASES {
        let runs = arguments.runs(case.runs.0, case.runs.1);
        if runs > 0 {
            measure_case(case, runs, scratch, &mut section)?;
        }
    }
    Ok(section)
}

fn measure_case(case: &Case, runs: usize, scratch: &Scratch, section: &mut Section) -> Result<()> {
    let members = Members::new(scratch, "start", case.members, case.timing, case.apart)?;
    if case.again {
        members.time_to_ready_again(By::Run)?;
    }
    let time = |by| {
        scratch.settle();
        if case.again { members.time_to_ready_again(by) } else { members.time_to_ready(by) }
    };
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for _ in 0..runs {
        ours.add(time(By::Run)?);
        theirs.add(time(By::Hand)?);
    }
    let both = |samples: &Samples| {
        format!("{} ({})", in_seconds(samples.median()), in_seconds(samples.percentile(95)))
    };
    let what = case.what;
    section.figure(format!("{what}: zone-etcd run, {runs} runs"), both(&ours));
    section.figure(format!("{what}: etcd itself"), both(&theirs));
    let ratio = |percent| ours.percentile(percent) / theirs.percentile(percent);
    match case.goal {
        Some((50, limit)) => {
            section.at_most(format!("{what}: ratio of the medians"), ratio(50), limit, in_times)
        }
        Some((percent, limit)) => {
            section.at_most(format!("{what}: ratio of the p{percent}"), ratio(percent), limit, in_times);
        }
        None => section.figure(format!("{what}: ratio of the medians"), in_times(ratio(50))),
    }
    Ok(())
}
