//! Command lines that are wrong.

use std::os::unix::fs::chown;

use clap::CommandFactory;
use nix::unistd::geteuid;
use zone_etcd::cli::Cli;

use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::NOBODY;

#[track_caller]
fn usage_error(arguments: &[&str], texts: &[&str]) {
    let place = tempfile::tempdir().expect("a directory");
    let failed =
        outcome(zone_etcd(arguments).current_dir(place.path())).expect_code(64).expect_error_with(texts);
    assert_eq!(failed.stdout, "");
    assert!(
        std::fs::read_dir(place.path()).expect("the directory").next().is_none(),
        "something was written"
    );
}

#[test]
fn what_cannot_be_understood_exits_64() {
    usage_error(&[], &["Usage: zone-etcd [OPTIONS] <COMMAND>"]);
    usage_error(&["start"], &["unrecognized subcommand 'start'"]);
    usage_error(&["plan", "--node"], &["--node <NAME>"]);
    usage_error(&["plan", "--node", "node1", "--format", "xml"], &["'xml'", "text, json, argv, env"]);
    usage_error(&["plan", "--nod", "node1"], &["--nod"]);
    usage_error(&["run", "--node", "node1", "stray"], &["stray"]);
    usage_error(&["pki"], &["Usage: zone-etcd pki"]);
    usage_error(&["pki", "renew-all"], &["renew-all"]);
    usage_error(&["pki", "issue"], &["--all"]);
    usage_error(&["pki", "issue", "--all", "node1"], &["--all"]);
    usage_error(&["pki", "issue", "--all", "--client", "x"], &["--all"]);
    usage_error(&["ctl"], &["ARGS"]);
    usage_error(&["dev", "--nodes", "0"], &["0"]);
    usage_error(&["dev", "--nodes", "10"], &["10"]);
    usage_error(&["restart", "node1"], &["--rolling"]);
    usage_error(&["restart", "--rolling", "--node", "node1"], &["--node"]);
    usage_error(&["restart", "--rolling", "--config", "node.json"], &["--config"]);
    usage_error(&["restart", "--timeout", "soon"], &["soon"]);
    usage_error(&["member"], &["Usage: zone-etcd member"]);
    usage_error(&["defrag", "--nospace", "node1"], &["--nospace"]);
    usage_error(&["defrag", "--keep-revisions", "5"], &["--nospace"]);
    usage_error(&["snapshot", "save", "--to", "d", "--to-command", "cat"], &["--to-command"]);
    usage_error(&["completions", "tcsh"], &["tcsh"]);
    usage_error(&["man", "start"], &["there is no command `start`"]);
}

#[test]
fn hidden_commands_are_not_proposed() {
    let stderr = outcome(&mut zone_etcd(["--log-format", "json"])).expect_code(64).stderr;
    assert!(stderr.contains("requires a subcommand") && !stderr.contains("service-agent"), "{stderr}");
}

#[test]
fn what_was_meant_is_the_next_step() {
    for (typed, next) in [
        ("run infra0", "zone-etcd run --node infra0"),
        ("check infra0", "zone-etcd check --node infra0"),
        (
            "plan --format argv infra0 -- --max-txn-ops=9",
            "zone-etcd plan --format argv --node infra0 -- --max-txn-ops=9",
        ),
        ("restart infra0", "zone-etcd restart infra0 --rolling"),
        ("run --nod infra0", "zone-etcd run --node infra0"),
        ("statsu", "zone-etcd status"),
        ("pki isue --all", "zone-etcd pki issue --all"),
        ("run --node infra0 infra1", "zone-etcd run --help"),
        ("status infra0", "zone-etcd status --help"),
        ("run --node", "zone-etcd run --help"),
        ("rotate-ca", "zone-etcd pki rotate-ca"),
        ("renew a --zone z", "zone-etcd pki renew a --zone z"),
        ("get greeting", "zone-etcd ctl -- get greeting"),
        ("etcdctl get greeting", "zone-etcd ctl get greeting"),
        ("start --node a", "zone-etcd run --node a"),
        ("snapshot take", "zone-etcd snapshot save"),
        ("bundle --node b --out out --no-encryption", "zone-etcd bundle b --out out --no-encryption"),
        ("pki renew --zone z", "zone-etcd pki renew --zone z --all"),
        ("ctl --zone z", "zone-etcd ctl --zone z -- get KEY"),
        ("ctl get greeting --zone z", "put it before them: zone-etcd ctl --zone DIR -- get KEY"),
        (
            "explain systemd/zone-etcd.servic",
            "did you mean `systemd/zone-etcd.service`? zone-etcd explain systemd/zone-etcd.service",
        ),
        ("help pki --help", "zone-etcd pki --help"),
        ("help nosuch", "zone-etcd --help"),
    ] {
        let typed: Vec<&str> = typed.split(' ').collect();
        let failed = outcome(&mut zone_etcd(&typed)).expect_code(64);
        assert_eq!(
            failed.stderr.lines().last(),
            Some(&*format!("next: {next}")),
            "{typed:?}: {}",
            failed.stderr
        );
    }
}

#[test]
fn a_command_typed_beside_a_zone_or_within_it_names_the_zone() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let within = zone.file("ca");
    for place in [zone.around(), &within] {
        let failed = outcome(zone_etcd(["pki", "list"]).current_dir(place)).expect_code(66);
        let named = format!("run the command with --zone {}", zone.path().display());
        assert!(failed.stderr.contains(&named), "{named}: {}", failed.stderr);
    }
    let failed = zone.run(&["member", "add", "node2"]).expect_code(64);
    let new = format!("zone-etcd member add --node node2=ADDRESS --zone {}", zone.path().display());
    assert!(failed.stderr.contains(&new), "{}", failed.stderr);
}

/// Its description would choose what is run.
#[test]
fn the_zone_of_another_user_is_not_proposed() {
    if !geteuid().is_root() {
        return;
    }
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    chown(zone.file("zone.toml"), Some(NOBODY), None).expect("root may");
    let failed = outcome(zone_etcd(["pki", "list"]).current_dir(zone.around())).expect_code(66);
    assert!(!failed.stderr.contains("a zone is in"), "{}", failed.stderr);
}

/// As to every POSIX tool, it is as if the variable were not there.
#[test]
fn an_empty_tmpdir_is_none() {
    let missing = "/nonexistent/etcd";
    for command in ["dev", "self-test"] {
        let failed = outcome(zone_etcd([command, "--etcd", missing]).env("TMPDIR", ""));
        assert!(
            failed.stderr.contains(missing) && !failed.stderr.contains("cannot write"),
            "{}",
            failed.stderr
        );
    }
}

/// An activated node knows which node it is; a zone has several.
#[test]
fn a_zone_directory_needs_the_name_of_a_node() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
    for command in ["plan", "run", "check", "restart"] {
        outcome(&mut zone.command(&[command])).expect_code(64).expect_error_with(&[
            "which node of example.zone is meant?",
            "--node",
            "node1, node2, node3",
        ]);
    }
}

#[test]
fn help_and_version_are_data() {
    for arguments in
        [["--help"].as_slice(), &["-h"], &["help"], &["run", "--help"], &["pki", "issue", "--help"]]
    {
        let shown = outcome(&mut zone_etcd(arguments)).expect_code(0);
        assert!(shown.stdout.contains("Usage: zone-etcd"), "{arguments:?}: {}", shown.stdout);
        assert_eq!(shown.stderr, "");
    }
    let version = outcome(&mut zone_etcd(["--version"])).expect_code(0);
    assert_eq!(version.stdout, format!("zone-etcd {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let shown = outcome(&mut zone_etcd(["--help"])).expect_code(0);
    for code in
        ["64 usage", "65 bad input", "66 missing input", "69 ", "70 ", "73 ", "75 ", "77 permission", "78 "]
    {
        assert!(shown.stdout.contains(code), "no `{code}` in {}", shown.stdout);
    }
}

#[test]
fn the_zone_can_be_given_by_the_environment() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let call =
        |zone: &std::path::Path| outcome(zone_etcd(["plan", "--node", "node1"]).env("ZONE_ETCD_ZONE", zone));
    call(&zone.path()).expect_code(0);
    call(&zone.around().join("other")).expect_code(66);
    // What is written on the command line wins.
    let mut command = zone.command(&["plan", "--node", "node1"]);
    outcome(command.env("ZONE_ETCD_ZONE", "/no/such/zone")).expect_code(0);
}

/// A reader that has seen enough, such as `head`, is no fault of the program.
#[test]
fn a_closed_pipe_is_no_failure() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let mut command = std::process::Command::new("bash");
    command.args(["-c", "set -o pipefail; \"$0\" plan --node node1 --zone \"$1\" --format json | true"]);
    outcome(command.arg(crate::harness::program()).arg(zone.path())).expect_code(0);
}

#[test]
fn nothing_is_coloured_that_is_not_a_terminal() {
    let zone = TestZone::empty();
    let mut command = zone.command(&["plan", "--node", "node1"]);
    let refused = outcome(command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1")).expect_code(66);
    assert!(!refused.stderr.contains('\u{1b}'), "{:?}", refused.stderr);
}

/// A zone and a node are told apart by what is there, and neither is made or moved for the other.
#[test]
fn a_directory_of_the_other_kind() {
    let place = tempfile::tempdir().expect("a directory");
    let node = place.path().join("n1");
    std::fs::create_dir(&node).expect("a directory");
    std::fs::write(node.join("node.json"), "{}").expect("a local config");
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let zone_path = zone.path().display().to_string();
    let proposes = |arguments: &[&str], directory: &std::path::Path, step: &str| {
        let mut command = zone_etcd(arguments);
        let refused = outcome(command.current_dir(directory)).expect_error_with(&[step]);
        let next =
            refused.stderr.lines().find(|line| line.starts_with("next: ")).expect("a next step").to_owned();
        assert!(!next.contains("move") && (step.contains("NODE_DIR") || !next.contains("init")), "{next}");
    };
    for command in ["run", "plan", "check", "status"] {
        proposes(&[command, "--config", "n1"], place.path(), "did you mean --config n1/node.json?");
        proposes(
            &[command, "--config", &zone_path],
            place.path(),
            &format!("did you mean --zone {zone_path}?"),
        );
        proposes(
            &[command, "--config", "empty"],
            place.path(),
            "name the file itself: --config NODE_DIR/node.json",
        );
        proposes(
            &[command, "--zone", "n1"],
            place.path(),
            "did you mean the node that is there? --config n1/node.json",
        );
        proposes(&[command], &node, "--config ./node.json");
        proposes(&[command], &empty, "on an activated node: --config NODE_DIR/node.json");
    }
    // It has no --config.
    proposes(&["pki", "list", "--zone", "n1"], place.path(), "run the command where the zone directory is");
}

/// What the program lists of an option is the same for every command, and the environment of who looks is not
/// in it.
#[test]
fn the_help_does_not_depend_on_the_environment() {
    for command in [["run"].as_slice(), &["bundle"], &["pki", "list"], &["init"]] {
        let mut help = zone_etcd(command);
        let shown = outcome(help.arg("--help").env("ZONE_ETCD_ZONE", "/somewhere")).expect_code(0).stdout;
        assert!(shown.contains("[env: ZONE_ETCD_ZONE]"), "{command:?}: {shown}");
        assert!(!shown.contains("/somewhere"), "{command:?}: {shown}");
    }
}

#[test]
fn help_says_what_an_option_is_for_in_this_command() {
    let words = |arguments: &[&str]| {
        let shown = outcome(&mut zone_etcd(arguments)).expect_code(0).stdout;
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (command, text) in [
        (
            ["ca", "lock", "--help"].as_slice(),
            "Read the passphrase to encrypt with, or that keys are encrypted with,",
        ),
        (&["init", "--help"], "Read the passphrase to encrypt with (--lock)"),
        (&["ctl", "--help"], "Run the etcdctl beside this etcd binary"),
        (&["activate", "--help"], "or of the CA that signs in its place"),
        (&["activate", "--help"], "the first line of this file, which must be mode 0600"),
        (&["bundle", "--help"], "Without NODE= every bundle is encrypted to it"),
        (&["--help"], "List, check, issue, request, sign and export certificates"),
        (&["man", "--help"], "zone-etcd man | man -l -"),
    ] {
        let shown = words(command);
        assert!(shown.contains(text), "no `{text}` in {shown}");
    }
}

/// A command is described when it is called, and then by the words of the list that it is in.
#[test]
fn a_command_says_of_itself_what_the_list_says() {
    let described = Cli::described();
    let listed = Cli::command();
    let mut open = vec![(&listed, &described)];
    let mut count = 0;
    while let Some((listed, described)) = open.pop() {
        for below in listed.get_subcommands() {
            let called = described.find_subcommand(below.get_name()).expect("the same command");
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            assert_eq!(about(called), about(below), "{}", below.get_name());
            open.push((below, called));
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
