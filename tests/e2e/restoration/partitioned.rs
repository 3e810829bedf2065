//! A node that is cut off in the middle of a restore, and comes back: the same command goes on.

use std::fs;
use std::path::{Path, PathBuf};

use super::elsewhere::{path, reached_zone, run_all, run_there};
use super::{keys, kill};
use crate::harness::isolation::isolated;
use crate::harness::processes::Running;
use crate::harness::program;
use crate::harness::programs::write_program;
use crate::harness::supervised::Supervised;
use crate::snapshot::NODES;

/// A command that reaches a node unless its link is cut, and then says what ssh does.
#[track_caller]
fn links() -> (PathBuf, PathBuf) {
    let place = std::env::temp_dir().join("links");
    fs::create_dir_all(&place).expect("a directory");
    let command = place.join("reach");
    let script = format!(
        "#!/bin/sh\nname=$1; shift\n[ -e {0}/cut-$name ] && {{ echo 'No route to host' >&2; exit 255; }}\n\
         exec {1} \"$@\"\n",
        place.display(),
        program().display()
    );
    write_program(&command, script);
    (command, place)
}

fn cut(place: &Path, node: &str) -> PathBuf {
    let file = place.join(format!("cut-{node}"));
    fs::write(&file, "").expect("a cut link");
    file
}

#[test]
fn a_node_is_cut_off_at_each_step_and_comes_back() {
    isolated(|| {
        let (command, place) = links();
        let zone = reached_zone(3, format!("{} {{name}}", command.display()), "");
        let (mut running, file) = run_all(&zone);
        kill(&mut running);
        let arguments = ["snapshot", "restore", path(&file), "--yes"];
        let mut clusters = Vec::new();
        for (number, point) in [
            "from now on, with the data of",
            "node1 has the restored data, beside its own",
            "node1: its data of before is",
        ]
        .into_iter()
        .enumerate()
        {
            let mut restoring =
                Running::start(&mut zone.command(&arguments), zone.around(), &format!("restoring-{number}"));
            restoring.wait_for_line(&[point]);
            let link = cut(&place, "node3");
            let code = restoring.end().code();
            let told = restoring.stderr();
            assert!(code.is_some_and(|code| code >= 64), "{point}: {code:?}: {told}");
            assert!(told.contains("node3") && told.contains("No route to host"), "{point}: {told}");
            let text = fs::read_to_string(zone.file("ca/restored.json")).expect("a record");
            let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(record["epoch"], 1, "{point}");
            clusters.push(record["cluster_id"].clone());
            fs::remove_file(link).expect("the link");
        }
        clusters.dedup();
        assert_eq!(clusters.len(), 1, "one cluster: {clusters:?}");
        let mut restoring = Running::start(&mut zone.command(&arguments), zone.around(), "restoring");
        restoring.wait_for_line(&["has to be started"]);
        let _running: Vec<Supervised> = NODES.iter().map(|node| run_there(&zone, node)).collect();
        assert!(restoring.end().success(), "{}", restoring.stderr());
        assert_eq!(keys(&zone, 2399), ["kept"]);
        zone.run(&["status"]).expect_code(0);
    });
}
