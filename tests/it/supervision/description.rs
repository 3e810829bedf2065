//! `[[process]]`: what is read, and each fault with its place.

use std::time::Duration;

use model::config::{HttpProbe, ProcessConfig, Readiness, RestartPolicy};
use nix::sys::signal::Signal;

/// The problems of a text, as a file of it would have them.
fn problems(text: &str) -> String {
    let problems = ProcessConfig::parse_all(text).expect_err("it has problems");
    problems.iter().map(|problem| problem.render("boot.toml") + "\n").collect()
}

fn one(keys: &str) -> ProcessConfig {
    let text = format!("[[process]]\nname = \"a\"\ncommand = \"/bin/a\"\n{keys}\n");
    let mut processes = ProcessConfig::parse_all(&text).expect("it is valid");
    processes.pop().expect("a process")
}

#[test]
fn every_key_has_a_default_but_name_and_command() {
    let process = one("");
    assert_eq!(process, ProcessConfig::new("a", vec!["/bin/a".to_owned()]));
    assert_eq!((process.restart, process.ready.clone()), (RestartPolicy::OnFailure, Readiness::None));
    assert_eq!(process.stop_signal, Signal::SIGTERM);
    let seconds = [process.ready_timeout, process.stop_timeout, process.backoff].map(|time| time.as_secs());
    assert_eq!(seconds, [30, 10, 1]);
}

#[test]
fn all_keys_are_read() {
    let process =
        one("args = [\"-v\", \"\"]\nenv = { RUST_LOG = \"info\", PORT = 80 }\nuser = \"www-data\"\n\
                       dir = \"/srv\"\nrestart = \"always\"\nready = \"notify\"\nready_timeout = \"1m\"\n\
                       stop_signal = \"SIGINT\"\nstop_timeout = \"500ms\"\nbackoff = \"2s\"");
    assert_eq!(process.command, ["/bin/a", "-v", ""]);
    let env: Vec<_> = process.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(env, [("PORT", "80"), ("RUST_LOG", "info")]);
    assert_eq!(process.user.as_deref(), Some("www-data"));
    assert_eq!(process.directory.as_deref(), Some("/srv".as_ref()));
    assert_eq!((process.restart, process.ready), (RestartPolicy::Always, Readiness::Notify));
    assert_eq!((process.ready_timeout, process.stop_signal), (Duration::from_secs(60), Signal::SIGINT));
    assert_eq!((process.stop_timeout, process.backoff), (Duration::from_millis(500), Duration::from_secs(2)));
}

#[test]
fn each_kind_of_readiness_is_read() {
    let http = |address: &str, path: &str| {
        Readiness::Http(HttpProbe { address: address.parse().expect("an address"), path: path.to_owned() })
    };
    let tcp = |address: &str| Readiness::Tcp(address.parse().expect("an address"));
    let rows = [
        ("none", Readiness::None),
        ("notify", Readiness::Notify),
        ("tcp:8080", tcp("127.0.0.1:8080")),
        ("tcp:10.0.0.1:8080", tcp("10.0.0.1:8080")),
        ("tcp:[::1]:8080", tcp("[::1]:8080")),
        ("http://127.0.0.1:8080/health?full", http("127.0.0.1:8080", "/health?full")),
        ("http://localhost", http("127.0.0.1:80", "/")),
        ("http://127.1.2.3?x=1", http("127.1.2.3:80", "/?x=1")),
        ("http://[::1]:81/", http("[::1]:81", "/")),
        ("http://[::1]", http("[::1]:80", "/")),
        ("exec:/bin/check 'a b' c", Readiness::Exec(["/bin/check", "a b", "c"].map(str::to_owned).to_vec())),
    ];
    for (written, expected) in rows {
        assert_eq!(one(&format!("ready = \"{written}\"")).ready, expected, "{written}");
    }
}

#[test]
fn each_fault_is_named_with_its_place() {
    let rows = [
        ("name = \"\"", "`name` = \"\" is not a valid name"),
        ("name = \"a b\"", "is not a valid name of a process"),
        ("name = \"../a\"", "is not a valid name of a process"),
        ("command = \"\"", "`command` names no program"),
        ("command = \"a\\u0007\"", "control character"),
        ("args = [\"a\\u0000\"]", "NUL"),
        ("env = { \"A B\" = \"1\" }", "`A B` is not a valid name of an environment variable"),
        ("env = { \"1A\" = \"1\" }", "`1A` is not a valid name"),
        ("env = { A = \"\\u0000\" }", "the value of `A` has a NUL"),
        ("env = { NOTIFY_SOCKET = \"x\" }", "`NOTIFY_SOCKET` is set for each process"),
        ("user = \"a:b\"", "`user` = \"a:b\" is not a valid name"),
        ("dir = \"srv\"", "`dir` = \"srv\" is no absolute path"),
        ("restart = \"on-abort\"", "`restart` = \"on-abort\" is not offered"),
        ("ready = \"soon\"", "`ready` = \"soon\" is not offered"),
        ("ready = \"tcp:\"", "has neither a port nor ADDRESS:PORT"),
        ("ready = \"tcp:0\"", "has neither a port nor ADDRESS:PORT"),
        ("ready = \"tcp:70000\"", "has neither a port nor ADDRESS:PORT"),
        ("ready = \"http://10.0.0.1/\"", "is no URL of this host"),
        ("ready = \"http://127.0.0.1@10.0.0.1/\"", "is no URL of this host"),
        ("ready = \"http://127.0.0.1:99999/\"", "is no URL of this host"),
        ("ready = \"http://127.0.0.1/a b\"", "is no URL of this host"),
        ("ready = \"https://127.0.0.1/\"", "is not offered"),
        ("ready = \"exec:\"", "names no program"),
        ("ready = \"exec:a 'b\"", "has a quote without the other one"),
        ("ready_timeout = \"0s\"", "out of range"),
        ("stop_signal = \"SIGNAL\"", "`stop_signal` = \"SIGNAL\" is no signal"),
        ("stop_signal = \"SIGSTOP\"", "ends no process"),
        ("stop_timeout = \"soon\"", "`stop_timeout` = \"soon\""),
        ("backoff = 1", "`backoff` in [[process]] is an integer"),
        ("restrat = \"no\"", "unknown key `restrat` in [[process]]"),
    ];
    for (line, expected) in rows {
        let key = line.split(' ').next().expect("a key");
        let rest: String = ["name = \"a\"\n", "command = \"/bin/a\"\n"]
            .into_iter()
            .filter(|other| !other.starts_with(&format!("{key} ")))
            .collect();
        let found = problems(&format!("[[process]]\n{line}\n{rest}"));
        assert!(found.starts_with("boot.toml:2:") && found.contains(expected), "{line}:\n{found}");
        assert_eq!(found.matches("boot.toml:").count(), 1, "{line}:\n{found}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let found =
        problems("[[process]]\nname = \"a\"\nrestart = \"maybe\"\n[[process]]\ncommand = \"b\"\nx = 1\n");
    for expected in [
        "boot.toml:1:1: [[process]] has no `command`",
        "boot.toml:3:11: `restart`",
        "boot.toml:4:1: [[process]] has no `name`",
        "boot.toml:6:1: unknown key `x`",
    ] {
        assert!(found.contains(expected), "{expected} is not in\n{found}");
    }
}

#[test]
fn two_processes_with_one_name_are_refused() {
    let text = "[[process]]\nname = \"a\"\ncommand = \"b\"\n";
    let found = problems(&text.repeat(2));
    assert!(found.starts_with("boot.toml:4:1: two processes have the name `a`"), "{found}");
    let both = text.to_owned() + &text.replace("\"a\"", "\"c\"");
    let names: Vec<_> = ProcessConfig::parse_all(&both).expect("valid").into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["a", "c"]);
}
