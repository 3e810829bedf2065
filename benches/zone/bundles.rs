//! Bundles for every node of a large zone: what one costs there, against a small zone, and the peak of
//! memory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::peak_memory::peak_of;
use crate::report::{Section, in_mebibytes, in_milliseconds, in_times};
use crate::scratch::Scratch;
use crate::statistics::{Samples, processor_time_of_children, timed};
use crate::zone_files::{checked, describe_many, issue};
use crate::{Result, zone_etcd};

/// A small zone and a large one; the short run has a smaller one.
const NODES: [usize; 2] = [100, 10_000];
const NODES_IN_SHORT: [usize; 2] = [100, 1000];
/// The small zone is done in so little time that one run says nothing.
const ROUNDS: [usize; 2] = [10, 1];
/// In KiB.
const PEAK_AT_MOST: u64 = 100 << 10;
/// A public key to seal to; nothing of this is ever opened.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// Everything is made from nothing: certificates issued, bundles signed and sealed, all of it synchronized.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let nodes = if arguments.short { NODES_IN_SHORT } else { NODES };
    let mut section =
        Section::new(format!("bundle, sealed to a key: 3 members, {} and {} nodes", nodes[0], nodes[1]));
    let (mut each, mut processor) = ([0.0; 2], [0.0; 2]);
    for (index, nodes) in nodes.into_iter().enumerate() {
        let (mut duration, mut of_processor, mut again) =
            (Samples::default(), Samples::default(), Samples::default());
        for _ in 0..ROUNDS[index] {
            let directory = zone(scratch, nodes)?;
            let before = processor_time_of_children()?;
            duration.add(made(&directory, nodes, "written")?);
            of_processor.add(processor_time_of_children()?.saturating_sub(before));
            again.add(made(&directory, nodes, "unchanged")?);
        }
        let for_each = |samples: &Samples| samples.divided_by(nodes).median();
        (each[index], processor[index]) = (for_each(&duration), for_each(&of_processor));
        section.figure(format!("{nodes} nodes, for each"), in_milliseconds(each[index]));
        section.figure("  of it processor time, user and kernel", in_milliseconds(processor[index]));
        section.figure("  the same call again, which changes nothing", in_milliseconds(for_each(&again)));
    }
    let [small, large] = nodes;
    section.at_most(format!("{large} nodes, of {small}, for each"), each[1] / each[0], 1.5, in_times);
    section.at_most("  in processor time", processor[1] / processor[0], 1.5, in_times);
    let peak = peak_of(&bundle(&zone(scratch, large)?))?;
    section.at_most(format!("peak of memory for {large} nodes"), peak as f64, PEAK_AT_MOST as f64, |peak| {
        in_mebibytes(peak as u64)
    });
    Ok(section)
}

/// A zone with its CAs, and nothing issued to a node.
fn zone(scratch: &Scratch, nodes: usize) -> Result<std::path::PathBuf> {
    let directory = scratch.directory("bundle")?;
    describe_many(&directory, nodes)?;
    checked(&mut issue(&directory, &["--client", "admin"]))?;
    scratch.settle();
    Ok(directory)
}

fn made(directory: &Path, nodes: usize, how: &str) -> Result<Duration> {
    let (duration, output) = timed(|| checked(&mut bundle(directory)));
    let said = String::from_utf8(output?.stdout)?;
    // What was there already would look fast.
    let counted = said.matches(how).count() == nodes || said.contains(&format!("{nodes} {how}"));
    if counted { Ok(duration) } else { Err(format!("bundle did not say `{nodes} {how}`: {said}").into()) }
}

fn bundle(directory: &Path) -> Command {
    let mut command = Command::new(zone_etcd());
    command.args(["bundle", "--recipient", RECIPIENT, "--zone"]).arg(directory);
    command.arg("--out").arg(directory.join("out"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
