//! Issuing a large zone on disk, durable and verified, against the tools that people use.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;
use crate::arguments::Arguments;
use crate::disk_alone::write_again;
use crate::other_tools::{Cfssl, Openssl, Sample};
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
    let cfssl = |files| arguments.cfssl.as_deref().map(|program| Cfssl::new(program, &authority, files));
    let (cfssl, cfssl_to_files) = (cfssl(false), cfssl(true));

    let rounds = arguments.runs(2, 5);
    let (mut zone, mut processor, mut disk) = (Samples::default(), Samples::default(), Samples::default());
    let (mut with_openssl, mut with_cfssl, mut to_files) =
        (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..rounds {
        let before = processor_time_of_children()?;
        let (duration, directory) = issue_zone(scratch)?;
        processor.add(processor_time_of_children()?.saturating_sub(before));
        zone.add(duration);
        disk.add(write_again(&directory, &scratch.directory("again")?)?);
        with_openssl.add(issue_sample(scratch, &openssl)?);
        if let Some(cfssl) = &cfssl {
            with_cfssl.add(issue_sample(scratch, cfssl)?);
        }
        if let Some(cfssl) = &cfssl_to_files {
            to_files.add(issue_sample(scratch, cfssl)?);
        }
    }
    let whole = zone.median();
    let certificates = certificates_of(NODES);
    let each = zone.divided_by(certificates).median();
    let each_openssl = with_openssl.divided_by(SAMPLE).median();
    let each_cfssl = with_cfssl.divided_by(SAMPLE).median();

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
    if cfssl.is_some() {
        section.figure("cfssl gencert, per certificate", in_milliseconds(each_cfssl));
        section.at_least_times("faster than cfssl", each_cfssl, each, 25.0);
        let each = to_files.divided_by(SAMPLE).median();
        section.figure("cfssl gencert | cfssljson, which writes files too", in_milliseconds(each));
    }
    Ok(section)
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

fn issue_sample(scratch: &Scratch, tool: &impl Sample) -> Result<Duration> {
    let directory = scratch.directory("sample")?;
    for number in 1..=SAMPLE {
        tool.prepare(&directory, number)?;
    }
    scratch.settle();
    let (duration, outcome) = timed(|| (1..=SAMPLE).try_for_each(|number| tool.issue(&directory, number)));
    outcome.map(|()| duration)
}
