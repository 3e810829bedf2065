//! `snapshot restore` on a node: its data is that of before, or the restored, or a start is refused; and the
//! same command finishes.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;

use super::command::{copy, spread};
use super::strace::{kill_at, steps_of};
use super::tally::Tally;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::snapshot::{json, save};

#[track_caller]
fn activate(zone: &TestZone, out: &Path, node: &Path) {
    let fingerprint = zone.root_fingerprint();
    let mut command = zone_etcd(["activate", "--root-fingerprint", &fingerprint, "--node-dir"]);
    outcome(command.arg(node).arg(out.join("node1.bundle"))).expect_code(0);
}

fn names(directory: &Path, part: &str) -> usize {
    let entries = fs::read_dir(directory).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    names.filter(|name| name.contains(part)).count()
}

#[test]
fn the_data_of_a_node() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let (node, out) = (zone.around().join("n1"), zone.around().join("out"));
        outcome(zone.command(&["bundle", "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
        activate(&zone, &out, &node);
        let parent = std::process::id().to_string();
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        run.arg(node.join("node.json"));
        let mut member = Running::start(&mut run, zone.around(), "node1");
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        call(&client, &["put", "kept", "value"]).expect_code(0);
        let (file, _) = save(&zone, &[]);
        member.signal(Signal::SIGKILL);
        member.end();
        let file = file.to_str().expect("a path");
        let mut restore = zone.command(&["snapshot", "restore", file, "--yes", "--no-encryption"]);
        outcome(restore.arg("--out").arg(&out)).expect_code(75);
        activate(&zone, &out, &node);

        let original = zone.around().join("original");
        copy(&node, &original);
        let command = || {
            let mut command = zone_etcd(["snapshot", "restore", file, "-o", "json", "--config"]);
            command.arg(node.join("node.json")).stdin(std::process::Stdio::null());
            command
        };
        let mut steps = steps_of(&command(), zone.around());
        steps.dedup_by(|step, before| step.goes_on_from(before));
        // Each of the few by which something gets another name, whatever else is taken.
        let mut chosen = spread(&steps, steps.len());
        chosen.extend(steps.iter().filter(|step| step.shown.contains("rename")).cloned());
        let mut tally = Tally::of("snapshot restore (on a node)");
        tally.found(steps.len());
        for step in &chosen {
            copy(&original, &node);
            let when = format!("restore, ended at {}", step.shown);
            assert!(kill_at(&command(), step), "{when}: it went on");
            let mut plan = zone_etcd(["plan", "--format", "json", "--config"]);
            let planned = outcome(plan.arg(node.join("node.json")));
            match planned.code {
                65 | 75 => {}
                0 => assert_eq!(json(&planned)["decision"], "resume", "{when}"),
                _ => panic!("{when}: {planned:?}"),
            }
            let next = outcome(&mut command());
            tally.next(next.code);
            let mut next = Some(next);
            crate::harness::processes::until("etcdutl to have ended", || {
                let again = next.take().unwrap_or_else(|| outcome(&mut command()));
                assert!(again.code == 0 || again.code == 75, "{when}: {again:?}");
                (again.code == 0).then_some(())
            });
            assert_eq!(names(&node, "data.aside-"), 1, "{when}");
            assert_eq!(names(&node, ".restored-"), 0, "{when}: something is left");
            let mut plan = zone_etcd(["plan", "--format", "json", "--config"]);
            let planned = json(&outcome(plan.arg(node.join("node.json"))).expect_code(0));
            assert_eq!(planned["decision"], "resume", "{when}");
        }
        tally.tell();
    });
}
