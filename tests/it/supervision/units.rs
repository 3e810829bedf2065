//! Units of systemd for processes, and what they have to wait with.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use crate::golden::compare;
use crate::harness::isolation::isolated;
use crate::harness::{outcome, zone_etcd};
use model::config::{ProcessConfig, Readiness};
use model::plan::{MEMBER_UNIT, UnitFile, UnitSettings, process_units};

fn units(text: &str) -> Vec<UnitFile> {
    let processes = ProcessConfig::parse_all(text).expect("it is valid");
    let variables = [("NODE_NAME", "node1.example.zone"), ("OWN", "shared")];
    let variables: BTreeMap<_, _> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let program = Path::new("/usr/local/bin/zone-etcd");
    process_units(&processes, UnitSettings { program, after: &[MEMBER_UNIT], variables: &variables })
}

/// The lines of the one unit with this key.
fn lines(keys: &str, key: &str) -> Vec<String> {
    let units = units(&format!("[[process]]\nname = \"a\"\n{keys}\n"));
    let lines = units[0].text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    lines.map(str::to_owned).collect()
}

#[test]
fn units_are_these() {
    let text = include_str!("processes.toml");
    let units = units(text);
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    let expected = ["store", "panel", "sync", "once"].map(|name| format!("zone-etcd-process-{name}.service"));
    assert_eq!(names, expected);
    for UnitFile { name, text } in &units {
        compare(&format!("units/{name}"), text);
    }
}

#[test]
fn what_systemd_would_replace_is_escaped() {
    let rows = [
        (r#"command = "/bin/a""#, "/bin/a"),
        (r#"command = "a""#, "a"),
        (r#"command = "bin/a""#, "/usr/bin/env -- bin/a"),
        (r#"command = "-a""#, "/usr/bin/env -- -a"),
        (r#"command = "@a$b""#, r#"/usr/bin/env -- "@a$$b""#),
        (r#"command = "/b n/$a%b""#, r#""/b n/$a%%b""#),
        (
            r##"command = "/a"
            args = ["", "a b", "$HOME", "${HOME}", "%n", "'", "\"", "\\", "\\n", "\n\t\u0001",
                ";", "#", "*"]"##,
            r##"/a "" "a b" "$$HOME" "$${HOME}" "%%n" "'" "\"" "\\" "\\n" "\n\t\x01" ";" "#" "*""##,
        ),
    ];
    for (keys, expected) in rows {
        assert_eq!(lines(keys, "ExecStart"), [expected], "{keys}");
    }
    let keys = r#"command = "a"
        env = { A = "$HOME %n \"x\" \\ \n", OWN = "" }"#;
    let environment = lines(keys, "Environment");
    assert_eq!(environment, [r#""A=$HOME %%n \"x\" \\ \n""#, "NODE_NAME=node1.example.zone", "OWN="]);
    let rows = [("/a b", "/a b"), ("/a%n", "/a%%n"), ("/a\\\\", "/a\\/."), ("/a ", "/a /.")];
    for (directory, expected) in rows {
        assert_eq!(lines(&format!("command = \"a\"\ndir = \"{directory}\""), "WorkingDirectory"), [expected]);
    }
}

#[test]
fn readiness_is_written_as_it_is_read() {
    let texts =
        ["none", "notify", "tcp:127.0.0.1:80", "tcp:[::1]:80", "http://127.0.0.1:80/a?b", "exec:a 'b c' ''"];
    for text in texts {
        let ready = Readiness::parse(text).expect("it is valid");
        assert_eq!(ready.to_string(), text);
        assert_eq!(Readiness::parse(&ready.to_string()).expect("it is valid"), ready);
    }
}

#[test]
fn a_unit_waits_until_something_answers() {
    isolated(|| {
        let ready = |timeout: &str, ready: &str| {
            outcome(&mut zone_etcd(["await-ready", "--timeout", timeout, "--", ready]))
        };
        ready("100ms", "tcp:7777")
            .expect_code(69)
            .expect_error_with(&["tcp:127.0.0.1:7777 was not ready within 100ms", "Connection refused"]);
        let _listener = TcpListener::bind("127.0.0.1:7777").expect("a port");
        ready("5s", "tcp:7777").expect_code(0);
        let refused = ready("2s", "exec:sh -c 'exit 3'").expect_code(69);
        refused.expect_error_with(&["the command ended with exit code 3"]);
        // What it waits for ends with it.
        ready("200ms", "exec:sleep 1000").expect_code(69);
        assert_eq!(crate::harness::processes::processes_named("sleep"), [0_u32; 0]);
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("tries").display().to_string();
        ready("20s", &format!("exec:sh -c 'echo >> {file}; [ $(wc -l < {file}) = 3 ]'")).expect_code(0);
        for wrong in ["none", "notify", "tcp:x", "http://10.0.0.1/"] {
            ready("100ms", wrong).expect_code(64);
        }
    });
}
