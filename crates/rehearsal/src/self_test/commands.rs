//! Commands of this program on the zone, as an operator types them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::super::programs::Programs;
use super::program;
use crate::foreground::Foreground;
use model::error::{Exit, Failure, Result};
use store::zone_directory::ZoneDirectory;

pub(super) struct Commands<'z> {
    zone: &'z ZoneDirectory,
    foreground: Foreground,
    program: PathBuf,
    etcd: Option<PathBuf>,
    /// What a command makes for itself goes with the zone.
    temporary: PathBuf,
}

impl<'z> Commands<'z> {
    pub(super) fn new(zone: &'z ZoneDirectory, foreground: Foreground, programs: Programs) -> Result<Self> {
        let temporary = zone.paths.root().join("tmp");
        std::fs::create_dir_all(&temporary).map_err(|error| Failure::write(&temporary, &error))?;
        Ok(Self { zone, foreground, program: program(&programs)?, etcd: programs.etcd, temporary })
    }

    /// Runs a command, and returns what it has printed.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        self.output(arguments, None)
    }

    /// The same for one that runs etcd, or its tools, itself.
    pub(super) fn run_with_etcd(&self, arguments: &[&str]) -> Result<String> {
        self.output(arguments, self.etcd.as_deref())
    }

    fn output(&self, arguments: &[&str], etcd: Option<&Path>) -> Result<String> {
        let mut command = Command::new(&self.program);
        // It ends with this process, however that ends.
        command.args(["child", "--parent", &std::process::id().to_string()]);
        command.arg(&self.program).args(arguments).arg("--zone").arg(self.zone.paths.root());
        if let Some(etcd) = etcd {
            command.arg("--etcd").arg(etcd);
        }
        command.env("TMPDIR", &self.temporary).env("NO_COLOR", "1").env_remove("ZONE_ETCD_LOG");
        let typed = format!("zone-etcd {}", arguments.join(" "));
        let output = self.foreground.run(&mut command).map_err(|error| {
            Failure::new(Exit::for_io(&error), format!("cannot run {typed}")).because(&error)
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failure(&typed, &output))
    }
}

/// What it said, from its error on.
fn failure(typed: &str, output: &Output) -> Failure {
    if output.status.code().is_none() {
        return Failure::new(Exit::Unavailable, format!("`{typed}` was ended with the zone"));
    }
    let exit = output.status.code().and_then(Exit::of_code).unwrap_or(Exit::Internal);
    let told = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = told.lines().collect();
    let error = lines.iter().rposition(|line| line.starts_with("error: ")).unwrap_or_default();
    let mut failure = Failure::new(exit, format!("`{typed}` failed"));
    for line in &lines[error..] {
        match line.strip_prefix("next: ") {
            Some(next) => failure.next = Some(next.to_owned()),
            None => failure.causes.push(line.trim_start_matches("error:").trim().to_owned()),
        }
    }
    failure
}
