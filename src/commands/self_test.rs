//! `self-test`: whether a zone works on this machine.

use zone_pki::ShowPath;

use crate::cli::{Format, SelfTestArgs};
use crate::output::{json, print};
use model::error::{Failure, Result};
use model::report;
use rehearsal::{FailedStep, Programs, SelfTest, SelfTestReport};

#[tracing::instrument(skip_all, name = "self-test")]
pub(super) fn run(arguments: SelfTestArgs) -> Result<()> {
    let SelfTestArgs { etcd, keep, format } = arguments;
    let mut written = Ok(());
    let test = SelfTest { programs: Programs { etcd, zone_etcd: None }, is_kept: keep };
    let report = test.run(&mut |step| {
        if format == Format::Text && written.is_ok() {
            written = print(&step.line());
        }
    });
    written?;
    print(&match format {
        Format::Text => report.summary(),
        Format::Json => json(&report)?,
    })?;
    if let Some(directory) = &report.directory {
        report::message(&format!("the zone is in {}", directory.shown()));
    }
    ended(report, keep)
}

fn ended(report: SelfTestReport, is_kept: bool) -> Result<()> {
    let Some(FailedStep { step, failure: found, .. }) = report.failure else { return Ok(()) };
    let what = format!("the self-test failed at `{step}`");
    let failure = Failure::new(found.exit, what).because(found.what);
    let failure = found.causes.into_iter().fold(failure, Failure::because);
    Err(match found.next {
        Some(next) => failure.next(next),
        None if is_kept => {
            failure.next("look at what the zone directory holds; then: zone-etcd doctor --help")
        }
        None => failure.next("run it again, and keep what it leaves: zone-etcd self-test --keep"),
    })
}
