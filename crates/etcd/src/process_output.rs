//! An etcd that is asked something and ends: it gets some time, and what it says has a limit.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use host::detached;

/// It takes etcd some 30 ms.
const LIMIT: Duration = Duration::from_secs(10);
/// A stack trace is a few thousand bytes.
const MOST_OUTPUT: u64 = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Output,
    Error,
}

/// Runs the command, which has no input, and returns what it says.
pub(super) fn said(command: &mut Command, stream: Stream) -> io::Result<String> {
    let [out, err] = match stream {
        Stream::Output => [Stdio::piped(), Stdio::null()],
        Stream::Error => [Stdio::null(), Stdio::piped()],
    };
    let mut child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (sender, receiver) = channel();
    let begun = detached(move || {
        let mut text = Vec::new();
        let mut read = |from: &mut dyn Read| from.take(MOST_OUTPUT).read_to_end(&mut text).map(drop);
        let outcome = match (out, err) {
            (Some(mut out), _) => read(&mut out),
            (_, Some(mut err)) => read(&mut err),
            (None, None) => Ok(()),
        };
        // After the limit the receiver is gone.
        let _ = sender.send(outcome.map(|()| String::from_utf8_lossy(&text).into_owned()));
    });
    let said = begun.map(|()| receiver.recv_timeout(LIMIT));
    // It has ended, or has to: it was not to run.
    child.kill().and_then(|()| child.wait())?;
    said?.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it has not answered within 10 s")))
}
