//! The commands in README.md and docs/ are run as they stand.
//!
//! Blocks marked `sh` are run page by page and in order, each in a shell of its own, all of a page in one fresh directory,
//! with the program and the bundled tools first in `PATH`. `sh repository` runs in a view of the source tree in which nothing
//! can be written but what is built. Blocks with other marks are for reading.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{bundle, outcome, program};

/// How long a block may take before something in it hangs, in seconds.
const LIMIT: &str = "120";

/// Runs a block where nothing of the source tree can be written but what is built: the target directory and the bundles.
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

/// A block of commands.
struct Block {
    /// The line on which its first command stands.
    line: usize,
    text: String,
    in_repository: bool,
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let documents = std::fs::read_dir(repository().join("docs")).into_iter().flatten();
    pages.extend(documents.map(|entry| entry.expect("an entry").path()));
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
                    let in_repository = words[1..].contains(&"repository");
                    blocks.push(Block { line: index + 2, text: String::new(), in_repository });
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
    std::fs::write(&script, &block.text).expect("the block");
    let mut command = Command::new("unshare");
    // A process namespace of its own: when the block ends, so does everything that it started.
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["timeout", LIMIT, "bash", "-euo", "pipefail"]);
    if block.in_repository {
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
    let mut count = 0;
    let mut failures = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let directory = tempfile::tempdir().expect("a directory");
        for block in blocks(&text) {
            count += 1;
            if let Err(failure) = run(&page, &block, directory.path()) {
                failures.push(failure);
                // What follows on the page builds on it.
                break;
            }
        }
    }
    println!("{count} blocks of the documents were run");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn blocks_are_found_with_their_lines() {
    let text = "# Title\n\n```sh\necho one\n```\n\n```console\n$ no\n```\n\n1. list\n   ```sh repository\n   echo two\n     in\n   ```\n\
                ````text\n```sh\nno\n```\n````\n";
    let found: Vec<_> =
        blocks(text).into_iter().map(|block| (block.line, block.text, block.in_repository)).collect();
    assert_eq!(found, [(4, "echo one\n".to_owned(), false), (13, "echo two\n  in\n".to_owned(), true)]);
}

#[test]
fn a_block_that_fails_says_where_and_what() {
    let directory = tempfile::tempdir().expect("a directory");
    let block = |text: &str, in_repository| Block { line: 7, text: text.to_owned(), in_repository };
    let fails =
        |text: &str| run(Path::new("page.md"), &block(text, false), directory.path()).expect_err("it fails");
    let failure = fails("echo seen\nfalse | true\necho unseen >&2\n");
    assert!(failure.starts_with("page.md:7: exit 1") && failure.contains("seen\n"), "{failure}");
    assert!(!failure.contains("stderr:\nunseen"), "{failure}");
    assert!(fails("echo \"$NO_SUCH_VARIABLE\"").contains("NO_SUCH_VARIABLE"));
    run(Path::new("page.md"), &block("test -f Cargo.toml; ! touch Cargo.lock.new", true), directory.path())
        .expect("read-only");
    run(Path::new("page.md"), &block("zone-etcd --version; etcdctl version", false), directory.path())
        .expect("found in PATH");
}
