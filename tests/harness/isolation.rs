//! Namespaces of its own for each test that starts processes: network, mounts and process ids.
//!
//! The test binary calls itself for the one test inside them, as their first process. Two tests therefore
//! never want the same port, nothing but loopback and what the test makes can be reached, and when that first
//! process ends, however it ends, the kernel ends every other one and takes the interfaces and mounts away.

use std::env;
use std::process::Command;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::outcome;
use super::processes::LINES_SHOWN;

/// Set for the inner run to the name of the test that it is for.
const INNER: &str = "ZONE_ETCD_TEST_ISOLATED";
/// No test takes near as long. One that hangs is ended, and its namespaces with it.
const LIMIT: u64 = 120;
/// Seconds instead of [`LIMIT`], for those who ask a test for more than it does by itself.
const LIMIT_ASKED_FOR: &str = "ZONE_ETCD_TEST_LIMIT";

/// Tests that measure time have the machine for themselves: they write to it, the others read.
static MACHINE: RwLock<()> = RwLock::new(());

/// Runs the body of a test in namespaces of its own. To be called by the test function itself, with a
/// closure.
#[track_caller]
pub fn isolated<F: FnOnce()>(body: F) {
    inside(body, |test| {
        let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        run_inside(test);
    });
}

/// As [`isolated`], while no other test in namespaces runs: for one that asserts how long something takes.
#[track_caller]
pub fn isolated_alone<F: FnOnce()>(body: F) {
    inside(body, |test| {
        let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        run_inside(test);
    });
}

#[track_caller]
fn inside<F: FnOnce()>(body: F, run: impl FnOnce(&str)) {
    let test = test_name::<F>();
    if env::var(INNER).is_ok_and(|inner| inner == test) {
        enter();
        body();
    } else {
        run(&test);
    }
}

/// The name by which the test runner knows the function that the closure is in: its path without the crate's
/// name.
fn test_name<F>() -> String {
    let path = std::any::type_name::<F>();
    let function = path.strip_suffix("::{{closure}}").expect("the body is a closure of the test function");
    function.split_once("::").expect("a path within the crate").1.to_owned()
}

#[track_caller]
fn run_inside(test: &str) {
    // Everything that the test writes goes here, also what is left when it is killed.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = unshare();
    command.arg(env::current_exe().expect("the test binary"));
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
    command.env(INNER, test).env("TMPDIR", directory.path());
    let inner = outcome(&mut command);
    print!("{}", inner.stdout);
    eprint!("{}", inner.stderr);
    assert!(inner.code == 0, "failed in its namespaces:\n{}", panic_of(&inner.stderr));
    assert!(inner.stdout.contains("1 passed"), "the inner run did not find `{test}`");
}

/// What the inner test panicked with, which the logs of its processes follow.
fn panic_of(stderr: &str) -> String {
    let from =
        stderr.lines().skip_while(|line| !(line.starts_with("thread '") && line.contains("panicked at")));
    from.take_while(|line| !line.starts_with("stack backtrace") && !line.starts_with("note: "))
        .take(LINES_SHOWN)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// unshare(1) for the namespaces. It ends when this thread does, and its child with it.
fn unshare() -> Command {
    let mut arguments = vec!["--pdeathsig", "KILL", "unshare"];
    if !nix::unistd::geteuid().is_root() {
        arguments.extend(["--user", "--map-root-user"]);
    }
    arguments.extend(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    let probe = outcome(Command::new("setpriv").args(&arguments).arg("true"));
    assert!(
        probe.code == 0,
        "these tests need namespaces: run them as root, or allow user namespaces (unshare --user). unshare \
         says:\n{}",
        probe.stderr
    );
    let mut command = Command::new("setpriv");
    command.args(&arguments);
    command
}

#[expect(clippy::exit, reason = "a test that hangs cannot be ended in another way")]
fn enter() {
    assert_eq!(std::process::id(), 1, "this is not the first process of its namespace");
    assert_eq!(
        outcome(Command::new("ip").args(["link", "set", "lo", "up"])).code,
        0,
        "loopback does not come up"
    );
    std::thread::spawn(|| {
        let asked_for = env::var(LIMIT_ASKED_FOR).ok();
        let limit = asked_for.map_or(LIMIT, |text| text.parse().expect("a number of seconds"));
        std::thread::sleep(Duration::from_secs(limit));
        eprintln!("the test still runs after {limit} s");
        std::process::exit(101);
    });
}
