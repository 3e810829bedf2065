//! A zone with thousands of nodes whose bundles its etcd has: all certificates renewed, the client CA
//! rotated, a node revoked, by the program itself on a zone of three members.
//!
//! The nodes are simulated in one process: each reads, opens, verifies and answers over a connection of its
//! own, as `sync` does (`node`, `simulator`). Another client writes meanwhile (`writer`).

mod node;
mod simulator;
mod writer;
mod zone;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub use simulator::{asked_for, run};

use crate::arguments::Arguments;
use crate::peak_memory::peak_of;
use crate::report::{Report, Section, in_mebibytes, in_milliseconds, in_seconds, in_times};
use crate::scratch::Scratch;
use crate::statistics::{Samples, milliseconds, timed};
use crate::zone_files::checked;
use crate::{Result, zone_etcd};
use simulator::Simulator;
use writer::Writer;
use zone::{Size, Zone};

/// As many as are reached by a command for each as well, a small zone, and a large one.
const NODES: [usize; 3] = [100, 1000, 10_000];
/// The short run has this one alone.
const NODES_IN_SHORT: [usize; 1] = [100];
/// How long another client writes while nothing happens.
const IDLE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// For the large zone, in milliseconds.
const RENEWED_WITHIN: f64 = 180_000.0;
/// Of another client, for a goal.
const WRITES_AT_LEAST: usize = 100;
/// In KiB.
const PEAK_AT_MOST: f64 = 102_400.0;

/// An operation on all nodes.
struct Operation {
    what: &'static str,
    took: Duration,
    /// In KiB.
    peak: u64,
    /// The writes of another client meanwhile.
    writes: Samples,
}

/// What was measured with one number of nodes.
struct Measured {
    nodes: usize,
    idle: Samples,
    operations: Vec<Operation>,
    /// Of the database: with the first answers alone; after all operations; when it is compacted then.
    sizes: [Size; 3],
}

impl Measured {
    fn renewal(&self) -> Option<&Operation> {
        self.operations.first()
    }

    /// The renewal of one node, in milliseconds.
    fn each(&self) -> f64 {
        self.renewal().map_or(f64::NAN, |renewal| milliseconds(renewal.took)) / self.nodes as f64
    }
}

/// Every number of nodes in turn.
pub fn measure(arguments: &Arguments, scratch: &Scratch, report: &mut Report) -> Result<()> {
    let nodes = if arguments.short { &NODES_IN_SHORT[..] } else { &NODES };
    let idle = if arguments.short { IDLE.0 } else { IDLE.1 };
    let mut all = Vec::new();
    for nodes in nodes {
        let measured = by_etcd(scratch, *nodes, idle)?;
        report.print(section(&measured));
        all.push(measured);
    }
    if let Some(smallest) = all.first() {
        report.print(against_a_command(scratch, smallest)?);
    }
    if let [.., small, large] = all.as_slice() {
        report.print(goals(small, large));
    }
    Ok(())
}

fn by_etcd(scratch: &Scratch, nodes: usize, idle: Duration) -> Result<Measured> {
    let mut zone = Zone::describe(scratch.directory("fleet")?, nodes, "method = \"etcd\"")?;
    let (keys, bundles) = (scratch.directory("keys")?.join("recipients"), scratch.directory("bundles")?);
    let mut simulator = Simulator::start(zone.directory(), &keys)?;
    zone.bundle(&keys, &bundles)?;
    zone.start()?;
    simulator.activate(&bundles)?;
    zone.compact()?;
    let before = zone.size()?;
    scratch.settle();

    let writer = Writer::start(&zone)?;
    let (idle, ()) = writer.during(|| std::thread::sleep(idle));
    let last = format!("node{}", nodes + 3);
    let commands: [(&'static str, Vec<&str>, usize); 3] = [
        ("all renewed: pki renew --all", vec!["pki", "renew", "--all"], 1),
        ("pki rotate-ca --plane client", vec!["pki", "rotate-ca", "--plane", "client", "--force"], 1),
        ("one revoked: pki revoke", vec!["pki", "revoke", &last], 0),
    ];
    let mut operations = Vec::new();
    for (what, arguments, bundles_of_each) in commands {
        let (activated, _) = simulator.counts()?;
        let (writes, (took, peak)) = writer.during(|| timed(|| peak_of(&zone.operation(&arguments))));
        operations.push(Operation { what, took, peak: peak?, writes });
        let (now, _) = simulator.counts()?;
        // One that was passed over would look fast.
        if now - activated < bundles_of_each * nodes {
            return Err(
                format!("{what}: {} bundles were put in use by {nodes} nodes", now - activated).into()
            );
        }
    }
    drop(writer);
    let after = zone.size()?;
    zone.compact()?;
    Ok(Measured { nodes, idle, operations, sizes: [before, after, zone.size()?] })
}

fn section(measured: &Measured) -> Section {
    let Measured { nodes, idle, operations, sizes } = measured;
    let mut section = Section::new(format!("fleet: 3 members and {nodes} nodes, by the zone's etcd"));
    let latency = |writes: &Samples| {
        format!("{} ({})", in_milliseconds(writes.median()), in_milliseconds(writes.percentile(99)))
    };
    section.figure("a write of another client while nothing happens, median (p99)", latency(idle));
    for Operation { what, took, peak, writes } in operations {
        let took = milliseconds(*took);
        section.figure(*what, in_seconds(took));
        section.figure("  for each node", in_milliseconds(took / *nodes as f64));
        section.figure("  peak of its memory", in_mebibytes(*peak));
        section.figure("  a write of another client meanwhile, median (p99)", latency(writes));
    }
    for (what, size) in
        ["with the first answers", "after all of that", "compacted and defragmented"].into_iter().zip(sizes)
    {
        let mebibytes = |bytes: i64| in_mebibytes(u64::try_from(bytes / 1024).unwrap_or_default());
        let figure = format!("{}, {} in use", mebibytes(size.file), mebibytes(size.in_use));
        section.figure(format!("database, {what}"), figure);
    }
    section
}

fn goals(small: &Measured, large: &Measured) -> Section {
    let (few, many) = (small.nodes, large.nodes);
    let mut section = Section::new(format!("fleet: {many} nodes against {few}, and against the goals"));
    if let Some(renewal) = large.renewal() {
        section.at_most("all renewed", milliseconds(renewal.took), RENEWED_WITHIN, in_seconds);
    }
    section.at_most("  for each node, of that with fewer", large.each() / small.each(), 1.2, in_times);
    for Operation { what, peak, writes, .. } in &large.operations {
        let peak = *peak as f64;
        section.at_most(format!("{what}: peak of its memory"), peak, PEAK_AT_MOST, |peak| {
            in_mebibytes(peak as u64)
        });
        // A few writes say nothing.
        if writes.count() >= WRITES_AT_LEAST {
            let ratio = writes.median() / large.idle.median();
            section.at_most(
                "  writes of another client, of those while nothing happens",
                ratio,
                2.0,
                in_times,
            );
        }
    }
    let [_, after, compacted] = large.sizes;
    let kept = compacted.file as f64 / after.file as f64;
    section.at_most("database file when it is compacted and defragmented, of before", kept, 0.6, in_times);
    let each = |measured: &Measured| measured.sizes[2].file as f64 / measured.nodes as f64;
    section.at_most("  for each node, of that with fewer", each(large) / each(small), 1.2, in_times);
    section
}

/// The same number of nodes, each reached by a command. No ssh is between them: the program is
/// started on this machine, without a network and without a login.
fn against_a_command(scratch: &Scratch, by_etcd: &Measured) -> Result<Section> {
    let nodes = by_etcd.nodes;
    let place = scratch.directory("there")?;
    let access = format!("command = \"{}\"\nnode_dir = \"{}/{{name}}\"", zone_etcd(), place.display());
    let mut zone = Zone::describe(scratch.directory("command")?, nodes, &access)?;
    zone.start()?;
    let renewal = || -> Command { zone.command(&["pki", "renew", "--all"]) };
    // The first one makes the directories of the nodes.
    checked(&mut renewal())?;
    let (took, output) = timed(|| checked(&mut renewal()));
    output?;
    if !Path::new(&place).join(format!("node{}", nodes + 3)).join("node.json").is_file() {
        return Err("the last node has taken nothing".into());
    }
    let each = milliseconds(took) / nodes as f64;
    let mut section = Section::new(format!("fleet: {nodes} nodes renewed, for each"));
    section.figure("by the zone's etcd", in_milliseconds(by_etcd.each()));
    section.figure("by a command that runs here, in the place of ssh", in_milliseconds(each));
    section.at_least_times("faster by etcd", each, by_etcd.each(), 1.0);
    Ok(section)
}
