//! Members that their cluster has removed.

use super::{NODES, client, peer_url, planned, refused, run_with, running_zone, start};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, change_members, id_of, listed, wait_for_quorum};
use crate::harness::processes::Running;
use crate::start::picture;

const REMOVED: &str = "it can never take part again";

/// It was up when it was removed, so it knows it itself, and is refused also when nobody is there.
#[test]
fn plan_refuses_a_removed_member() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
        let id = id_of(&client(&zone, 1), "node3");
        change_members(&client(&zone, 1), &["remove", &id]);
        let mut third = members.remove(2);
        // etcd ends as if all was well, so an init system would start it for ever.
        assert_eq!(third.end().code(), Some(0), "{}", third.stderr());
        let texts = [id.as_str(), REMOVED, "its data was left as it is", "--move-data-aside"];
        refused(&zone, "node3", &[], 65, &texts);
        members.iter_mut().for_each(|member| {
            let _ = member.stop();
        });
        refused(&zone, "node3", &[], 65, &[&id, REMOVED]);

        // As a new member, with what it had put aside.
        for (member, node) in members.iter_mut().zip(NODES) {
            *member = start(&zone, node);
        }
        wait_for_quorum(&client(&zone, 1));
        change_members(&client(&zone, 1), &["add", "node3", "--learner", "--peer-urls", &peer_url(3)]);
        refused(&zone, "node3", &[], 65, &[&id, REMOVED, "the cluster expects a new member here"]);
        let data = zone.file("nodes/node3/data");
        let before = contents(&data);
        let shown = zone.run(&["plan", "--node", "node3", "--move-data-aside"]).expect_code(0).stdout;
        assert!(shown.contains("is put aside") && shown.contains("join:"), "{shown}");
        assert_eq!(contents(&data), before, "plan moves nothing");
        let mut third =
            Running::start(&mut run_with(&zone, "node3", &["--move-data-aside"]), zone.around(), "node3");
        third.wait_for_line(&["put ", "nodes/node3/data aside as ", "data.aside-"]);
        third.wait_for_line(&["ready to serve client requests"]);
        let learners: Vec<_> =
            listed(&client(&zone, 1)).into_iter().filter(|(_, _, learner)| *learner).collect();
        let [(_, new, _)] = &learners[..] else { panic!("{learners:?}") };
        change_members(&client(&zone, 1), &["promote", new]);
        wait_for_quorum(&client(&zone, 3));
        let aside = std::fs::read_dir(zone.file("nodes/node3")).expect("a directory").flatten();
        let aside: Vec<_> = aside
            .map(|entry| entry.path())
            .filter(|path| path.to_string_lossy().contains("data.aside-"))
            .collect();
        let [aside] = &aside[..] else { panic!("{aside:?}") };
        assert_eq!(contents(aside), before, "what is put aside is what was there");
    });
}

/// It was down when it was removed: only the others can tell.
#[test]
fn plan_refuses_a_member_that_was_removed_while_it_was_down() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let id = id_of(&client(&zone, 1), "node3");
        members[2].stop();
        change_members(&client(&zone, 1), &["remove", &id]);
        refused(&zone, "node3", &[], 65, &[&id, REMOVED]);
        // With nobody to ask it knows of nothing, and etcd finds out itself once it is up.
        members.iter_mut().take(2).for_each(|member| {
            let _ = member.stop();
        });
        planned(&zone, "node3", "resume", &["not there: nothing listens"]);
    });
}

/// Names and contents, without the directory's own name.
fn contents(directory: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = picture(directory).into_iter();
    files
        .map(|(path, _, content)| (path.strip_prefix(directory).expect("below").to_owned(), content))
        .collect()
}
