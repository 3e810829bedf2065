//! A commit that is interrupted between any two of its steps: by an error, and by the end of the process.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::{env, fs, process};

use super::commit::{Step, commit};
use super::{FileKind, GenerationStore, Staged, StoreError};

const STEPS: [Step; 5] = [Step::Synced, Step::Renamed, Step::Linked, Step::Switched, Step::Durable];
const DIRECTORY: &str = "ZONE_PKI_TEST_DIRECTORY";
const STEP: &str = "ZONE_PKI_TEST_STEP";

/// A directory that only we may enter: what a plain temporary one is depends on the umask.
fn private_directory() -> tempfile::TempDir {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().unwrap()
}

fn staged(store: &GenerationStore, content: &str) -> Staged {
    let mut staged = store.stage().unwrap();
    staged.add("file", content.as_bytes(), FileKind::Private).unwrap();
    staged
}

/// The content in use, and the names in the store that begin with a dot.
fn state(store: &GenerationStore) -> (String, Vec<String>) {
    let content = store.current().unwrap().unwrap().read_private("file").unwrap();
    let mut hidden = store.names().unwrap();
    hidden.retain(|name| name.starts_with('.'));
    (String::from_utf8(content.to_vec()).unwrap(), hidden)
}

fn check_after(step: Step, store: &GenerationStore) {
    let switched = matches!(step, Step::Switched | Step::Durable);
    assert_eq!(state(store).0, if switched { "new" } else { "old" }, "{step:?}");
    // The next commit repairs whatever is left, under a number that was never used.
    let number = staged(store, "next").commit().unwrap().number;
    assert_eq!(number, if step == Step::Synced { 2 } else { 3 }, "{step:?}");
    assert_eq!(state(store), ("next".to_owned(), vec![]), "{step:?}");
}

#[test]
fn an_error_between_any_two_steps_leaves_a_whole_generation_in_use() {
    for step in STEPS {
        let directory = private_directory();
        let store = GenerationStore::new(directory.path());
        staged(&store, "old").commit().unwrap();
        let mut observe = |done| match done {
            done if done == step => Err(StoreError::Name { name: "stop".into() }),
            _ => Ok(()),
        };
        assert!(commit(staged(&store, "new"), &mut observe).is_err(), "{step:?}");
        check_after(step, &store);
    }
}

#[test]
fn the_end_of_the_process_between_any_two_steps_leaves_a_whole_generation_in_use() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return end_at(STEPS[env::var(STEP).unwrap().parse::<usize>().unwrap()], directory);
    }
    let test = "store::tests::the_end_of_the_process_between_any_two_steps_leaves_a_whole_generation_in_use";
    for (index, step) in STEPS.into_iter().enumerate() {
        let directory = private_directory();
        let store = GenerationStore::new(directory.path());
        staged(&store, "old").commit().unwrap();
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", test])
            .env(DIRECTORY, directory.path())
            .env(STEP, index.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.code().is_none(), "{step:?}: it should have been a signal: {status}");
        if step == Step::Synced {
            assert_eq!(state(&store).1.len(), 1, "what it wrote is still there");
        }
        check_after(step, &store);
    }
}

/// What the test above does in a process of its own.
fn end_at(step: Step, directory: OsString) {
    let store = GenerationStore::new(directory);
    let mut observe = |done| {
        if done == step {
            process::abort();
        }
        Ok(())
    };
    commit(staged(&store, "new"), &mut observe).unwrap();
}

#[test]
fn what_a_living_process_is_writing_is_not_pruned() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let waiting = staged(&store, "late");
    staged(&store, "early").commit().unwrap();
    assert!(waiting.path().exists());
    assert_eq!(waiting.commit().unwrap().number, 2);
    assert_eq!(state(&store).0, "late");
}

#[test]
fn the_generation_in_use_is_not_pruned_even_if_it_is_old() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    for number in 1..=7 {
        fs::create_dir(store.generation(number).path).unwrap();
    }
    std::os::unix::fs::symlink("gen-1", directory.path().join("current")).unwrap();
    super::commit::prune(&store).unwrap();
    let left: Vec<u64> = store.generations().unwrap().iter().map(|generation| generation.number).collect();
    assert_eq!(left, [1, 3, 4, 5, 6, 7]);
}
