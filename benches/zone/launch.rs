//! What `run` adds to a start of etcd whose certificates are in place.
//!
//! etcd itself would drown it, so a stand-in takes its place that ends at once. It lies in a bundle of its
//! own, with a manifest, and has etcd's size: `run` checks it as it checks etcd.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use etcd::{BinaryRequest, EtcdVersion};
use launch::{FoundBinary, Launch, LaunchOptions};
use model::config::Node;
use store::site::Site;
use store::zone_directory::CaPassphrase;
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::members::{By, Members};
use crate::report::{Section, in_milliseconds};
use crate::scratch::Scratch;
use crate::statistics::{Samples, timed};
use crate::zone_files::{describe_local, issue_all};
use crate::{Result, zone_etcd};

/// The file name that makes this program the stand-in.
const STAND_IN: &str = "etcd";
/// As large as etcd 3.7.3.
const ETCD_SIZE: u64 = 24_748_194;
/// The node whose member is started.
const NODE: &str = "node1";

/// Whether this process was started in etcd's place.
pub fn is_stand_in() -> bool {
    let program = std::env::args_os().next().map(PathBuf::from);
    program.is_some_and(|program| program.file_name().is_some_and(|name| name == STAND_IN))
}

/// The start by `run`, the same command line by hand, and what lies between the two, in turn: of a member
/// that has never run, which records on the disk that it is about to, and of one that has data, as all later
/// ones.
pub fn measure(arguments: &Arguments, scratch: &Scratch) -> Result<Section> {
    let count = arguments.runs(100, 300);
    let mut section = Section::new(format!(
        "launch: a stand-in that ends at once in etcd's place, {count} runs, median (p95)"
    ));
    let stand_in = stand_in_bundle(&scratch.directory("bundle")?)?;
    let first = scratch.directory("launch")?;
    // In a zone of several members, the first start waits for all of them.
    describe_local(&first, 1, None)?;
    issue_all(&first)?;
    // A static program without relocations is there sooner.
    let goal = if arguments.program.is_some() { 4.0 } else { 5.0 };
    measure_starts("first start", &first, &stand_in, (count, goal), &mut section)?;
    let members = Members::new(scratch, "launch-data", 1, None, Duration::ZERO)?;
    members.time_to_ready_again(By::Run)?;
    measure_starts("start with data", members.directory(), &stand_in, (count, goal), &mut section)?;
    Ok(section)
}

fn measure_starts(
    what: &str,
    zone: &Path,
    stand_in: &Path,
    (count, goal): (usize, f64),
    section: &mut Section,
) -> Result<()> {
    let by_hand = command_line(zone, stand_in)?;
    let known = zone.join("nodes").join(NODE).join("verified-etcd.json");
    let run = |verified: bool| {
        let mut command = Command::new(zone_etcd());
        command.args(["run", "--node", NODE, "--zone"]).arg(zone).arg("--etcd").arg(stand_in);
        if !verified {
            std::fs::remove_file(&known)?;
        }
        duration_of(&mut command)
    };
    // It finds out what the later ones know.
    run(true)?;
    let (mut launched, mut bare) = (Samples::default(), Samples::default());
    let (mut unverified, mut version) = (Samples::default(), Samples::default());
    for _ in 0..count {
        launched.add(run(true)?);
        bare.add(duration_of(Command::new(stand_in).args(&by_hand))?);
        version.add(duration_of(Command::new(zone_etcd()).arg("--version"))?);
    }
    // 25 MB go through the caches of the processor: the next start would pay for it.
    for _ in 0..count {
        unverified.add(run(false)?);
    }
    let added = launched.less(&bare);
    let both = |samples: &Samples| {
        format!("{} ({})", in_milliseconds(samples.median()), in_milliseconds(samples.percentile(95)))
    };
    section.figure(format!("{what}: zone-etcd run"), both(&launched));
    section.figure("  the same command line by hand: fork, exec, exit", both(&bare));
    section.figure("  the difference", both(&added));
    section.at_most(format!("{what}: the difference, median"), added.median(), goal, in_milliseconds);
    section.figure(
        "  of it to become zone-etcd at all (zone-etcd --version)",
        in_milliseconds(version.median()),
    );
    section.figure("  when it has to take etcd's digest", both(&unverified));
    Ok(())
}

fn stand_in_bundle(directory: &Path) -> Result<PathBuf> {
    let program = directory.join(STAND_IN);
    std::fs::copy(std::env::current_exe()?, &program)?;
    let file = OpenOptions::new().write(true).open(&program)?;
    let size = file.metadata()?.len().max(ETCD_SIZE);
    file.set_len(size)?;
    drop(file);
    let bytes = std::fs::read(&program)?;
    let sha256 = zone_pki::hex::encode(digest(&SHA256, &bytes).as_ref());
    let manifest = serde_json::json!({
        "format": 1,
        "version": EtcdVersion::DEFAULT.to_string(),
        "source": "a stand-in",
        "files": { "etcd": { "sha256": sha256, "size": size } },
    });
    std::fs::write(directory.join("manifest.json"), manifest.to_string())?;
    Ok(program)
}

/// What `run` hands to etcd.
fn command_line(zone: &Path, etcd: &Path) -> Result<Vec<String>> {
    let now = OffsetDateTime::now_utc();
    let site =
        Site::open(Some(zone), None, CaPassphrase::new(None, None).map_err(explain)?).map_err(explain)?;
    let binary = BinaryRequest { given: Some(etcd.to_owned()), ..BinaryRequest::default() };
    let options = LaunchOptions { binary, ..LaunchOptions::default() };
    let node = site.node(Some(NODE)).map_err(explain)?;
    Ok(prepared(&site, node, &options, now)?.decide_now(false).map_err(explain)?.arguments)
}

/// The start of the member on `node`, as far as it follows from this machine.
pub fn prepared<'s>(
    site: &'s Site,
    node: &'s Node,
    options: &LaunchOptions,
    now: OffsetDateTime,
) -> Result<Launch<'s>> {
    let found = FoundBinary::look_for(site, node, options).map_err(explain)?;
    let certificates = site.certificates(node, now).map_err(explain)?;
    Ok(Launch::prepare_with(found, site, node, certificates, options, now).map_err(explain)?)
}

/// The program's own failures are made to be reported by it, not to be an error of another program.
pub fn explain(failure: model::error::Failure) -> String {
    format!("{failure:?}")
}

fn duration_of(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (duration, status) = timed(|| command.status());
    let status = status?;
    if status.success() { Ok(duration) } else { Err(format!("{command:?} ended with {status}").into()) }
}
