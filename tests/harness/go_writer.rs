//! A writer on etcd's own Go client, which `scripts/clients` built. Rivals and a watch work on the same
//! keys, and it judges the history of all of them.

use std::borrow::Borrow;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use super::TestZone;

/// The writer, at work until it is finished.
pub struct GoWriter {
    child: Child,
    input: Option<ChildStdin>,
    output: PathBuf,
}

impl GoWriter {
    /// A writer that uses all endpoints in turn and waits for none for long, as the administrator of the
    /// zone.
    #[track_caller]
    pub fn start(zone: &TestZone, endpoints: &[impl Borrow<str>]) -> Self {
        Self::start_with(zone, endpoints, "all", &["-try", "100ms"], |command| command)
    }

    /// A writer that stays on one endpoint until a request of its own has timed out.
    #[track_caller]
    pub fn start_pinned(zone: &TestZone, endpoints: &[impl Borrow<str>]) -> Self {
        Self::start_with(zone, endpoints, "pinned", &["-pinned"], |command| command)
    }

    /// A writer with a name of its own, on the machine to which `place` brings it.
    #[track_caller]
    pub fn start_with(
        zone: &TestZone,
        endpoints: &[impl Borrow<str>],
        name: &str,
        options: &[&str],
        place: impl FnOnce(Command) -> Command,
    ) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/etcd-writer");
        assert!(program.is_file(), "run scripts/clients first");
        let output = zone.around().join(format!("writer-{name}.out"));
        let mut command = Command::new(program);
        command.args(["-prefix", &format!("writer-{name}/"), "-endpoints", &endpoints.join(",")]);
        command.arg("-certificates").arg(zone.file("clients/admin/current")).args(options);
        let mut command = place(command);
        command.stdin(Stdio::piped()).stdout(File::create(&output).expect("a file for the output"));
        let mut child = command.spawn().expect("the writer starts");
        let input = child.stdin.take();
        Self { child, input, output }
    }

    /// Says what begins now.
    pub fn begins(&mut self, what: &str) {
        let input = self.input.as_mut().expect("it is not finished");
        writeln!(input, "{what}").expect("the writer listens");
    }

    /// Lets it end, and returns what it says: all that etcd answered is linearizable, so that no
    /// acknowledged write is lost, and no write failed.
    #[track_caller]
    pub fn finish_unharmed(self) -> Value {
        let told = self.finish();
        println!("{told}");
        assert_eq!((&told["violations"], &told["failed"]), (&json!([]), &0.into()), "{told:#}");
        assert!(told["written"].as_u64() > Some(100), "{told:#}");
        told
    }

    /// Lets it end, and returns what it says. It looks at all that it has done, which takes the longer the
    /// more that is; only the limit of the whole test ends it.
    #[track_caller]
    pub fn finish(mut self) -> Value {
        drop(self.input.take());
        let status = self.child.wait().expect("it can be waited for");
        assert!(status.success(), "the writer ended with {status}");
        let text = std::fs::read_to_string(&self.output).expect("UTF-8");
        serde_json::from_str(&text).expect("the writer prints JSON")
    }
}

impl Drop for GoWriter {
    fn drop(&mut self) {
        // Both fail only if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
