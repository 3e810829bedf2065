//! One process of `[access]`: it is given its input, its outputs are read up to a limit, and it ends in time
//! or is ended.

use std::cell::Cell;
use std::io::{self, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use host::environment_of_owner;
use live::on_runtime;
use model::report::Held;

/// Answers and requests are far smaller.
const OUTPUT_AT_MOST: u64 = 1 << 20;
/// What it leaves running in the background, such as the master connection of ssh, may hold its outputs open.
const LINGER: Duration = Duration::from_millis(500);

/// A piece of what is handed on as it is read.
const PIECE: usize = 256 << 10;

/// What it is given.
pub(super) enum Input<'i> {
    /// All of it, and the answer, have to be through within the limit.
    Bytes(&'i [u8]),
    /// However long it takes: the limit is for each piece, and `after` for what is done with it.
    Stream { from: &'i mut dyn Read, after: Duration },
}

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
    input: Input<'_>,
    limit: Duration,
) -> std::result::Result<Finished, ProcessError> {
    // ssh may ask for a password on the terminal.
    let _held = matches!(input, Input::Bytes(_)).then(Held::as_it_is);
    on_runtime(converse(words, input, limit))?
}

/// The same for one that sends much and is given nothing: `take` gets its output as it comes, until it
/// returns false. `stall` is for how long nothing may come.
pub(super) fn stream(
    words: &[String],
    stall: Duration,
    take: &mut dyn FnMut(&[u8]) -> bool,
) -> std::result::Result<Finished, ProcessError> {
    on_runtime(listen(words, stall, take))?
}

fn start(words: &[String]) -> std::result::Result<(Child, Option<Pid>), ProcessError> {
    let program = words.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).envs(environment_of_owner());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it starts can be ended with it.
    let started = command.process_group(0).kill_on_drop(true).spawn();
    let child = started.map_err(|source| ProcessError::Start { program, source })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    Ok((child, group))
}

async fn listen(
    words: &[String],
    stall: Duration,
    take: &mut dyn FnMut(&[u8]) -> bool,
) -> std::result::Result<Finished, ProcessError> {
    let (mut child, group) = start(words)?;
    drop(child.stdin.take());
    let (from, messages) = (child.stdout.take(), child.stderr.take());
    let mut stderr = Vec::new();
    let output = async {
        let Some(mut from) = from else { return true };
        let mut buffer = vec![0; 1 << 16];
        let is_whole = loop {
            match timeout(stall, from.read(&mut buffer)).await {
                Ok(Ok(0)) => break true,
                Ok(Ok(count)) if take(&buffer[..count]) => {}
                _ => break false,
            }
        };
        if let Some(group) = group.filter(|_| !is_whole) {
            // It fails if the group has ended, which is what is wanted.
            let _ = killpg(group, Signal::SIGKILL);
        }
        is_whole
    };
    let (is_whole, ()) = tokio::join!(output, read(messages, &mut stderr));
    let status = child.wait().await?;
    match is_whole {
        true => Ok(Finished { code: status.code(), stdout: Vec::new(), stderr }),
        false => Err(ProcessError::Limit { limit: stall, stderr }),
    }
}

async fn converse(
    words: &[String],
    input: Input<'_>,
    limit: Duration,
) -> std::result::Result<Finished, ProcessError> {
    let (mut child, group) = start(words)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let pace = Pace(Cell::new((Instant::now(), limit)));
    let status = tokio::select! {
        status = exchange(&mut child, input, &pace, &mut stdout, &mut stderr) => Ok(status),
        limit = pace.is_lost() => Err(limit),
    };
    match status {
        Ok(Ok(status)) => Ok(Finished { code: status.code(), stdout, stderr }),
        Ok(Err(error)) => Err(error.into()),
        Err(limit) => {
            if let Some(group) = group {
                // It fails if the group has ended, which is what is wanted.
                let _ = killpg(group, Signal::SIGKILL);
            }
            child.wait().await?;
            Err(ProcessError::Limit { limit, stderr })
        }
    }
}

/// Since when nothing has gone on, and how long that may be.
struct Pace(Cell<(Instant, Duration)>);

impl Pace {
    fn goes_on(&self, limit: Duration) {
        self.0.set((Instant::now(), limit));
    }

    /// Returns once the limit is over.
    async fn is_lost(&self) -> Duration {
        loop {
            let (since, limit) = self.0.get();
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() {
                return limit;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// Writes and reads at the same time until the process has ended and no process holds its outputs, or does so
/// for too long.
async fn exchange(
    child: &mut Child,
    input: Input<'_>,
    pace: &Pace,
    stdout: &mut Vec<u8>,
    stderr: &mut Vec<u8>,
) -> io::Result<std::process::ExitStatus> {
    let (to, from, messages) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut to) = to {
            // One that does not read to the end says why by its exit code.
            match input {
                Input::Bytes(bytes) => drop(to.write_all(bytes).await),
                Input::Stream { from, after } => hand_on(from, &mut to, pace, after).await?,
            }
            let _ = to.shutdown().await;
        }
        io::Result::Ok(())
    };
    let streams = async { tokio::join!(feed, read(from, stdout), read(messages, stderr)).0 };
    tokio::pin!(streams);
    let status = tokio::select! {
        status = child.wait() => status?,
        fed = &mut streams => {
            fed?;
            return child.wait().await;
        }
    };
    let _ = timeout(LINGER, &mut streams).await;
    Ok(status)
}

/// Hands on what is read. One that does not want more of it, and ends, says why by its exit code.
async fn hand_on(
    from: &mut dyn Read,
    to: &mut (impl AsyncWrite + Unpin),
    pace: &Pace,
    after: Duration,
) -> io::Result<()> {
    let limit = pace.0.get().1;
    let mut piece = vec![0; PIECE];
    loop {
        let count = match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 || to.write_all(&piece[..count]).await.is_err() {
            pace.goes_on(after);
            return Ok(());
        }
        pace.goes_on(limit);
    }
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
