//! What processes write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{shell, start, supervisor, watch_until};
use crate::harness::isolation::isolated;
use crate::harness::program;
use supervision::{Listener, Options, Output, Source, Supervisor};

/// Memory of this process in KiB, the most that there has been.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn lines_of_both_streams_have_the_name_of_their_process() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        start(&mut supervisor, &shell("a", "echo one; echo two >&2; printf 'three\\r\\n'; exec sleep 1000"));
        start(&mut supervisor, &shell("b", "echo; exec sleep 1000"));
        watch_until(&mut supervisor, "all lines", || heard.all().len() == 4);
        ["a: one", "a: two", "a: three", "b: "].iter().for_each(|line| {
            assert!(heard.all().contains(&(*line).to_owned()), "{line}:\n{heard}");
        });
    });
}

#[test]
fn the_last_line_needs_no_end() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        start(&mut supervisor, &shell("a", "printf 'no end'; exit 0"));
        watch_until(&mut supervisor, "its end", || heard.count("* a ended") == 1);
        assert_eq!(heard.all()[0], "a: no end");
    });
}

/// A pipe that is not read would stop the process.
#[test]
fn long_lines_are_handed_on_in_pieces() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let line =
            "head -c 1048576 /dev/zero | tr '\\0' x; echo; printf '%016384d\\n' 0; echo after; exec sleep 9";
        start(&mut supervisor, &shell("a", line));
        watch_until(&mut supervisor, "the line after", || heard.count("a: after") == 1);
        let lines = heard.all();
        let pieces: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("a: x")).collect();
        assert!(pieces.len() >= 40 && pieces.iter().all(|piece| piece.len() < 25_000), "{}", pieces.len());
        assert_eq!(pieces.iter().map(|piece| piece.len() + 1).sum::<usize>(), 1 << 20);
        // No empty line after one that ended with a piece.
        assert!(!lines.contains(&"a: ".to_owned()));
        supervisor.stop_all();
    });
}

/// Counts the bytes of lines, and keeps none.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Listener for Counting {
    fn line(&self, _: Source<'_>, line: &str) {
        self.0.fetch_add(line.len(), Ordering::Relaxed);
    }

    fn message(&self, _: &str) {}
}

#[test]
fn a_line_without_an_end_takes_no_memory() {
    isolated(|| {
        let counting = Arc::new(Counting::default());
        let output = Output::Lines(Arc::clone(&counting) as Arc<dyn Listener>);
        let mut supervisor =
            Supervisor::new(Options { program: Some(program()), output }).expect("a supervisor");
        let before = peak();
        start(&mut supervisor, &shell("a", "head -c 200000000 /dev/zero >&2; exec sleep 1000"));
        let all = || counting.0.load(Ordering::Relaxed) > 199_900_000;
        watch_until(&mut supervisor, "all of it", all);
        let grown = peak() - before;
        assert!(grown < 32 << 10, "{grown} KiB");
    });
}

#[test]
fn what_is_not_utf8_is_replaced_and_characters_stay_whole() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let directory = tempfile::tempdir().expect("a directory");
        // One character is cut wherever the pieces end.
        let lines = ["", "x", "xx"].map(|begin| format!("{begin}{}\n", "€".repeat(12_000)));
        std::fs::write(directory.path().join("lines"), lines.concat()).expect("a file");
        let line = format!("printf 'a\\377b\\n'; cat {}/lines; echo after", directory.path().display());
        start(&mut supervisor, &shell("a", &line));
        watch_until(&mut supervisor, "the line after", || heard.count("a: after") == 1);
        heard.expect("a: a\u{fffd}b");
        let lines = heard.all();
        let euros: Vec<&String> = lines.iter().filter(|line| line.contains('€')).collect();
        // A piece has at most half as much more as it is cut at.
        assert!(euros.len() >= 6 && euros.iter().all(|piece| !piece.contains('\u{fffd}')), "{}", euros.len());
        assert_eq!(euros.iter().map(|piece| piece.matches('€').count()).sum::<usize>(), 36_000);
    });
}
