//! The other members of a zone, which bootstrap the cluster together with the one that a test is about.

use std::process::{Child, Command, Stdio};

use super::stand_in::script;
use crate::harness::TestZone;
use crate::harness::programs::write_program;

/// The starts of all members of a zone but one, each with a stand-in for etcd. They end when this is dropped.
///
/// Each is started again, as a supervisor does: a stand-in answers no peer, so that one which has heard the
/// others and gone ahead has to come back for who was slower.
pub struct Others {
    starts: Vec<Child>,
}

impl Others {
    /// Starts all members of `zone` but `subject`, from the zone directory. What they need is issued before.
    #[track_caller]
    pub fn of(zone: &TestZone, subject: &str) -> Self {
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let named = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        // The first name is the zone's.
        let others: Vec<&str> = named.skip(1).filter(|name| *name != subject).collect();
        Self::of_these(zone, &others, &[])
    }

    /// Starts these members with these words.
    #[track_caller]
    pub fn of_these(zone: &TestZone, others: &[&str], words: &[&str]) -> Self {
        let lacks = |name: &&&str| !zone.file(&format!("nodes/{name}/pki/current")).exists();
        let lacking: Vec<&str> = others.iter().filter(lacks).copied().collect();
        if !lacking.is_empty() {
            zone.run(&[&["pki", "issue"], &*lacking].concat()).expect_code(0);
        }
        let etcd = zone.around().join("stays");
        write_program(&etcd, &(script("3.7.3", "") + "exec sleep 5\n"));
        let start = |name: &&str| {
            let etcd = etcd.to_str().expect("a path in UTF-8");
            let ours = zone.command(&[&["run", "--node", name, "--etcd", etcd], words].concat());
            let mut command = Command::new("sh");
            // $1 is `run`.
            let again =
                r#"ours=$0; shift; while "$ours" run --end-with-parent $$ "$@" || :; do sleep 0.1; done"#;
            command.arg("-c").arg(again).arg(ours.get_program()).args(ours.get_args());
            command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("a shell starts")
        };
        Self { starts: others.iter().map(start).collect() }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for start in &mut self.starts {
            let _ = start.kill();
            let _ = start.wait();
        }
    }
}
