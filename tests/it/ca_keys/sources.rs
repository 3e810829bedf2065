//! Where a passphrase comes from, and that it goes nowhere else.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{RIGHT, locked_zone, passphrase_file, with_file, without_terminal};
use crate::harness::programs::write_program;
use crate::harness::{Outcome, TestZone, outcome, program};
use crate::support::Others;

/// A shell command in which `"$@"` is a call that has something to issue.
#[track_caller]
fn shell(zone: &TestZone, script: &str) -> Outcome {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let client = format!("client{}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let mut command = Command::new("setsid");
    command.args(["--wait", "bash", "-c", script, "bash"]).arg(program());
    command.args(["pki", "issue", "--client", &client, "--zone"]).arg(zone.path());
    command.current_dir(zone.around()).stdin(Stdio::null()).env_remove("CREDENTIALS_DIRECTORY");
    outcome(&mut command)
}

#[test]
fn a_file_descriptor_of_every_kind() {
    let (zone, _) = locked_zone(&[]);
    for script in [
        r#""$@" --ca-passphrase-fd 3 3<passphrase"#,
        r#""$@" --ca-passphrase-fd 3 3< <(cat passphrase)"#,
        r#""$@" --ca-passphrase-fd 0 <passphrase"#,
        r#"cat passphrase | "$@" --ca-passphrase-fd 0"#,
        r#""$@" --ca-passphrase-fd 250 250<<<"correct horse""#,
        // The writer keeps it open: one line is enough.
        r#""$@" --ca-passphrase-fd 3 3< <(echo correct horse; exec sleep 5)"#,
        r#"exec 3<passphrase; rm passphrase; "$@" --ca-passphrase-fd 3"#,
    ] {
        shell(&zone, script).expect_code(0).expect_error_with(&["issued 1 certificate"]);
    }
}

#[test]
fn a_file_descriptor_that_gives_nothing() {
    let (zone, _) = locked_zone(&[]);
    let cases: [(&str, i32, &str); 4] = [
        (r#""$@" --ca-passphrase-fd 77"#, 66, "it is not open"),
        (r#""$@" --ca-passphrase-fd 3 3</dev/null"#, 65, "its first line is empty"),
        (r#""$@" --ca-passphrase-fd=-1"#, 64, "--ca-passphrase-fd"),
        (
            r#""$@" --ca-passphrase-fd 3 --ca-passphrase-file passphrase 3<passphrase"#,
            64,
            "cannot be used with",
        ),
    ];
    for (script, code, text) in cases {
        shell(&zone, script).expect_code(code).expect_error_with(&[text]);
    }
}

#[test]
fn files() {
    let (zone, _) = locked_zone(&[]);
    let issue = ["pki", "issue", "--client", "one"];
    let long = format!("{}\n", "x".repeat(5000));
    let bad: [(&[u8], &str); 5] = [
        (b"", "its first line is empty"),
        (b"\n", "its first line is empty"),
        (b"\ncorrect horse\n", "its first line is empty"),
        (b"\xff\xfe\n", "not text in UTF-8"),
        (long.as_bytes(), "too long"),
    ];
    for (content, text) in bad {
        let file = passphrase_file(&zone, "bad", content);
        with_file(&zone, &issue, &file).expect_code(65).expect_error_with(&[text, "next: "]);
    }
    with_file(&zone, &issue, Path::new("/nonexistent"))
        .expect_code(66)
        .expect_error_with(&["does not exist"]);
    with_file(&zone, &issue, zone.around()).expect_code(65).expect_error_with(&["regular file"]);

    let open = passphrase_file(&zone, "open", "correct horse\n");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o640)).expect("a mode");
    with_file(&zone, &issue, &open).expect_code(77).expect_error_with(&["its mode is 0640", "chmod 600"]);

    for (number, content) in
        ["correct horse", "correct horse\r\n", "correct horse\nanother\n"].iter().enumerate()
    {
        let file = passphrase_file(&zone, "good", content);
        with_file(&zone, &["pki", "issue", "--client", &format!("good{number}")], &file).expect_code(0);
    }
}

/// systemd gives the unit's user an access list, which shows as rights of the group.
#[test]
fn a_credential_of_systemd() {
    let (zone, file) = locked_zone(&[]);
    let credentials = zone.around().join("credentials");
    std::fs::create_dir(&credentials).expect("a directory");
    let credential = credentials.join("zone-etcd.ca-passphrase");
    std::fs::copy(&file, &credential).expect("a credential");
    std::fs::set_permissions(&credential, PermissionsExt::from_mode(0o440)).expect("a mode");
    let call = |client: &str| {
        let mut command = zone.command(&["pki", "issue", "--client", client]);
        command.env("CREDENTIALS_DIRECTORY", &credentials).stdin(Stdio::null());
        command
    };
    outcome(&mut call("one")).expect_code(0);
    // What is named on the command line is used.
    let wrong = passphrase_file(&zone, "wrong", "another\n");
    outcome(call("two").arg("--ca-passphrase-file").arg(wrong)).expect_code(77);
    std::fs::remove_file(&credential).expect("removed");
    without_terminal(&zone, &["pki", "issue", "--client", "two"]).expect_code(66);
}

/// The program that `run` becomes has neither the descriptor nor the passphrase in its arguments or
/// environment, and nothing that was written anywhere has it.
#[test]
fn it_reaches_neither_etcd_nor_any_file() {
    let (zone, file) = locked_zone(&[]);
    with_file(&zone, &["pki", "issue", "node2", "node3"], &file).expect_code(0);
    let _others = Others::of(&zone, "node1");
    let etcd = zone.around().join("etcd");
    let seen = zone.around().join("seen");
    let script = format!(
        "#!/bin/bash\nif [ \"$*\" = --version ]; then echo 'etcd Version: 3.7.3'; exit; fi\n\
         {{ tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; ls -l /proc/$$/fd; }} >{}\n",
        seen.display()
    );
    write_program(&etcd, &script);
    let mut command = Command::new("bash");
    command.args(["-c", "exec \"$@\" --ca-passphrase-fd 33 33<\"$0\""]).arg(&file).arg(program());
    command.args(["run", "--node", "node1", "--etcd"]).arg(&etcd).arg("--zone").arg(zone.path());
    let run = outcome(&mut command).expect_code(0);
    let seen = std::fs::read_to_string(&seen).expect("what etcd saw");
    assert!(seen.contains("--initial-cluster"), "{seen}");
    for text in [&seen, &run.stdout, &run.stderr] {
        assert!(!text.contains(RIGHT), "{text}");
    }
    assert!(!seen.contains("33 ->") && !seen.contains(&file.display().to_string()), "{seen}");
    let mut search = Command::new("grep");
    outcome(search.args(["-r", RIGHT]).arg(zone.path())).expect_code(1);
}
