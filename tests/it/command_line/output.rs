//! `--output`: what is not a regular file stays what it is.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use crate::harness::{Outcome, TestZone};

/// Nothing listens there, and a report says so.
fn zone() -> TestZone {
    TestZone::init("example.zone", &["node1=127.0.0.1:22380:22379"])
}

#[track_caller]
fn report_to(zone: &TestZone, path: &Path) -> Outcome {
    let path = path.to_str().expect("UTF-8");
    zone.run(&["status", "--format", "prometheus", "--output", path]).expect_code(69)
}

fn is_report(text: &str) -> bool {
    text.starts_with("# HELP zone_etcd_build_info") && text.ends_with('\n')
}

#[test]
fn a_pipe_is_written_to() {
    let zone = zone();
    let (pipe, link) = (zone.around().join("pipe"), zone.around().join("link"));
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe");
    symlink("pipe", &link).expect("a link");
    for path in [&pipe, &link] {
        // Open for both, so that neither waits for the other if nobody comes.
        let mut read = OpenOptions::new().read(true).write(true).open(&pipe).expect("the pipe");
        let reader = thread::spawn(move || {
            let mut text = Vec::new();
            while !text.ends_with(b"END") {
                let mut some = [0; 4096];
                let count = read.read(&mut some).expect("the pipe");
                text.extend_from_slice(&some[..count]);
            }
            text.truncate(text.len() - 3);
            String::from_utf8(text).expect("text")
        });
        let end = OpenOptions::new().read(true).write(true).open(&pipe).expect("the pipe");
        report_to(&zone, path);
        std::io::Write::write_all(&mut &end, b"END").expect("the pipe");
        assert!(is_report(&reader.join().expect("the reader")));
        assert!(fs::symlink_metadata(&pipe).expect("it is there").file_type().is_fifo());
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    }
}

#[test]
fn a_device_is_written_to() {
    let zone = zone();
    let null = zone.around().join("null");
    match mknod(&null, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(1, 3)) {
        Ok(()) => {}
        // Only root makes devices, and not in every container.
        Err(_) => return,
    }
    report_to(&zone, &null);
    assert!(fs::symlink_metadata(&null).expect("it is there").file_type().is_char_device());
}

#[test]
fn standard_output_by_its_path() {
    let zone = zone();
    for path in ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"] {
        assert!(is_report(&report_to(&zone, Path::new(path)).stdout), "{path}");
        // As a shell appends.
        let log = zone.around().join("log");
        fs::write(&log, "before\n").expect("a file");
        let before = fs::metadata(&log).expect("a file").ino();
        let file = OpenOptions::new().append(true).open(&log).expect("the file");
        let mut command = zone.command(&["status", "--format", "prometheus", "--output", path]);
        let status = command.stdout(file).stderr(Stdio::null()).status().expect("it runs");
        assert_eq!(status.code(), Some(69), "{path}");
        let text = fs::read_to_string(&log).expect("the file");
        assert!(is_report(text.strip_prefix("before\n").expect("what was there")), "{path}");
        assert_eq!(fs::metadata(&log).expect("a file").ino(), before, "the shell's file");
    }
}

/// A collector that has the old one open reads that to its end.
#[test]
fn behind_a_link_a_file_is_replaced() {
    let zone = zone();
    let (target, link) = (zone.around().join("there/zone.prom"), zone.around().join("link"));
    fs::create_dir(zone.around().join("there")).expect("a directory");
    symlink("there/zone.prom", &link).expect("a link");
    report_to(&zone, &link);
    assert!(is_report(&fs::read_to_string(&target).expect("a file that was not there")));
    fs::write(&target, "old").expect("a file");
    let mut open = File::open(&target).expect("the file");
    report_to(&zone, &link);
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(fs::symlink_metadata(&target).expect("it is there").is_file());
    assert!(is_report(&fs::read_to_string(&target).expect("the file")));
    let mut text = String::new();
    open.read_to_string(&mut text).expect("the old file");
    assert_eq!(text, "old");
    assert_eq!(fs::read_dir(zone.around().join("there")).expect("a directory").count(), 1, "nothing is left");
}

#[test]
fn neither_a_directory_nor_a_circle() {
    let zone = zone();
    let circle = zone.around().join("circle");
    symlink("circle", &circle).expect("a link");
    for path in [zone.around(), circle.as_path()] {
        let told = zone.run(&["status", "--output", path.to_str().expect("UTF-8")]);
        told.expect_code(73).expect_error_with(&["cannot write "]);
    }
}
