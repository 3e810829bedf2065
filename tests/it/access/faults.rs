//! What can go wrong between the signing host and a node: a script stands in for ssh.

use std::path::Path;
use std::time::Instant;

use super::{read, stand_in, with_command};
use crate::harness::{Outcome, TestZone};
use crate::support::{HOSTILE, Tree, assert_harmless};

/// Renews node1 by a script, and sees that the zone has what it had.
#[track_caller]
fn fails(script: &str, more: &str) -> (TestZone, Outcome) {
    let zone = with_command("PLACE/stand-in --of {name} {address}", more);
    let place = zone.around().display().to_string();
    crate::support::replace_in(&zone.file("zone.toml"), "PLACE", &place);
    stand_in(&zone, script);
    let before = Tree::of(&zone.file("nodes/node1/pki/current"));
    let told = zone.run(&["pki", "renew", "node1"]);
    Tree::of(&zone.file("nodes/node1/pki/current")).assert_same_as(&before, "it is put back");
    assert!(told.stderr.contains("generation 1 is in use again, as before"), "{}", told.stderr);
    let counted = |start: &str| told.stderr.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((counted("error: "), counted("next: ")), (1, 1), "{}", told.stderr);
    (zone, told)
}

#[test]
fn nobody_is_there() {
    let script = "echo 'ssh: connect to host 127.0.0.1 port 22: Connection refused' >&2; exit 255";
    let (zone, told) = fails(script, "");
    let reach = format!("{}/stand-in --of node1 127.0.0.1 --version", zone.around().display());
    told.expect_code(69).expect_error_with(&["node1 is not reached", "Connection refused", &reach]);

    // The others need not wait for it.
    let script = "[ $2 = node2 ] && exit 255; [ $2 = node3 ] && exit 255; exit 3";
    stand_in(&zone, script);
    zone.run(&["pki", "renew", "node2", "node3", "--client", "health"])
        .expect_code(69)
        .expect_error_with(&["error: node2 is not reached", "node3 is not reached"]);
    let health = zone.run(&["pki", "list", "--format", "json"]).expect_code(0).stdout;
    assert!(health.contains("client/health"), "{health}");
    assert!(zone.file("clients/health/gen-2").is_dir(), "the client was renewed");
}

/// No shell is between the file and the command: what is in quotes is one word, and nothing else in it means
/// anything.
#[test]
fn words_are_handed_on_as_they_stand() {
    let zone = with_command("PLACE/stand-in 'two  words' {full} root@{address} '' $HOME;id 'a{name}b'", "");
    crate::support::replace_in(&zone.file("zone.toml"), "PLACE", &zone.around().display().to_string());
    stand_in(&zone, "for word; do echo \"<$word>\"; done > $0.words; exit 255");
    zone.run(&["pki", "renew", "node1"]).expect_code(69);
    let words = String::from_utf8(read(&zone.around().join("stand-in.words"))).expect("text");
    let words: Vec<&str> = words.lines().collect();
    let own = ["<two  words>", "<node1.example.zone>", "<root@127.0.0.1>", "<>", "<$HOME;id>", "<anode1b>"];
    assert_eq!(words[..6], own);
    assert_eq!(words[6..11], ["<activate>", "<->", "<--format>", "<json>", "<--root-fingerprint>"]);
    assert_eq!(words[12..].len(), 2, "{words:?}");
    assert_eq!(words[12], "<--node-dir>");
}

#[test]
fn the_command_is_not_there() {
    let zone = with_command("/nowhere/ssh {name}", "");
    zone.run(&["pki", "renew", "node1"]).expect_code(69).expect_error_with(&[
        "node1 is not reached",
        "`/nowhere/ssh` cannot be run",
        "next: correct `command` of [access]",
    ]);
    let (_zone, told) = fails("echo 'sh: 1: zone-etcd: not found' >&2; exit 127", "");
    told.expect_code(66).expect_error_with(&["zone-etcd is not run on node1", "not found"]);
}

#[test]
fn the_node_says_why() {
    let script = "cat > /dev/null; printf 'error: cannot write /x\\n  No space left\\nnext: free space\\n' \
                  >&2; exit 73";
    let (_zone, told) = fails(script, "");
    told.expect_code(73).expect_error_with(&[
        "error: node1: cannot write /x\n  No space left\n",
        "next: node1 advises: free space",
    ]);
    let (_zone, told) = fails("echo 'ouch \\033[31m' >&2; exit 9", "");
    assert!(!told.stderr.contains('\u{1b}'), "nothing reaches the terminal as it is: {:?}", told.stderr);
    told.expect_code(69).expect_error_with(&["node1: `zone-etcd activate` has ended with 9", "ouch"]);
}

/// Whoever has a node decides what it says.
#[test]
fn nothing_that_a_node_says_reaches_the_terminal() {
    let hostile = |form: &str| {
        let said = form.replace("HOSTILE", HOSTILE);
        let octal: String = said.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        format!("cat > /dev/null; printf '{octal}'")
    };
    let answer = "{\"result\":\"activated\",\"node\":\"HOSTILE\",\"zone\":\"z\",\
                  \"generation\":1,\"previous\":null,\
                  \"sequence\":1,\"manifest_sha256\":\"\",\"restart_reasons\":[\"HOSTILE\"]}";
    let json = serde_json::to_string(HOSTILE).expect("JSON");
    let answer = answer.replace("\"HOSTILE\"", &json);
    for (script, code) in [
        (hostile("error: HOSTILE\n  HOSTILE\nnext: HOSTILE\n") + " >&2; exit 73", 73),
        (hostile("HOSTILE") + " >&2; exit 255", 69),
        (hostile("HOSTILE"), 65),
        (hostile(&answer), 65),
        (hostile(&answer.replace("activated", "HOSTILE")), 65),
    ] {
        let (_zone, told) = fails(&script, "");
        assert_harmless(&told);
        told.expect_code(code);
    }
    let long = "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 73";
    let (_zone, told) = fails(long, "");
    assert!(told.stderr.len() < 2000, "{} bytes", told.stderr.len());
}

#[test]
fn what_is_answered_is_no_answer() {
    for (script, why) in [
        ("cat > /dev/null; echo 'Welcome to node1!'", "it begins with: Welcome to node1!"),
        ("exec cat", "it is not the JSON of an activation"),
        ("exit 0", "it is empty"),
        ("exec 0<&- 1>&- 2>&-; exit 0", "it is empty"),
        ("cat > /dev/null; echo '{\"result\":\"activated\"}'", "it is not the JSON of an activation"),
        ("cat > /dev/null; head -c 9000000 /dev/zero", "it is not the JSON of an activation"),
    ] {
        let (_zone, told) = fails(script, "");
        told.expect_code(65)
            .expect_error_with(&["node1 has not answered as `zone-etcd activate` answers", why]);
    }
    let other = "cat > /dev/null; echo \
                 '{\"result\":\"activated\",\"node\":\"NODE\",\"zone\":\"example.zone\",\
                 \"generation\":1,\"previous\":null,\"sequence\":7,\"manifest_sha256\":\"ab\"}'";
    let (_zone, told) = fails(&other.replace("NODE", "node2.example.zone"), "");
    told.expect_code(65).expect_error_with(&["it is the answer of node2.example.zone"]);
    let (_zone, told) = fails(&other.replace("NODE", "node1.example.zone"), "");
    told.expect_code(65)
        .expect_error_with(&["node1 has not taken what was brought", "bundle 7 is in use there, and not 1"]);
}

#[test]
fn one_that_hangs_is_ended_with_all_that_it_started() {
    let script = "echo waiting >&2; sleep 1000 & echo $! > $0.child; echo $$ > $0.pid; wait";
    let began = Instant::now();
    let (zone, told) = fails(script, "limit = \"1s\"\n");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    told.expect_code(69).expect_error_with(&[
        "node1 is not reached",
        "it took longer than 1s, and was ended",
        "waiting",
        "raise `limit`",
    ]);
    for file in ["stand-in.pid", "stand-in.child"] {
        let pid = String::from_utf8(read(&zone.around().join(file))).expect("a number");
        let status = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("status"));
        // Nobody may have reaped it here, where the first process is another's.
        assert!(status.is_err() || status.is_ok_and(|text| text.contains("State:\tZ")), "{file} is left");
    }
}

/// As the master connection of ssh does, which stays when the command has ended.
#[test]
fn what_stays_in_the_background_is_not_waited_for() {
    let zone = with_command("PLACE/stand-in", "limit = \"20s\"\n");
    crate::support::replace_in(&zone.file("zone.toml"), "PLACE", &zone.around().display().to_string());
    let program = crate::harness::program();
    stand_in(
        &zone,
        &format!("sleep 1000 2>&2 >/dev/null & echo $! > $0.child; {} \"$@\"", program.display()),
    );
    let began = Instant::now();
    let told = zone.run(&["pki", "renew", "node1", "--format", "json"]);
    let child = String::from_utf8(read(&zone.around().join("stand-in.child"))).expect("a number");
    let child = nix::unistd::Pid::from_raw(child.trim().parse().expect("a process id"));
    nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).expect("it is there still");
    told.expect_code(0);
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
}
