//! The commands in README.md and docs/ are run as they stand.
//!
//! Blocks marked `sh` are run page by page and in order, each in a shell of its own, all of a page in one
//! fresh directory, with the program and the bundled tools first in `PATH`. `sh repository` runs in a view of
//! the source tree in which nothing can be written but what is built. `sh zone` finds a zone in `z`, with all
//! its certificates, and `sh members` one whose members run; there NODE is `node1`, NAME is a client, and
//! 10.0.1.10 is the first of them. What is in `console` blocks is parsed. Blocks with other marks are for
//! reading.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use diagnosis::log::explanations;

use crate::harness::typed::commands_in;
use crate::harness::{bundle, outcome, program, zone_etcd};

/// How long a block may take before something in it hangs, in seconds.
const LIMIT: &str = "120";

/// Pages wait for their members more than they compute.
const PAGES_AT_ONCE: usize = 4;

/// Runs a block where nothing of the source tree can be written but what is built: the target directory and
/// the bundles.
const IN_REPOSITORY: &str = r#"
mount --make-rprivate /
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
for built in target libexec; do
    mount --bind "$0/$built" "$0/$built"
    mount -o remount,bind,rw "$0/$built"
done
cd "$0"
exec bash -euo pipefail "$1"
"#;

/// What has to be there for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Nothing,
    Repository,
    Zone,
    Members,
}

/// A block of commands.
struct Block {
    /// The line on which its first command stands.
    line: usize,
    text: String,
    stage: Stage,
}

impl Stage {
    fn named(words: &[&str]) -> Self {
        match words {
            [] => Self::Nothing,
            ["repository"] => Self::Repository,
            ["zone"] => Self::Zone,
            ["members"] => Self::Members,
            _ => panic!("no stage is called {words:?}"),
        }
    }

    /// The block as a shell is to run it, with its placeholders filled in.
    fn script(self, text: &str) -> String {
        if matches!(self, Self::Nothing | Self::Repository) {
            return text.to_owned();
        }
        text.replace("NODE", "node1")
            .replace("NAME", "backup")
            .replace("https://10.0.1.10:2379", "\"${ETCDCTL_ENDPOINTS%%,*}\"")
    }
}

/// Makes the zone of `sh zone`, once a page.
fn make_zone(directory: &Path) {
    if directory.join("z").exists() {
        return;
    }
    let zone = |arguments: &[&str]| {
        let done = outcome(zone_etcd(arguments).current_dir(directory));
        done.expect_code(0);
    };
    let nodes = ["--node", "node1=127.61.7.1", "--node", "node2=127.61.7.2", "--node", "node3=127.61.7.3"];
    zone(&[&["init", "--zone", "z", "--name", "example.com"][..], &nodes].concat());
    zone(&["pki", "issue", "--all", "--zone", "z"]);
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    for directory in ["docs", "docs/problems", "docs/tutorials"] {
        let documents = std::fs::read_dir(repository().join(directory)).expect("the documents");
        pages.extend(documents.map(|entry| entry.expect("an entry").path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md") && page.is_file());
    pages.sort();
    pages
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(usize, Option<usize>)> = None;
    for (index, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let ticks = bare.len() - bare.trim_start_matches('`').len();
        match open {
            None if ticks >= 3 => {
                let words: Vec<&str> = bare[ticks..].split_whitespace().collect();
                let is_run = words.first() == Some(&"sh");
                if is_run {
                    let stage = Stage::named(&words[1..]);
                    blocks.push(Block { line: index + 2, text: String::new(), stage });
                }
                open = Some((ticks, is_run.then(|| line.len() - bare.len())));
            }
            Some((wanted, _)) if ticks >= wanted && bare.trim_start_matches('`').trim().is_empty() => {
                open = None
            }
            Some((_, Some(indent))) => {
                let block = blocks.last_mut().expect("an open block");
                // A block in a list is indented as a whole.
                block.text += line.get(indent..).unwrap_or_default();
                block.text.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// Runs one block, and says what it printed if it fails. What a block leaves running is ended with it.
fn run(page: &Path, block: &Block, directory: &Path) -> Result<(), String> {
    let programs = [program().parent().expect("a directory").to_owned(), bundle("3.7.3")];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&inherited))).expect("PATH");
    let script = directory.join(".block");
    std::fs::write(&script, block.stage.script(&block.text)).expect("the block");
    if block.stage == Stage::Zone {
        make_zone(directory);
    }
    let mut command = Command::new("unshare");
    // A process namespace of its own: when the block ends, so does everything that it started.
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    if block.stage != Stage::Repository {
        // Pages that run at once have the same addresses; what builds may fetch.
        command.args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
    }
    command.args(["timeout", LIMIT]);
    if block.stage == Stage::Members {
        command.arg(program()).args(["dev", "--dir", "z", "--"]);
    }
    command.args(["bash", "-euo", "pipefail"]);
    if block.stage == Stage::Repository {
        command.args(["-c", IN_REPOSITORY]).arg(repository()).arg(&script);
    } else {
        command.arg(&script);
    }
    // Cargo and rustup look for their own below HOME.
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (name, below) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(below).into()));
    }
    command.env("PATH", path).env("HOME", directory).env("NO_COLOR", "1").current_dir(directory);
    command.env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG").stdin(std::process::Stdio::null());
    let done = outcome(&mut command);
    if done.code == 0 {
        return Ok(());
    }
    let place = format!("{}:{}", page.display(), block.line);
    Err(format!(
        "{place}: exit {}\n{}\nstdout:\n{}\nstderr:\n{}",
        done.code, block.text, done.stdout, done.stderr
    ))
}

#[test]
fn every_command_in_the_documents_works() {
    let count = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let pages = Mutex::new(pages());
    let worker = || {
        while let Some(page) = { pages.lock().expect("the pages").pop() } {
            let text = std::fs::read_to_string(&page).expect("a page");
            let directory = tempfile::tempdir().expect("a directory");
            for block in blocks(&text) {
                count.fetch_add(1, Ordering::Relaxed);
                if let Err(failure) = run(&page, &block, directory.path()) {
                    failures.lock().expect("the failures").push(failure);
                    // What follows on the page builds on it.
                    break;
                }
            }
        }
    };
    std::thread::scope(|scope| (0..PAGES_AT_ONCE).for_each(|_| drop(scope.spawn(worker))));
    println!("{} blocks of the documents were run", count.into_inner());
    let failures = failures.into_inner().expect("the failures");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What cannot be staged is at least what could be typed.
#[test]
fn every_command_that_is_only_shown_parses() {
    let mut count = 0;
    let mut faults = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for (number, line) in shown_lines(&text) {
            let whole = "ab".repeat(32);
            let line = line.replace("6C:8F:25:…", &whole).replace("int SHA256", &format!("int {whole}"));
            for typed in commands_in(&line).iter().filter(|typed| typed.is_in_command_position()) {
                count += 1;
                if let Some(fault) = typed.fault() {
                    faults.push(format!("{}:{number}: {line}\n{fault}", page.display()));
                }
            }
        }
    }
    println!("{count} commands of the documents were parsed");
    assert!(count > 50 && faults.is_empty(), "{count} commands\n{}", faults.join("\n\n"));
}

/// The lines of `console` blocks that somebody types, with their numbers.
fn shown_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_within = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let bare = line.trim_start();
        if bare.starts_with("```") {
            is_within = bare == "```console";
            return None;
        }
        let typed = bare.strip_prefix("$ ").or_else(|| bare.strip_prefix("# "))?;
        is_within.then_some((index + 1, typed))
    })
}

/// A node may have a directory of its own, and there `--zone` would take a copy of the CAs' keys.
#[test]
fn what_the_log_proposes_on_a_node_needs_no_zone_directory() {
    for row in explanations() {
        for typed in commands_in(row.remedy) {
            let is_on_node = ["run", "check"].contains(&typed.words[0].as_str());
            assert!(!(is_on_node && typed.has("--zone")), "{}: {}", row.id, row.remedy);
        }
    }
}

/// The lines that etcd prints are explained with commands as well.
#[test]
fn every_remedy_of_the_log_parses() {
    let faults: Vec<String> = explanations()
        .flat_map(|row| commands_in(row.remedy).into_iter().map(move |typed| (row, typed)))
        .filter(|(_, typed)| typed.is_subcommand() && !typed.is_named_only)
        .filter_map(|(row, typed)| Some(format!("{}: {}: {}", row.id, typed.words.join(" "), typed.fault()?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn blocks_are_found_with_their_lines() {
    let text = "# Title\n\n```sh\necho one\n```\n\n```console\n$ no\n```\n\n\
                1. list\n   ```sh repository\n   echo two\n     in\n   ```\n\
                ````text\n```sh\nno\n```\n````\n";
    let found: Vec<_> = blocks(text).into_iter().map(|block| (block.line, block.text, block.stage)).collect();
    assert_eq!(
        found,
        [
            (4, "echo one\n".to_owned(), Stage::Nothing),
            (13, "echo two\n  in\n".to_owned(), Stage::Repository)
        ]
    );
}

#[test]
fn a_block_that_fails_says_where_and_what() {
    let directory = tempfile::tempdir().expect("a directory");
    let block = |text: &str, stage| Block { line: 7, text: text.to_owned(), stage };
    let fails = |text: &str| {
        run(Path::new("page.md"), &block(text, Stage::Nothing), directory.path()).expect_err("it fails")
    };
    let failure = fails("echo seen\nfalse | true\necho unseen >&2\n");
    assert!(failure.starts_with("page.md:7: exit 1") && failure.contains("seen\n"), "{failure}");
    assert!(!failure.contains("stderr:\nunseen"), "{failure}");
    assert!(fails("echo \"$NO_SUCH_VARIABLE\"").contains("NO_SUCH_VARIABLE"));
    run(
        Path::new("page.md"),
        &block("test -f Cargo.toml; ! touch Cargo.lock.new", Stage::Repository),
        directory.path(),
    )
    .expect("read-only");
    run(
        Path::new("page.md"),
        &block("zone-etcd --version; etcdctl version", Stage::Nothing),
        directory.path(),
    )
    .expect("found in PATH");
}
