//! Values of flags, judged by the etcd that will run, before anything is started or spent.
//!
//! etcd reads its flags, sets up its logger and compares settings with each other before it binds a port, and
//! binds before it touches its data (`server/etcdmain/etcd.go`, `StartEtcd` in `server/embed/etcd.go`). Told
//! to listen where nothing can be, it ends in between: with a complaint about that place if it has no other.
//! What it finds out later, or never, is in the table of flags.

use std::io;
use std::path::Path;

use super::exec::etcd_command;
use super::extra_flags::ExtraFlags;
use super::process_output::{self, Stream};

/// A socket below a device: nothing is ever there, and nothing can be made there.
const NO_SOCKET: &str = "/dev/null/zone-etcd";
/// What etcd does with its socket, by what comes before the place in its complaint.
const ATTEMPTS: [&str; 2] = ["remove ", "listen unix "];
/// A directory that is not there and cannot be made.
const NO_DATA: &str = "/proc/zone-etcd";

/// Asks etcd about the values of `flags`. What it says against them, or nothing if it would run with them.
pub fn judge(binary: &Path, flags: &ExtraFlags) -> io::Result<Option<String>> {
    let said = ask(binary, flags)?;
    let takes_them = ATTEMPTS.iter().any(|attempt| said.contains(&format!("{attempt}{NO_SOCKET}: ")));
    Ok((!takes_them).then(|| reason(&said)))
}

fn ask(binary: &Path, flags: &ExtraFlags) -> io::Result<String> {
    let mut command = etcd_command(binary);
    command.args(["--name=zone-etcd", "--initial-cluster=zone-etcd=http://127.0.0.1:1"]);
    command.args([
        "--initial-advertise-peer-urls=http://127.0.0.1:1",
        "--advertise-client-urls=http://127.0.0.1:1",
    ]);
    command.arg(format!("--data-dir={NO_DATA}"));
    command.args(["peer", "client"].map(|plane| format!("--listen-{plane}-urls=unix://{NO_SOCKET}")));
    command.arg("--log-outputs=stderr");
    command.args(flags.iter().map(|(name, value)| match value {
        Some(value) if name == "log-outputs" => format!("--{name}={}", without_files(value)),
        Some(value) => format!("--{name}={value}"),
        None => format!("--{name}"),
    }));
    process_output::said(command.current_dir("/"), Stream::Error)
}

/// The outputs of the log, with standard error for each file and for the journal: etcd opens them before it
/// judges anything else.
fn without_files(outputs: &str) -> String {
    let judged =
        |output: &&str| *output == "default" || (output.contains("://") && !output.starts_with("file:"));
    let outputs: Vec<&str> =
        outputs.split(',').map(|output| if judged(&output) { output } else { "/dev/stderr" }).collect();
    outputs.join(",")
}

/// The line that says why: `invalid value …` of Go's flag package, the `error` of a line of the log, or a
/// panic.
fn reason(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let logged = |line: &str| {
        let (_, error) = line.rsplit_once("\"error\":")?;
        let error = serde_json::Deserializer::from_str(error).into_iter::<String>().next()?;
        error.ok()
    };
    let plain = |line: &str| {
        let is_reason =
            line.starts_with("invalid ") || line.starts_with("flag ") || line.starts_with("panic: ");
        is_reason.then(|| line.trim_start_matches("panic: ").to_owned())
    };
    let found = lines().find_map(plain).or_else(|| lines().rev().find_map(logged));
    found.or_else(|| lines().next_back().map(str::to_owned)).unwrap_or_else(|| "it says nothing".to_owned())
}
