//! Verdicts have a colour on a terminal, unless it is not wanted.

use std::io::Read;
use std::process::Command;

use crate::harness::terminal::open_terminal;
use crate::harness::{TestZone, zone_etcd};

/// What a terminal receives on standard output.
fn shown(zone: &TestZone, arguments: &[&str], no_color: &str) -> String {
    shown_by(zone.command(arguments), no_color)
}

fn shown_by(mut command: Command, no_color: &str) -> String {
    let (mut reader, terminal) = open_terminal();
    let mut child = command.env("NO_COLOR", no_color).stdout(terminal).spawn().expect("it runs");
    // The command has the terminal open as well.
    drop(command);
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    // It ends with an error once the last one who has the terminal open is gone.
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        received.extend_from_slice(&buffer[..count]);
    }
    child.wait().expect("it ends");
    String::from_utf8(received).expect("UTF-8")
}

#[test]
fn verdicts_have_a_colour() {
    let zone = TestZone::init("example.zone", &["node1=127.0.7.4"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    for (arguments, verdict) in [
        (&["check", "--node", "node1"][..], "  \x1b[32mok\x1b[0m           certificate-files"),
        (&["doctor"], "\nexample.zone: \x1b[31munhealthy\x1b[0m, "),
        (&["status"], "example.zone  \x1b[31mno quorum\x1b[0m  no leader"),
        (&["status"], "  node1  \x1b[31mdown\x1b[0m "),
    ] {
        let text = shown(&zone, arguments, "");
        assert!(text.contains(verdict), "{arguments:?}: {text}");
        assert!(!shown(&zone, arguments, "1").contains('\x1b'), "{arguments:?}");
        assert!(!zone.run(arguments).stdout.contains('\x1b'), "{arguments:?}");
    }
}

#[test]
fn pages_have_a_colour() {
    let page = || zone_etcd(["explain", "quota"]);
    let text = shown_by(page(), "");
    assert!(text.starts_with("\x1b[1;36mThe database has reached its quota\x1b[0m\r\n"), "{text}");
    let plain = shown_by(page(), "1");
    assert!(
        plain.starts_with("The database has reached its quota\r\n") && !plain.contains('\x1b'),
        "{plain}"
    );
}
