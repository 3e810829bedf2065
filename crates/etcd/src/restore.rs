//! etcd's own tool, which makes a data directory of a snapshot.

use std::path::Path;
use std::process::{Command, Stdio};

use model::error::{Exit, Failure, Result};
use model::foreign_text::last_lines;
use model::plan::InitialCluster;

/// Lines of the tool that are quoted.
const LINES: usize = 3;

/// What is made of what.
#[derive(Debug)]
pub struct DataFromSnapshot<'r> {
    /// etcdutl of the version that is to run on the data.
    pub tool: &'r Path,
    /// The database, with its digest behind it.
    pub database: &'r Path,
    /// The data directory, which is empty or not there.
    pub data: &'r Path,
    /// The member, by its name in the cluster.
    pub name: &'r str,
    pub cluster: &'r InitialCluster,
    /// By how much every revision is raised; those before count as compacted.
    pub bump_revision: Option<i64>,
}

impl DataFromSnapshot<'_> {
    /// Makes it. What a failure leaves in the directory is of no use. The tool keeps `stdin` open until it
    /// ends, also if this process ends before it.
    ///
    /// # Errors
    /// The tool refuses the snapshot, or cannot write (exit 65), or cannot be run.
    pub fn make(&self, stdin: Stdio) -> Result<()> {
        let own = self.cluster.member(self.name);
        let own = own.ok_or_else(|| Failure::internal("a member that its cluster does not have"))?;
        let mut command = Command::new(self.tool);
        command.args(["snapshot", "restore"]).arg(self.database).arg("--data-dir").arg(self.data);
        command.args(["--name", self.name, "--initial-cluster", &self.cluster.flag_value()]);
        command.args(["--initial-cluster-token", self.cluster.token.as_str()]);
        command.args(["--initial-advertise-peer-urls", own.peer_url.as_str()]);
        if let Some(bump) = self.bump_revision {
            command.args(["--bump-revision", &bump.to_string(), "--mark-compacted"]);
        }
        command.stdin(stdin).env_clear();
        let output = command
            .output()
            .map_err(|error| Failure::new(Exit::for_io(&error), "cannot run etcdutl").because(&error))?;
        if output.status.success() {
            return Ok(());
        }
        let failure = Failure::bad_input("etcdutl does not restore it");
        Err(last_lines(&output.stderr, LINES).into_iter().fold(failure, Failure::because))
    }
}
