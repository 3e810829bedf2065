//! What a test of this machine has found, for people and for programs.

use std::path::PathBuf;

use serde::Serialize;

use model::error::Failure;

/// Fields are added, never renamed.
#[derive(Debug, Default, Serialize)]
pub struct SelfTestReport {
    /// Whether every step did what it is to do.
    pub passed: bool,
    pub took_ms: u64,
    /// The version of etcd that was run, once it was found.
    pub etcd: Option<String>,
    /// The zone directory, if it was to be kept.
    pub directory: Option<PathBuf>,
    /// The steps that were taken; only the last can have failed.
    pub steps: Vec<StepReport>,
    pub failure: Option<FailedStep>,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct StepReport {
    pub step: &'static str,
    pub passed: bool,
    pub took_ms: u64,
    /// What was seen; of one that failed, what that means for this machine.
    pub found: String,
}

/// Why it ended early.
#[derive(Debug, Serialize)]
pub struct FailedStep {
    pub step: &'static str,
    /// What it means for this machine.
    pub means: &'static str,
    #[serde(flatten, serialize_with = "as_object")]
    pub failure: Failure,
}

#[derive(Serialize)]
struct FailureObject<'f> {
    exit: u8,
    what: &'f str,
    causes: &'f [String],
    next: Option<&'f str>,
}

fn as_object<S: serde::Serializer>(failure: &Failure, serializer: S) -> Result<S::Ok, S::Error> {
    let Failure { exit, what, causes, next } = failure;
    FailureObject { exit: *exit as u8, what, causes, next: next.as_deref() }.serialize(serializer)
}

impl StepReport {
    /// As a line of text.
    pub fn line(&self) -> String {
        let verdict = if self.passed { "passed" } else { "failed" };
        #[expect(clippy::cast_precision_loss, reason = "a step takes no hours")]
        let seconds = self.took_ms as f64 / 1000.0;
        format!("{verdict}  {:<8}  {seconds:>5.1} s  {}\n", self.step, self.found)
    }
}

impl SelfTestReport {
    /// The last line.
    pub fn summary(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "it takes no hours")]
        let seconds = self.took_ms as f64 / 1000.0;
        let etcd = self.etcd.as_deref().unwrap_or("etcd");
        match self.passed {
            true => format!("a zone of etcd {etcd} works on this machine, {seconds:.1} s\n"),
            false => format!("a zone does not work on this machine, {seconds:.1} s\n"),
        }
    }
}
