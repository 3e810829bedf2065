//! Issuing a large zone on disk, durable and verified, against the tools that people use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::arguments::Arguments;
use crate::disk_alone::write_again;
use crate::other_tools::{Cfssl, Mkcert, Openssl, Sample, Step};
use crate::report::{Section, in_milliseconds};
use crate::scratch::Scratch;
use crate::statistics::{Samples, processor_time_of_children, timed};
use crate::zone_files::{certificates_of, checked, describe_local, describe_remote, issue, issue_all};

/// The zone that is issued.
const NODES: usize = 1000;
/// Certificates that the other tools make in one round: they need milliseconds for each.
const SAMPLE: usize = 40;

/// `pki issue --all`, cfssl and openssl in turn.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    // Their authority has few name constraints, which they would otherwise read for every certificate.
    let authority = scratch.directory("authority")?;
    describe_local(&authority, 3, None)?;
    issue_all(&authority)?;
    let authority = authority.join("ca").join("peer");
    let openssl = Openssl::new(&authority);
    let mut others = Vec::new();
    if let Some(tools) = &arguments.tools {
        others = others_in(tools, &authority, scratch)?;
    }

    let rounds = arguments.runs(2, 5);
    let (mut zone, mut processor, mut disk) = (Samples::default(), Samples::default(), Samples::default());
    let mut with_openssl = Samples::default();
    for _ in 0..rounds {
        let before = processor_time_of_children()?;
        let (duration, directory) = issue_zone(scratch)?;
        processor.add(processor_time_of_children()?.saturating_sub(before));
        zone.add(duration);
        disk.add(write_again(&directory, &scratch.directory("again")?)?);
        with_openssl.add(issue_sample(scratch, &openssl)?);
        for other in &mut others {
            let duration = issue_sample(scratch, &*other.tool)?;
            other.took.add(duration);
        }
    }
    let whole = zone.median();
    let certificates = certificates_of(NODES);
    let each = zone.divided_by(certificates).median();
    let each_openssl = with_openssl.divided_by(SAMPLE).median();

    let mut section = Section::new(format!(
        "issue, on disk: {NODES} members, {certificates} certificates in {:.2} s, median of {rounds}",
        whole / 1000.0
    ));
    section.at_most("zone-etcd pki issue --all, per certificate", each, 0.4, in_milliseconds);
    section.figure(
        "  of it processor time, user and kernel",
        in_milliseconds(processor.divided_by(certificates).median()),
    );
    section.figure(
        "  the same files written and synchronized once, and no more",
        in_milliseconds(disk.divided_by(certificates).median()),
    );
    section.figure("openssl genpkey, req, x509, per certificate", in_milliseconds(each_openssl));
    section.at_least_times("faster than openssl", each_openssl, each, 80.0);
    for other in &others {
        let each_other = other.took.divided_by(SAMPLE).median();
        section.figure(format!("{}, per certificate", other.command), in_milliseconds(each_other));
        section.at_least_times(format!("faster than {}", other.command), each_other, each, other.goal);
    }
    Ok(section)
}

/// A tool that others issue with, and how many times as long as we it has to take.
struct Other {
    command: &'static str,
    tool: Box<dyn Sample>,
    goal: f64,
    took: Samples,
}

fn others_in(tools: &Path, authority: &Path, scratch: &Scratch) -> Result<Vec<Other>> {
    let other = |command, tool, goal| Other { command, tool, goal, took: Samples::default() };
    Ok(vec![
        other("cfssl gencert", Box::new(Cfssl::new(tools, authority, false)), 25.0),
        other("cfssl gencert | cfssljson", Box::new(Cfssl::new(tools, authority, true)), 25.0),
        other("mkcert", Box::new(Mkcert::new(tools, authority, &scratch.directory("mkcert")?)?), 20.0),
        other("step certificate create", Box::new(Step::new(tools, authority)), 40.0),
    ])
}

fn issue_zone(scratch: &Scratch) -> Result<(Duration, PathBuf)> {
    let directory = scratch.directory("zone")?;
    describe_remote(&directory, NODES)?;
    scratch.settle();
    let (duration, output) = timed(|| checked(&mut issue(&directory, &["--all"])));
    let said = output?.stderr;
    // A zone that was issued in part would look fast.
    let expected = format!("issued {} certificates", certificates_of(NODES));
    if !String::from_utf8_lossy(&said).contains(&expected) {
        return Err(format!("pki issue --all did not say `{expected}`").into());
    }
    Ok((duration, directory))
}

fn issue_sample(scratch: &Scratch, tool: &dyn Sample) -> Result<Duration> {
    let directory = scratch.directory("sample")?;
    for number in 1..=SAMPLE {
        tool.prepare(&directory, number)?;
    }
    scratch.settle();
    let (duration, outcome) = timed(|| (1..=SAMPLE).try_for_each(|number| tool.issue(&directory, number)));
    outcome.map(|()| duration)
}
