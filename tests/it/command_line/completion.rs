//! Completion of commands, options and values, in bash, zsh and fish themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use zone_etcd::cli::Cli;

use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};

const NODES: [&str; 2] = ["alpha=127.0.9.1", "beta=127.0.9.2"];

fn zone() -> TestZone {
    let zone = TestZone::init("example.com", &NODES);
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    zone
}

/// The shell with the program in its PATH, and the script of completions in `$script`.
fn shell(name: &str, zone: &TestZone) -> Command {
    let script = outcome(&mut zone_etcd(["completions", name])).expect_code(0).stdout;
    let file = zone.around().join(format!("completions.{name}"));
    fs::write(&file, script).expect("written");
    let own = program().parent().expect("a directory").to_owned();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&inherited)));
    let mut command = Command::new("timeout");
    command.args(["60", name]).current_dir(zone.around());
    command.env("PATH", path.expect("PATH")).env("script", file).env("HOME", zone.around());
    command.env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG");
    command
}

/// What the program proposes for the last of these words.
fn proposed(zone: &TestZone, words: &[&str]) -> Outcome {
    let mut command = Command::new(program());
    command.arg("--").arg("zone-etcd").args(words).env("ZONE_ETCD_COMPLETE", "fish");
    command.env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG").current_dir(zone.around());
    let done = outcome(&mut command).expect_code(0);
    assert_eq!(done.stderr, "", "{words:?}");
    done
}

fn values(zone: &TestZone, words: &[&str]) -> Vec<String> {
    let done = proposed(zone, words);
    done.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// Relative, as it is typed.
fn typed(zone: &TestZone) -> String {
    zone.path().strip_prefix(zone.around()).expect("below").to_string_lossy().into_owned()
}

/// Lines that are typed, and what the last word becomes.
fn lines(zone: &TestZone) -> [(String, &'static str); 8] {
    let z = typed(zone);
    [
        (format!("zone-etcd pki issue --zone {z} al"), "alpha"),
        (format!("zone-etcd pki issue --zone={z} al"), "alpha"),
        (format!("zone-etcd plan --zone {z} --node be"), "beta"),
        (format!("zone-etcd pki issue --zone {z} --client ba"), "backup"),
        ("zone-etcd pki rotate-ca --stop-after tr".to_owned(), "trust-both"),
        ("zone-etcd pki rotate-ca --plane cl".to_owned(), "client"),
        ("zone-etcd pki iss".to_owned(), "issue"),
        ("zone-etcd explain problems/quo".to_owned(), "problems/quota"),
    ]
}

#[test]
fn bash_completes_what_is_typed() {
    let zone = zone();
    let asked = r#"source "$script"; bind 'set completion-ignore-case off' 2>/dev/null
        IFS=' ' read -ra parts <<<"${1//=/ = }"
        COMP_WORDS=("${parts[@]}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $(complete -p zone-etcd | sed 's/.*-F \([^ ]*\).*/\1/') zone-etcd "${COMP_WORDS[COMP_CWORD]}" x
        echo "${COMPREPLY[*]}""#;
    for (line, word) in lines(&zone) {
        let done = outcome(shell("bash", &zone).args(["-c", asked, "bash", &line])).expect_code(0);
        assert_eq!((done.stdout.trim(), done.stderr.as_str()), (word, ""), "{line}");
    }
    // Behind the equals sign, bash replaces what follows it alone.
    let line = format!("zone-etcd pki issue --zone {} --client=ba", typed(&zone));
    let done = outcome(shell("bash", &zone).args(["-c", asked, "bash", &line])).expect_code(0);
    assert_eq!(done.stdout.trim(), "backup");
}

fn add_nodes(zone: &TestZone, count: usize) {
    let node = |n| format!("[[node]]\nname = \"node-{n}\"\naddress = \"n{n}.example.com\"\nmember = false\n");
    let file = zone.file("zone.toml");
    let text = fs::read_to_string(&file).expect("the description");
    fs::write(&file, text + &(0..count).map(node).collect::<String>()).expect("written");
}

/// Of a zone that takes long to read, nothing is proposed: a shell waits while it asks.
#[test]
fn a_huge_zone_holds_up_no_shell() {
    let zone = zone();
    add_nodes(&zone, 60_000);
    let begun = Instant::now();
    proposed(&zone, &["plan", "--zone", &typed(&zone), "--node", ""]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Names of files are anyone's: bash makes no pattern of them, and readline is told to quote them.
#[test]
fn bash_runs_nothing_of_a_name() {
    let zone = zone();
    let asked = r#"source "$script"; cd "$1"
        compopt() { if [[ $1 != +o ]]; then echo "compopt $1 $2"; fi; }
        ask() { COMP_WORDS=(zone-etcd plan --zone "$1"); COMP_CWORD=3
            _clap_complete_zone_etcd zone-etcd "$1" x
            printf '<%s>' "${COMPREPLY[@]}"; echo; }
        ask x; ask '*'; ask plain"#;
    let directory = zone.around().join("names");
    for name in ["x$(touch PWN)y", "x z", "*", "plain"] {
        std::fs::create_dir_all(directory.join(name)).expect("a directory");
    }
    let done = outcome(shell("bash", &zone).args(["-c", asked, "bash"]).arg(&directory)).expect_code(0);
    let expected = "compopt -o filenames\n<x z/><x$(touch PWN)y/>\ncompopt -o filenames\n<*/>\n<plain/>\n";
    let lines: Vec<&str> = done.stdout.lines().filter(|line| *line != "compopt -o nospace").collect();
    let swapped = expected.replace("<x z/><x$(touch PWN)y/>", "<x$(touch PWN)y/><x z/>");
    let shown = lines.join("\n") + "\n";
    assert!(shown == expected || shown == swapped, "{shown}");
}

/// The terminal is the shell's: what is in the way of an answer is not told.
#[test]
fn bash_is_told_nothing_where_the_program_is_gone() {
    let zone = zone();
    let asked = r#"source "$script"; PATH=/nowhere; COMP_WORDS=(zone-etcd pl); COMP_CWORD=1
        _clap_complete_zone_etcd zone-etcd pl zone-etcd"#;
    let done = outcome(shell("bash", &zone).args(["-c", asked])).expect_code(0);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
}

#[test]
fn fish_completes_what_is_typed() {
    let zone = zone();
    for (line, word) in lines(&zone) {
        let asked = "source $script; complete -C $argv[1]";
        let done = outcome(shell("fish", &zone).args(["--no-config", "-c", asked, &line])).expect_code(0);
        let first = done.stdout.split(['\t', '\n']).next().unwrap_or_default();
        assert_eq!((first, done.stderr.as_str()), (word, ""), "{line}: {}", done.stdout);
    }
}

/// In a zsh on a terminal of its own: the line is typed, then Tab, then a key that shows the line.
const IN_ZSH: &str = r#"
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "PROMPT= ; autoload -U compinit; compinit -u -D"
if [[ $1 == fpath ]]; then
    mkdir -p $HOME/functions; cp $script $HOME/functions/_zone-etcd
    zpty -w inner "fpath=($HOME/functions \$fpath); compinit -u -D"
else
    zpty -w inner "source $script"
fi
zpty -w inner 'show() { print -r -- "<$BUFFER>"; BUFFER= ; }; zle -N show'
zpty -w inner 'bindkey "^B" show; bindkey "^I" complete-word'
zpty -w inner 'print rea""dy'
zpty -r inner seen '*ready*'
zpty -n -w inner "$2"$'\t\x02'
zpty -r inner seen '*<*>*'
seen=${seen##*<}
print -r -- "${seen%%>*}"
zpty -d inner
"#;

#[test]
fn zsh_completes_what_is_typed() {
    let zone = zone();
    let cases = lines(&zone);
    let from_fpath = [("fpath", &cases[0])];
    for (how, (line, word)) in cases.iter().map(|case| ("source", case)).chain(from_fpath) {
        let done = outcome(shell("zsh", &zone).args(["-f", "-c", IN_ZSH, "zsh", how, line])).expect_code(0);
        let last = done.stdout.trim_end().rsplit([' ', '=']).next().unwrap_or_default();
        assert_eq!(last, *word, "{how} {line}: {}", done.stdout);
    }
}

/// zsh itself takes the square of their number to describe proposals.
#[test]
fn zsh_proposes_the_nodes_of_a_large_zone_as_soon_as_bash() {
    let zone = zone();
    add_nodes(&zone, 60_000);
    let line = format!("zone-etcd plan --zone {} --node n", typed(&zone));
    let begun = Instant::now();
    let done = outcome(shell("zsh", &zone).args(["-f", "-c", IN_ZSH, "zsh", "source", &line]));
    let last = done.expect_code(0).stdout.trim_end().rsplit(' ').next().map(str::to_owned);
    assert_eq!(last.as_deref(), Some("node-"), "what all have in common");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Every argument that takes a node, a member or a client proposes those of the zone.
#[test]
fn every_argument_that_takes_a_node_proposes_nodes() {
    let zone = zone();
    let z = typed(&zone);
    let mut count = 0;
    let mut open: Vec<(Vec<String>, clap::Command)> = vec![(Vec::new(), Cli::described())];
    while let Some((names, command)) = open.pop() {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            open.push(([names.clone(), vec![below.get_name().to_owned()]].concat(), below.clone()));
        }
        for argument in command.get_arguments() {
            let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
            let expected = match (argument.get_id().as_str(), value) {
                (_, Some("NODE" | "NEWNODE" | "MEMBER" | "NODE,...")) | ("node", Some("NAME")) => "alpha",
                ("client" | "clients", Some("NAME")) => "backup",
                (_, Some("NODE | client/NAME | SERIAL")) => "client/backup",
                _ => continue,
            };
            let option = argument.get_long().map(|long| format!("--{long}"));
            let words = [names.clone(), vec!["--zone".to_owned(), z.clone()]].concat();
            let words: Vec<&str> =
                words.iter().map(String::as_str).chain(option.as_deref()).chain([""]).collect();
            count += 1;
            assert!(values(&zone, &words).iter().any(|value| value == expected), "{words:?}");
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn values_are_those_of_the_zone_that_is_meant() {
    let (zone, other) = (zone(), TestZone::init("example.org", &["gamma=127.0.9.3"]));
    let z = typed(&zone);
    let here = ["pki", "issue", "--zone", &z, ""];
    assert!(values(&zone, &here).contains(&"alpha".to_owned()));
    // The environment, and before it the command line.
    let ask = |words: &[&str]| {
        let mut command = Command::new(program());
        command.args(["--", "zone-etcd"]).args(words).env("ZONE_ETCD_COMPLETE", "fish");
        command.env("ZONE_ETCD_ZONE", other.path()).env_remove("ZONE_ETCD_CONFIG");
        outcome(command.current_dir(zone.around())).expect_code(0).stdout
    };
    assert!(ask(&["pki", "issue", ""]).starts_with("gamma\t127.0.9.3\n"));
    let named = ask(&here);
    assert!(named.contains("alpha\t") && !named.contains("gamma"), "{named}");
    // As it is typed: quoted, and below the home directory.
    let quoted = ["pki", "issue", "--zone", &format!("'{z}'"), "al"];
    assert_eq!(values(&zone, &quoted), ["alpha"]);
    // An activated node.
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let out = zone.file("out").to_string_lossy().into_owned();
    zone.run(&["bundle", "alpha", "--no-encryption", "--out", &out]).expect_code(0);
    zone.activate(&zone.file("out/alpha.bundle"), &zone.around().join("n"));
    assert_eq!(values(&zone, &["plan", "--config", "n/node.json", "--node", "b"]), ["beta"]);
    // Several nodes in one word.
    assert_eq!(values(&zone, &["recover", "--zone", &z, "--dead", "alpha,b"]), ["alpha,beta"]);
}

#[test]
fn snapshots_are_those_of_the_zone() {
    let zone = zone();
    fs::create_dir(zone.file("snapshots")).expect("a directory");
    fs::write(zone.file("snapshots/one.db"), "").expect("a file");
    let z = typed(&zone);
    for command in ["status", "verify", "restore"] {
        let found = values(&zone, &["snapshot", command, "--zone", &z, ""]);
        assert!(found.contains(&format!("{z}/snapshots/one.db")), "{command}: {found:?}");
    }
}

/// Everything in a directory, with what a write would change.
fn state(directory: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        found.insert(path.clone(), (metadata.len(), metadata.modified().expect("a time")));
        if metadata.is_dir() {
            found.extend(state(&path));
        }
    }
    found
}

/// Nothing is written, and what is wrong is not told: not even that there is no zone.
#[test]
fn is_silent_and_writes_nothing() {
    let zone = zone();
    let z = typed(&zone);
    let before = state(zone.around());
    let nodes = ["pki", "issue", "--zone", &z, ""];
    assert!(values(&zone, &nodes).contains(&"alpha".to_owned()));
    values(&zone, &["pki", "revoke", "--zone", &z, ""]);
    values(&zone, &["snapshot", "restore", "--zone", &z, ""]);
    assert_eq!(state(zone.around()), before);
    assert!(values(&zone, &["plan", "--zone", "nowhere", "--node", ""]).is_empty());
    fs::write(zone.file("zone.toml"), "name = 1\n[[").expect("written");
    assert!(!values(&zone, &nodes).contains(&"alpha".to_owned()));
    assert!(values(&zone, &["plan", "--zone", &z, "--node", ""]).is_empty());
    assert!(values(&zone, &["no-such-command", ""]).len() < 100);
}
