//! Operations on a zone that runs tell on a terminal how far they are, and leave nothing of that.

use std::io::Write;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, run_command};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::terminal::{OnTerminal, Received, open_terminal, stays};
use crate::harness::{TestZone, program};
use crate::snapshot::fill;

fn zone() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &["node1", "node2", "node3"]);
    (zone, running)
}

#[test]
fn members_that_are_restarted_are_counted() {
    isolated(|| {
        let (zone, _running) = zone();
        let mut restart = OnTerminal::start(&mut zone.command(&["restart", "--rolling"]));
        restart.received.expect("restarting ");
        restart.received.expect(" of 3 members, about ");
        let (rest, status) = restart.ended();
        assert_eq!(status.code(), Some(0), "{rest:?}");
        let stays = stays(&rest);
        assert!(stays.iter().any(|line| line.contains("takes requests again, after")), "{rest:?}");
        assert!(!stays.iter().any(|line| line.contains(" left")) && stays.last() == Some(&""), "{rest:?}");
    });
}

#[test]
fn bytes_of_a_snapshot_are_counted() {
    isolated(|| {
        let (zone, _running) = zone();
        fill(&zone, 8);
        let slow = ["snapshot", "save", "--to-command", "sleep 3; cat >/dev/null"];
        let mut save = OnTerminal::start(&mut zone.command(&slow));
        save.received.expect("saving ");
        save.received.expect(" MiB, about ");
        let (rest, status) = save.ended();
        assert_eq!(status.code(), Some(0), "{rest:?}");
        assert!(!stays(&rest).iter().any(|line| line.contains("saving")), "{rest:?}");
    });
}

/// A member that waits for others says so as long as it does, and becomes etcd on a line of its own.
#[test]
fn a_member_tells_how_long_it_waits() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut first = OnTerminal::start(&mut run_command(&zone, "node1", &[]));
        first.received.expect("gives up after 600 s");
        for seconds in 2..5 {
            first.received.expect(&format!("waiting {seconds} of at most 600 s: node2 (not there"));
        }
        let _others = supervise_on_loopback(&zone, &["node2", "node3"]);
        first.received.expect("\r\x1b[2K");
        first.received.expect("ready to serve client requests");
        kill(Pid::from_raw(first.child.id() as i32), Signal::SIGTERM).expect("it runs");
        let (rest, _) = first.ended();
        assert!(!stays(&rest).iter().any(|line| line.contains("waiting")), "{rest:?}");
    });
}

/// A shell has the terminal, and someone types there.
#[test]
fn a_job_in_the_background_writes_over_nothing() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let (mut keyboard, terminal) = open_terminal();
        let [input, output, errors] = [(); 3].map(|()| terminal.try_clone().expect("the terminal"));
        let mut shell = Command::new("setsid");
        shell.args(["--ctty", "--wait", "bash", "--norc", "-i"]).env("TERM", "xterm");
        let mut shell = shell.stdin(input).stdout(output).stderr(errors).spawn().expect("a shell");
        drop(terminal);
        let mut received = Received::of(&keyboard);
        let mut type_in = |text: String| keyboard.write_all(text.as_bytes()).expect("typed");
        let (program, zone) = (program(), zone.path());
        type_in(format!("{} run --node node1 --zone {} &\n", program.display(), zone.display()));
        received.expect("gives up after 600 s");
        // As long as two lines take.
        type_in("timeout 3 tail -f /dev/null; echo over$((1 + 1))\n".to_owned());
        let meanwhile = received.expect("over2");
        assert!(!meanwhile.contains("waiting "), "{meanwhile:?}");
        type_in("fg\n".to_owned());
        received.expect("waiting ");
        type_in("\x03exit\n".to_owned());
        shell.wait().expect("it ends");
    });
}

#[test]
fn a_rehearsal_tells_how_far_it_is() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut rehearsal = OnTerminal::start(&mut zone.command(&["pki", "rotate-ca", "--rehearse"]));
        rehearsal.received.expect(" of 9 steps, ");
        rehearsal.received.expect("rotating 8/9, restarting ");
        let (rest, status) = rehearsal.ended();
        assert_eq!(status.code(), Some(0), "{rest:?}");
        assert!(!stays(&rest).iter().any(|line| line.contains("rotating")), "{rest:?}");
    });
}

/// What reads lines of JSON is no person, terminal or not.
#[test]
fn lines_for_programs_are_not_written_over() {
    isolated(|| {
        let (zone, _running) = zone();
        let restart = ["--log-format", "json", "restart", "--rolling"];
        let (told, status) = OnTerminal::start(&mut zone.command(&restart)).ended();
        assert_eq!(status.code(), Some(0), "{told:?}");
        assert!(told.contains("restarting node1 of "), "{told:?}");
        assert!(
            !told.contains("\x1b[K") && !told.contains("\x1b[2K") && !told.contains(" of 3 members"),
            "{told:?}"
        );
    });
}
