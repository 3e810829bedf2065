//! The other members of a zone, which bootstrap the cluster together with the one that a test is about.

use std::process::{Child, Stdio};

use super::stand_in::{install, script};
use crate::harness::TestZone;

/// The starts of all members of a zone but one, each with a stand-in for etcd that stays when it is started.
/// They end when this is dropped.
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
        install(&etcd, &(script("3.7.3", "") + "exec sleep 60\n"));
        let parent = std::process::id().to_string();
        let start = |name: &&str| {
            let etcd = etcd.to_str().expect("a path in UTF-8");
            let start = ["run", "--end-with-parent", &parent, "--node", name, "--etcd", etcd];
            let mut command = zone.command(&[&start, words].concat());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("the program starts")
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
