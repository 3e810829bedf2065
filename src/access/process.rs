//! One process of `[access]`: it is given its input, its outputs are read up to a limit, and it ends in time or is ended.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::host::environment_of_owner;
use crate::live::on_runtime;

/// Answers and requests are far smaller.
const OUTPUT_AT_MOST: u64 = 1 << 20;
/// What it leaves running in the background, such as the master connection of ssh, may hold its outputs open.
const LINGER: Duration = Duration::from_millis(500);

/// How it ended.
#[derive(Debug)]
pub(super) struct Finished {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Why there is no end to tell of.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProcessError {
    /// It was not started.
    #[error("`{program}` cannot be run: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It was ended, with all that it had started in its process group.
    #[error("it took longer than {}, and was ended", humantime::format_duration(*limit))]
    Limit {
        /// How long it was given.
        limit: Duration,
        /// What it had written to standard error.
        stderr: Vec<u8>,
    },
    /// The system failed.
    #[error("it could not be waited for: {0}")]
    System(#[from] io::Error),
}

/// Runs the words of a command, the program first.
pub(super) fn run(
    words: &[String],
    input: &[u8],
    limit: Duration,
) -> std::result::Result<Finished, ProcessError> {
    on_runtime(converse(words, input, limit))?
}

async fn converse(
    words: &[String],
    input: &[u8],
    limit: Duration,
) -> std::result::Result<Finished, ProcessError> {
    let program = words.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).envs(environment_of_owner());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it starts can be ended with it.
    let started = command.process_group(0).kill_on_drop(true).spawn();
    let mut child = started.map_err(|source| ProcessError::Start { program, source })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = timeout(limit, exchange(&mut child, input, &mut stdout, &mut stderr)).await;
    match status {
        Ok(Ok(status)) => Ok(Finished { code: status.code(), stdout, stderr }),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            if let Some(group) = group {
                // It fails if the group has ended, which is what is wanted.
                let _ = killpg(group, Signal::SIGKILL);
            }
            child.wait().await?;
            Err(ProcessError::Limit { limit, stderr })
        }
    }
}

/// Writes and reads at the same time until the process has ended and nobody holds its outputs, or does so for too long.
async fn exchange(
    child: &mut Child,
    input: &[u8],
    stdout: &mut Vec<u8>,
    stderr: &mut Vec<u8>,
) -> io::Result<std::process::ExitStatus> {
    let (to, from, messages) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut to) = to {
            // One that does not read to the end says why by its exit code.
            let _ = to.write_all(input).await;
            let _ = to.shutdown().await;
        }
    };
    let streams = async { tokio::join!(feed, read(from, stdout), read(messages, stderr)) };
    tokio::pin!(streams);
    let status = tokio::select! {
        status = child.wait() => status?,
        _ = &mut streams => return child.wait().await,
    };
    let _ = timeout(LINGER, &mut streams).await;
    Ok(status)
}

/// Reads up to the limit, and drops the rest.
async fn read(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let left = OUTPUT_AT_MOST.saturating_sub(into.len() as u64);
        let kept = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        into.extend_from_slice(&buffer[..kept]);
    }
}
