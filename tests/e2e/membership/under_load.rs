//! Members come and go while clients write: nothing that was acknowledged is lost, and no write fails for
//! good.

use serde_json::Value;

use super::{NODES, add, members};
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, make_leader};
use crate::harness::supervised::supervise_on_loopback;

/// The longest gap of each step beside that of the same run while nothing happened. How long is too long,
/// `scripts/bench members` says.
fn tell_gaps(told: &Value) {
    let gap = |span: &Value| span["longest_gap_ms"].as_f64().expect("a gap");
    let spans = told["spans"].as_array().expect("spans");
    let noise = spans.iter().filter(|span| span["name"] == "nothing").map(gap).fold(0.0, f64::max);
    for span in spans {
        println!("{}: {:.0} ms, nothing: {noise:.0} ms", span["name"], gap(span));
    }
}

#[test]
fn from_one_to_five_and_back() {
    isolated(|| walk("3.7.3"));
}

#[test]
fn long_from_one_to_five_and_back_on_3_6() {
    isolated(|| walk("3.6.16"));
}

#[test]
fn long_from_one_to_five_and_back_on_3_5() {
    isolated(|| walk("3.5.35"));
}

/// From one member to five and to one again, the leader among those that go.
#[track_caller]
fn walk(version: &str) {
    let zone = crate::upgrade::zone_of(1, version);
    let mut running = supervise_on_loopback(&zone, &NODES[..1]);
    // One that stays, and one that is told of all.
    let mut writers = vec![GoWriter::start_pinned(&zone, &["https://127.0.0.1:2379"])];
    let begins = |writers: &mut Vec<GoWriter>, what: &str| {
        writers.iter_mut().for_each(|writer| writer.begins(what));
    };
    // What the machine costs while members are only looked at.
    begins(&mut writers, "nothing");
    zone.run(&["doctor"]).expect_code(0);
    for number in 2..=3 {
        begins(&mut writers, &format!("add-{number}"));
        running.push(add(&zone, number));
    }
    let endpoints = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];
    let options = ["-try", "100ms", "-watch"];
    writers.push(GoWriter::start_with(&zone, &endpoints, "watched", &options, |command| command));
    begins(&mut writers, "nothing");
    zone.run(&["doctor"]).expect_code(0);
    for number in 4..=5 {
        begins(&mut writers, &format!("add-{number}"));
        running.push(add(&zone, number));
    }
    let etcdctl = etcdctl(&zone, &endpoints.join(","));
    for node in [NODES[4], NODES[3], NODES[2], NODES[1]] {
        if node == NODES[2] {
            begins(&mut writers, "remove-leader");
            make_leader(&etcdctl, NODES[2]);
        } else {
            begins(&mut writers, "remove");
        }
        zone.run(&["member", "remove", node, "--yes", "--allow-no-tolerance"]).expect_code(0);
    }
    writers.into_iter().for_each(|writer| tell_gaps(&writer.finish_unharmed()));
    assert_eq!(members(&zone).len(), 1);
    zone.run(&["doctor"]).expect_code(0);
}
