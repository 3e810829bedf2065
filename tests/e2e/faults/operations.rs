//! What is done to the zone meanwhile, in random order.

use std::fs;
use std::time::{Duration, Instant};

use super::Run;
use super::machines::{NODES, addresses, described};
use super::operator::Step;
use super::tally::STUCK;
use crate::harness::draw::Draw;

type Operation = fn(&Run, &mut Draw);

/// Each as often as it is here.
const OPERATIONS: [Operation; 16] = [
    renew,
    revoke,
    revoke,
    rotate,
    rotate_root,
    rotate_back,
    restart,
    leave_and_return,
    leave_and_return,
    replace,
    replace,
    update,
    defragment,
    snapshot,
    look,
    look,
];

/// Does one after the other until the time is over.
pub fn work(run: &Run, mut draw: Draw, until: Instant) {
    let mut left: Vec<Operation> = Vec::new();
    while Instant::now() < until && run.tally().violations.is_empty() {
        if left.is_empty() {
            left = OPERATIONS.to_vec();
        }
        let operation = left.swap_remove(draw.below(left.len()));
        operation(run, &mut draw);
    }
    run.calm.stop();
}

fn renew(run: &Run, _: &mut Draw) {
    run.carry_out(&Step::new("renew", &["pki", "renew", "--all"]));
}

/// A client's certificate leaks: from its revocation on no member serves it.
pub fn revoke(run: &Run, _: &mut Draw) {
    let client = format!("leaked-{}", run.number());
    let holder = format!("client/{client}");
    if !run.carry_out(&Step::new("issue", &["pki", "issue", "--client", &client])) {
        return;
    }
    let leaked = run.keep_leaked(&client);
    if run.carry_out(&Step::new("revoke", &["pki", "revoke", &holder, "--reason", "keyCompromise"])) {
        run.is_revoked(leaked);
    }
}

fn rotate(run: &Run, draw: &mut Draw) {
    let plane = draw.of(&["client", "peer"]);
    let rotate = ["pki", "rotate-ca", "--plane", plane, "--force", "--timeout", "20s"];
    run.carry_out(&Step::new("rotate", &rotate).finished_by(&["pki", "rotate-ca"]));
}

fn rotate_root(run: &Run, _: &mut Draw) {
    let rotate = ["pki", "rotate-ca", "--root", "--force", "--timeout", "20s"];
    run.carry_out(&Step::new("rotate-root", &rotate).finished_by(&["pki", "rotate-ca"]));
}

/// Up to a stage, and back to the CA of before.
fn rotate_back(run: &Run, draw: &mut Draw) {
    let (plane, stage) = (draw.of(&["client", "peer"]), draw.of(&["trust-both", "new-leaves"]));
    let rotate = ["pki", "rotate-ca", "--plane", plane, "--force", "--stop-after", stage, "--timeout", "20s"];
    let goes_on = ["pki", "rotate-ca", "--plane", plane, "--stop-after", stage];
    if run.carry_out(&Step::new("rotate-stop", &rotate).finished_by(&goes_on)) {
        run.carry_out(&Step::new("rotate-back", &["pki", "rotate-ca", "--rollback"]));
    }
}

fn restart(run: &Run, _: &mut Draw) {
    run.carry_out(&Step::new("restart", &["restart", "--rolling", "--timeout", "20s"]));
}

/// Five become four, and a learner becomes the fifth.
fn leave_and_return(run: &Run, draw: &mut Draw) {
    let node = draw.of(&NODES);
    let timeout = ["--timeout", "40s"];
    let add = [&["member", "add", node, "--learner"][..], &timeout].concat();
    let steps = [
        Step::new("remove", &["member", "remove", node, "--yes", "--allow-no-tolerance"]),
        Step::new("add", &add),
        Step::new("promote", &["member", "promote", node]),
    ];
    let _ = steps.iter().all(|step| run.carry_out(step));
    clear_aside(run);
}

/// A disk is lost.
fn replace(run: &Run, draw: &mut Draw) {
    let node = draw.below(NODES.len());
    run.note(&format!("the disk of {} is lost", NODES[node]));
    run.machines.kill(node);
    let _ = fs::remove_dir_all(run.machines.disk(node).join("data"));
    let replace = ["member", "replace", NODES[node], "--yes", "--no-snapshot", "--timeout", "40s"];
    run.carry_out(&Step::new("replace", &replace));
    clear_aside(run);
}

fn update(run: &Run, draw: &mut Draw) {
    move_member(run, draw.below(NODES.len()));
}

/// A member moves to the other address of its machine.
pub fn move_member(run: &Run, node: usize) {
    let from = run.machines.address(node);
    let to = addresses(node).into_iter().find(|address| *address != from).expect("two addresses");
    let file = run.machines.zone.file("zone.toml");
    let text = fs::read_to_string(&file).expect("zone.toml");
    fs::write(&file, text.replace(&described(&from), &described(&to))).expect("zone.toml");
    run.carry_out(&Step::new("update", &["member", "update", NODES[node], "--timeout", "20s"]));
}

fn defragment(run: &Run, _: &mut Draw) {
    run.carry_out(&Step::new("defrag", &["defrag", "--over", "64KiB"]));
}

fn snapshot(run: &Run, _: &mut Draw) {
    if run.carry_out(&Step::new("snapshot-save", &["snapshot", "save", "--keep", "2"])) {
        run.carry_out(&Step::new("snapshot-verify", &["snapshot", "verify"]));
    }
}

/// What only looks has an end by itself, whatever it sees.
fn look(run: &Run, draw: &mut Draw) {
    let (command, limit) = draw.of(&[("status", 20), ("doctor", 40)]);
    let begun = Instant::now();
    let told = run.once(command, &[command]);
    if begun.elapsed() > Duration::from_secs(limit) {
        run.found(STUCK, &format!("{command} took {:?}:\n{}", begun.elapsed(), told.stdout));
    }
    if [0, 65, 69, 75, 78].contains(&told.code) {
        run.tally().done(command);
    } else if told.code != -1 {
        run.found(super::tally::ENDING, &format!("{command} ended with {}:\n{}", told.code, told.stderr));
    }
}

/// What was set aside on the nodes, which have small disks.
pub fn clear_aside(run: &Run) {
    for node in 0..NODES.len() {
        let entries = fs::read_dir(run.machines.disk(node)).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().contains(".aside-")) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
