//! What an activation writes, and what it says.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use host::NodeLock;
use serde_json::Value;

use super::{
    activate, activated, add_to_description, bundle, command, described, fingerprint, json, node_directory,
    zone,
};
use crate::harness::{outcome, zone_etcd};
use crate::support::{Refusal, Tree, replace_in};

#[test]
fn the_first_bundle_makes_the_node() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let around = Tree::of(zone.around()).paths().count();
    let file = bundle(&zone, "node1");
    let before = Tree::of(&zone.path());
    let told = activated(&zone, &file, &directory);
    assert_eq!(told["result"], "activated");
    assert_eq!(
        (told["node"].as_str(), told["zone"].as_str()),
        (Some("node1.example.zone"), Some("example.zone"))
    );
    assert_eq!((told["generation"].as_u64(), told["previous"].as_u64()), (Some(1), None));
    assert_eq!(
        (told["may_bootstrap"].as_bool(), told["restart_needed"].as_bool()),
        (Some(true), Some(false))
    );
    let run = format!("zone-etcd run --config {}", directory.join("node.json").display());
    assert!(told["next"].as_str().expect("a next step").ends_with(&run), "{told}");

    assert_eq!(
        fs::read_link(directory.join("node.json")).expect("a link"),
        Path::new("pki/current/node.json")
    );
    for (path, mode) in [("", 0o700), ("pki", 0o700), ("pki/gen-1", 0o700), ("pki/gen-1/peer.key", 0o600)] {
        let found = fs::metadata(directory.join(path)).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
    let left: Vec<_> =
        fs::read_dir(directory.join("pki")).expect("pki").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left.len(), 2, "only the generation and the link: {left:?}");
    Tree::of(&zone.path()).assert_same_as(&before, "an activation elsewhere");
    assert!(Tree::of(zone.around()).paths().count() > around);
    assert!(!Tree::of(&directory).paths().any(|path| path.ends_with("root.key")), "no CA key");
    let mut plan = zone_etcd(["plan", "--config"]);
    outcome(plan.arg(directory.join("node.json"))).expect_code(0);
}

#[test]
fn the_same_bundle_twice_changes_nothing() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "node1"), node_directory(&zone, "n1"));
    activated(&zone, &file, &directory);
    let before = Tree::of(&directory);
    let told = json(&activate(&file, &directory, &["--format", "json"]).expect_code(0));
    assert_eq!((told["result"].as_str(), told["generation"].as_u64()), (Some("unchanged"), Some(1)));
    Tree::of(&directory).assert_same_as(&before, "the same bundle");
    // What an interruption can leave out is made up for.
    fs::remove_file(directory.join("node.json")).expect("the link");
    activate(&file, &directory, &[]).expect_code(0);
    Tree::of(&directory).assert_same_as(&before, "the same bundle once more");
}

#[test]
fn a_bundle_comes_through_standard_input() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "worker"), node_directory(&zone, "worker"));
    let arguments = ["--root-fingerprint", &fingerprint(&zone), "--format", "json"];
    let mut command = command(Path::new("-"), &directory, &arguments);
    let told = json(&outcome(command.stdin(File::open(file).expect("the bundle"))).expect_code(0));
    assert_eq!(told["may_bootstrap"], false, "no member runs on it");
    assert!(told["next"].as_str().expect("a next step").contains("client.crt"), "{told}");
}

#[test]
fn it_says_what_a_member_that_runs_does_not_notice() {
    let changes = [
        ("", "server_names = [\"etcd.example.zone\"]\n", None),
        ("[etcd]\nquota = \"4GiB\"\n", "", Some("[etcd] changed")),
    ];
    for (etcd, pki, reason) in changes {
        let zone = zone();
        let directory = node_directory(&zone, "n1");
        activated(&zone, &bundle(&zone, "node1"), &directory);
        add_to_description(&zone, &format!("[pki]\n{pki}{etcd}"));
        let told = json(&activate(&bundle(&zone, "node1"), &directory, &["--format", "json"]).expect_code(0));
        assert_eq!(told["restart_needed"], reason.is_some(), "{told}");
        assert_eq!(told["restart_reasons"][0].as_str(), reason);
        assert_eq!(told["previous"], 1);
    }
}

/// The right is for one cluster, and a later bundle for the same one does not take it away.
#[test]
fn the_right_to_bootstrap_outlives_a_later_bundle_of_the_same_cluster() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    assert_eq!(activated(&zone, &bundle(&zone, "node1"), &directory)["may_bootstrap"], true);
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    let second = bundle(&zone, "node1");
    let told = json(&activate(&second, &directory, &["--format", "json"]).expect_code(0));
    assert_eq!(told["may_bootstrap"], true, "it had the right, and has not used it");

    // On a machine that was made again, the same bundle may only join.
    let rebuilt = node_directory(&zone, "rebuilt");
    assert_eq!(activated(&zone, &second, &rebuilt)["may_bootstrap"], false);

    // With another list of members it would be another cluster.
    let node3 = |address: &str| format!("name = \"node3\"\naddress = \"{address}\"");
    replace_in(&zone.file("zone.toml"), &node3("127.0.0.1"), &node3("127.0.0.3"));
    let told = json(&activate(&bundle(&zone, "node1"), &directory, &["--format", "json"]).expect_code(0));
    assert_eq!(told["may_bootstrap"], false, "{told}");
}

/// Generations are removed after some time, and the right must not go with the one that it came in.
#[test]
fn the_right_to_bootstrap_outlives_the_generation_that_it_came_in() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let description = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    for number in 2..=7 {
        let names = format!("[pki]\nserver_names = [\"etcd{number}.example.zone\"]\n");
        std::fs::write(zone.file("zone.toml"), description.clone() + &names).expect("zone.toml");
        let told = json(&activate(&bundle(&zone, "node1"), &directory, &["--format", "json"]).expect_code(0));
        assert_eq!((told["sequence"].as_u64(), told["may_bootstrap"].as_bool()), (Some(number), Some(true)));
    }
    assert!(!directory.join("pki/gen-1").exists(), "the first generation is gone");
}

/// A machine that is rebuilt after years with the bundle that it began with does not know that it has voted.
#[test]
fn the_right_to_bootstrap_of_an_old_bundle_is_worth_nothing() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let plan = || outcome(zone_etcd(["plan", "--config"]).arg(directory.join("node.json")));
    assert!(plan().expect_code(0).stdout.contains("bootstrap"));
    let manifest = directory.join("pki/current/manifest.json");
    let mut text: Value = serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
    text["issued_at"] = "2020-02-29T00:00:00Z".into();
    fs::write(&manifest, text.to_string()).expect("a manifest");
    plan().expect_refusal(
        69,
        &["bundle is of 2020-02-29", "may only join", "no other member answers", "--allow-bootstrap node2"],
    );
}

#[test]
fn a_local_config_of_the_users_is_not_replaced() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "node1"), node_directory(&zone, "n1"));
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("its mode");
    fs::write(directory.join("node.json"), "{}").expect("a file");
    let before = Tree::of(&directory);
    let known = ["--root-fingerprint", &fingerprint(&zone)];
    activate(&file, &directory, &known).expect_refusal(73, &["node.json is there", "mv "]);
    Tree::of(&directory).assert_same_as(&before, "an activation that was refused");
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "node1"), node_directory(&zone, "n1"));
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("its mode");
    activate(&file, &directory, &["--root-fingerprint", &fingerprint(&zone)])
        .expect_refusal(77, &["others can use", "chmod 700"]);
}

#[test]
fn only_one_at_a_time() {
    let zone = zone();
    let (file, directory) = (bundle(&zone, "node1"), node_directory(&zone, "n1"));
    activated(&zone, &file, &directory);
    let held = File::open(&directory).expect("the directory");
    held.try_lock().expect("nobody holds it");
    activate(&file, &directory, &[]).expect_refusal(75, &["another command activates"]);
    // Not by closing alone: a process that another test starts at this instant has the directory until its
    // exec.
    held.unlock().expect("it is given up");
    activate(&file, &directory, &[]).expect_code(0);
}

/// etcd holds the lock of the node directory as long as it runs.
#[test]
fn it_works_while_the_member_runs() {
    let zone = described(&super::nodes());
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let _lock = NodeLock::take(&directory.join("lock")).expect("nobody holds it");
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
}

/// Whether a member runs is told by the lock that it holds.
#[test]
fn the_next_step_is_to_start_a_member_that_does_not_run() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    let next = |file: &Path| {
        json(&activate(file, &directory, &["--format", "json"]).expect_code(0))["next"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    let second = bundle(&zone, "node1");
    let start = format!("start its member: zone-etcd run --config {}", directory.join("node.json").display());
    assert_eq!(next(&second), start);
    assert_eq!(next(&second), start);
    let _lock = NodeLock::take(&directory.join("lock")).expect("nobody holds it");
    assert_eq!(next(&second), "nothing to do: its member runs");
    replace_in(&zone.file("zone.toml"), "\"etcd.example.zone\"", "\"store.example.zone\"");
    let told = next(&bundle(&zone, "node1"));
    assert!(told.starts_with("nothing: the member that runs reads its certificates again"), "{told}");
}

/// A pipe in the place of a file would be waited for.
#[test]
fn a_pipe_in_the_place_of_a_file_is_refused() {
    for file in ["manifest.json", "zone.toml"] {
        let zone = zone();
        let directory = node_directory(&zone, "n1");
        let bundle = bundle(&zone, "node1");
        activated(&zone, &bundle, &directory);
        let path = directory.join("pki/gen-1").join(file);
        fs::remove_file(&path).expect("the file");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let mut command = std::process::Command::new("timeout");
        let call = self::command(&bundle, &directory, &[]);
        command.arg("20").arg(call.get_program()).args(call.get_args()).stdin(std::process::Stdio::null());
        outcome(&mut command).expect_refusal(65, &["not a regular file"]);
    }
}

/// What a refused activation has made is not left behind; what was there is.
#[test]
fn a_refused_first_bundle_leaves_nothing() {
    let zone = zone();
    let bundle = bundle(&zone, "node1");
    let known = fingerprint(&zone);
    // What is wrong is found at its end.
    let mut longer = fs::read(&bundle).expect("the bundle");
    longer.push(b'x');
    let wrong = zone.around().join("wrong.bundle");
    fs::write(&wrong, longer).expect("written");
    let deep = zone.around().join("a/b/n1");
    activate(&wrong, &deep, &["--root-fingerprint", &known])
        .expect_refusal(65, &["wrong.bundle", "the end of a bundle"]);
    assert!(!zone.around().join("a").exists(), "directories are left");
    let present = zone.around().join("present");
    fs::create_dir(&present).expect("a directory");
    activate(&wrong, &present, &["--root-fingerprint", &known])
        .expect_refusal(77, &["its mode is", &format!("next: chmod 700 {}", present.display())]);
    fs::set_permissions(&present, PermissionsExt::from_mode(0o700)).expect("its mode");
    activate(&wrong, &present, &["--root-fingerprint", &known])
        .expect_refusal(65, &["wrong.bundle", "the end of a bundle"]);
    assert_eq!(fs::read_dir(&present).expect("it is there").count(), 0);
    activate(&bundle, &present, &["--root-fingerprint", &known]).expect_code(0);
}

#[test]
fn a_file_in_the_place_of_the_node_directory() {
    let zone = zone();
    let file = zone.around().join("file");
    fs::write(&file, "x").expect("a file");
    let refused = activate(&bundle(&zone, "node1"), &file, &["--root-fingerprint", &fingerprint(&zone)])
        .expect_refusal(65, &["is not a directory", "--node-dir"]);
    assert!(!refused.stderr.contains("zone directory"), "{}", refused.stderr);
}
