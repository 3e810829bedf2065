//! What has no end, or nobody at its other end: it is refused, and nothing waits for it or grows with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::stat::Mode;

use super::{issued_zone, issued_zone_of_one};
use crate::harness::processes::until;
use crate::harness::programs::write_program;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::{Refusal, install_program, one_member};

/// Runs a command that would hang, or take all memory, if it were not refused; it is killed then.
#[track_caller]
fn ends(command: &mut Command) -> Outcome {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let (out, err) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its errors"));
    let read = |from| thread::spawn(move || std::io::read_to_string(from).expect("text"));
    let errors = thread::spawn(move || std::io::read_to_string(err).expect("text"));
    let (output, mut ended) = (read(out), None);
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ended = Some(until("its end", || child.try_wait().expect("a child")));
    }));
    if waited.is_err() {
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it is there");
        child.wait().expect("a child");
        panic!("it does not end");
    }
    let code = ended.and_then(|status| status.code()).expect("an exit code");
    Outcome { code, stdout: output.join().expect("text"), stderr: errors.join().expect("text") }
}

fn pipe_at(path: &Path) {
    let _ = fs::remove_file(path);
    nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe");
}

#[test]
fn pipes_in_the_place_of_files() {
    for file in ["state.json", "lock", "data/zone-etcd.nonce", "etcd.json", "pki/current/peer.crl"] {
        let (zone, etcd) = issued_zone_of_one();
        let place = zone.file("nodes/node1").join(file);
        fs::create_dir_all(place.parent().expect("a directory")).expect("a directory");
        pipe_at(&place);
        let told = ends(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()]));
        assert!(!told.stderr.contains("panicked"), "{file}: {}", told.stderr);
        match file {
            "state.json" => drop(told.expect_refusal(65, &[file, "it is not a regular file"])),
            "lock" => drop(told.expect_refusal(73, &[file, "it is not a regular file"])),
            _ => {}
        }
        ends(&mut zone.command(&["plan", "--node", "node1"]));
        ends(&mut zone.command(&["check", "--node", "node1"]));
    }
    for file in ["issued.jsonl", "bundles.jsonl", "ca/token", "ca/given.json", "ca/root.crt", "zone.toml"] {
        let (zone, _etcd) = issued_zone_of_one();
        pipe_at(&zone.file(file));
        for arguments in [&["pki", "issue", "--all"][..], &["pki", "check"], &["pki", "list"], &["init"]] {
            let told = ends(&mut zone.command(arguments));
            assert!(!told.stderr.contains("panicked"), "{file}: {}", told.stderr);
        }
    }
}

#[test]
fn files_of_etcd_that_are_pipes() {
    let (zone, etcd) = issued_zone_of_one();
    for file in ["member/wal/0000000000000000-0000000000000000.wal", "member/snap/db"] {
        let place = zone.file("nodes/node1/data").join(file);
        fs::create_dir_all(place.parent().expect("a directory")).expect("a directory");
        pipe_at(&place);
        let told = ends(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()]));
        assert!(told.code != 0 && !told.stderr.contains("panicked"), "{file}: {}", told.stderr);
        fs::remove_dir_all(zone.file("nodes/node1/data")).expect("the data");
    }
}

#[test]
fn a_ca_certificate_without_end() {
    let zone = TestZone::empty();
    let pipe = zone.around().join("pipe");
    pipe_at(&pipe);
    for path in ["/dev/zero", pipe.to_str().expect("UTF-8")] {
        let words =
            ["init", "--name", "example.zone", "--node", "node1=127.0.0.1", "--ca-cert", path, "--external"];
        ends(&mut zone.command(&words)).expect_refusal(65, &[path, "it is not a regular file"]);
    }
    // Larger than any memory, and without a block on the disk.
    let sparse = zone.around().join("sparse");
    fs::File::create(&sparse).and_then(|file| file.set_len(1 << 42)).expect("a sparse file");
    let sparse = sparse.to_str().expect("UTF-8");
    let words =
        ["init", "--name", "example.zone", "--node", "node1=127.0.0.1", "--ca-cert", sparse, "--external"];
    ends(&mut zone.command(&words)).expect_refusal(65, &["sparse", "bytes, of at most"]);
}

#[test]
fn an_etcd_that_prints_for_ever_or_nothing() {
    let zone = one_member();
    for (name, script) in [("prints", "#!/bin/sh\nexec yes\n"), ("hangs", "#!/bin/sh\nexec sleep 1000\n")] {
        let etcd = zone.around().join(name);
        write_program(&etcd, script);
        let etcd = etcd.to_str().expect("UTF-8");
        for command in ["plan", "run"] {
            ends(&mut zone.command(&[command, "--node", "node1", "--etcd", etcd]))
                .expect_refusal(65, &["--version` failed"]);
        }
    }
}

#[test]
fn a_description_that_is_too_long() {
    let zone = TestZone::described("");
    let file = fs::OpenOptions::new().write(true).open(zone.file("zone.toml")).expect("zone.toml");
    file.set_len((16 << 20) + 1).expect("its length");
    ends(&mut zone.command(&["plan", "--node", "node1"]))
        .expect_refusal(65, &["zone.toml", "it has 16777217 bytes, of at most 16777216"]);
}

/// The bytes that are read to find the place of each must not grow with their square: 40,000 would take a
/// minute.
#[test]
fn unknown_keys_are_counted_once() {
    let keys: String = (0..40_000).map(|number| format!("unknown{number} = 1\n")).collect();
    let zone = TestZone::described(&format!("{keys}[zone]\nname = \"example.zone\"\n"));
    let told = ends(&mut zone.command(&["plan", "--node", "node1"])).expect_code(78);
    assert!(told.stderr.contains("zone.toml:40000:1: unknown key `unknown39999`"));
    let keys: String = (0..40_000).map(|number| format!(",\n\"unknown{number}\": 1")).collect();
    fs::write(zone.around().join("node.json"), format!("{{\"nam\": \"\"{keys}}}")).expect("a file");
    let config = zone.around().join("node.json");
    let mut command = crate::harness::zone_etcd(["plan", "--config"]);
    let told = ends(command.arg(config)).expect_code(78);
    assert!(told.stderr.contains("node.json:40001:1: warning: `unknown39999`"), "{}", &told.stderr[..500]);
}

/// Who may write it says who gets certificates, and with `[access]` what is run.
#[test]
fn a_description_that_others_may_write() {
    for mode in [0o666, 0o664, 0o646] {
        let (zone, _etcd) = issued_zone();
        fs::set_permissions(zone.file("zone.toml"), PermissionsExt::from_mode(mode)).expect("a mode");
        for arguments in [&["plan", "--node", "node1"][..], &["pki", "issue", "--all"], &["status"]] {
            outcome(&mut zone.command(arguments)).expect_refusal(
                77,
                &["others can write to", "zone.toml", &format!("its mode is 0{mode:o}"), "chmod go-w"],
            );
        }
        let told = outcome(&mut zone.command(&["plan", "--node", "node1"]));
        let next = told.stderr.split("was changed: ").nth(1).expect("a next step");
        outcome(Command::new("sh").args(["-c", next])).expect_code(0);
        zone.run(&["plan", "--node", "node1"]).expect_code(0);
    }
}

/// A user of whom there is no other process, who may have so many threads: somewhere in between, each of them
/// is the one that fails.
#[test]
fn no_thread_is_to_be_had() {
    const ALONE: u32 = 54_321;
    let (zone, etcd) = issued_zone();
    let program = install_program(zone.around());
    let owned = Command::new("chown").args(["-R", &format!("{ALONE}:{ALONE}")]).arg(zone.around()).status();
    assert!(owned.expect("chown runs").success());
    let mut without_threads = 0;
    for arguments in [
        &["plan", "--node", "node2", "--etcd", etcd.as_argument()][..],
        &["check", "--node", "node2"],
        &["doctor"],
        &["status"],
        &["pki", "check"],
        &["pki", "renew", "node2"],
    ] {
        for threads in 1..=6 {
            let mut command = Command::new("prlimit");
            command.arg(format!("--nproc={threads}:{threads}")).arg("--").arg(&program).args(arguments);
            command.arg("--zone").arg(zone.path()).uid(ALONE).gid(ALONE).current_dir("/");
            let told = ends(&mut command);
            assert!(!told.stderr.contains("panicked"), "{arguments:?}: {}", told.stderr);
            assert!(told.code < 128, "{arguments:?}: {}", told.code);
            without_threads += u32::from(told.stderr.contains("no thread is to be had"));
        }
    }
    assert!(without_threads > 0, "a start says so");
}
