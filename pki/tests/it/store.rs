//! Generations through the public interface: modes, kills, pruning, several committers, many at once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use zone_pki::{FileKind, Generation, GenerationStore, StoreError, commit_all};

use crate::support::{child_directory, private_directory, run_child};

fn staged(store: &GenerationStore, content: &str) -> zone_pki::Staged {
    let mut staged = store.stage().unwrap();
    staged.add("peer.crt", content.as_bytes(), FileKind::Public).unwrap();
    staged.add("peer.key", content.as_bytes(), FileKind::Private).unwrap();
    staged
}

fn commit(store: &GenerationStore, content: &str) -> Generation {
    staged(store, content).commit().unwrap()
}

/// Both files of the generation in use, which have to be from the same commit.
fn in_use(store: &GenerationStore) -> Option<String> {
    let generation = store.current().unwrap()?;
    let public = String::from_utf8(generation.read("peer.crt").unwrap()).unwrap();
    assert_eq!(public.as_bytes(), generation.read_private("peer.key").unwrap().as_slice());
    Some(public)
}

fn listing(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every path below with its mode, and a link's target or a file's content.
fn picture(directory: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut picture = BTreeMap::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if metadata.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        picture.insert(path.strip_prefix(directory).unwrap().to_owned(), (metadata.mode(), content));
    }
    picture
}

#[test]
fn a_commit_is_in_use_and_the_one_before_is_kept() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path().join("node/pki"));
    assert_eq!((store.current().unwrap(), store.generations().unwrap()), (None, vec![]));
    let first = commit(&store, "one");
    assert_eq!((first.number, in_use(&store).as_deref()), (1, Some("one")));
    let second = commit(&store, "two");
    assert_eq!((second.number, in_use(&store).as_deref()), (2, Some("two")));
    assert_eq!(first.read("peer.crt").unwrap(), b"one");
    assert_eq!(store.generations().unwrap(), [first, second]);
    assert_eq!(listing(store.directory()), ["current", "gen-1", "gen-2"]);
    assert_eq!(fs::read_link(store.directory().join("current")).unwrap(), Path::new("gen-2"));
}

#[test]
fn modes_are_those_of_creation_whatever_the_umask() {
    if let Some(directory) = child_directory() {
        commit(&GenerationStore::new(directory.join("node/pki")), "one");
        return;
    }
    let directory = private_directory();
    run_child(
        r#"umask 000; exec "$0" "$@""#,
        "store::modes_are_those_of_creation_whatever_the_umask",
        directory.path(),
    );
    let mode = |path: &str| fs::metadata(directory.path().join(path)).unwrap().mode() & 0o7777;
    for path in ["node", "node/pki", "node/pki/gen-1"] {
        assert_eq!(mode(path), 0o700, "{path}");
    }
    assert_eq!((mode("node/pki/gen-1/peer.crt"), mode("node/pki/gen-1/peer.key")), (0o644, 0o600));
}

#[test]
fn a_staged_generation_that_is_dropped_leaves_nothing() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let staged = staged(&store, "one");
    assert_eq!(listing(directory.path()).len(), 1);
    drop(staged);
    assert!(listing(directory.path()).is_empty());
}

#[test]
fn names_of_files_are_plain_and_used_once() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let mut staged = store.stage().unwrap();
    for name in ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "../up"] {
        assert!(matches!(staged.add(name, b"x", FileKind::Public), Err(StoreError::Name { .. })), "{name}");
    }
    staged.add("a", b"x", FileKind::Public).unwrap();
    assert!(matches!(staged.add("a", b"y", FileKind::Private), Err(StoreError::File { .. })));
    let generation = staged.commit().unwrap();
    assert!(matches!(generation.read("../gen-1/a"), Err(StoreError::Name { .. })));
    assert!(generation.read_private("a").is_err(), "a public file is no secret");
}

#[test]
fn five_are_kept_and_numbers_are_not_used_again() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    for number in 1..=12 {
        assert_eq!(commit(&store, &number.to_string()).number, number);
    }
    assert_eq!(listing(directory.path()), ["current", "gen-10", "gen-11", "gen-12", "gen-8", "gen-9"]);
    // Also when the one in use was removed by hand.
    fs::remove_dir_all(directory.path().join("gen-12")).unwrap();
    assert!(matches!(store.current(), Err(StoreError::Missing { number: 12, .. })));
    assert_eq!(commit(&store, "13").number, 13);
}

#[test]
fn what_is_not_ours_is_left_alone_and_a_strange_link_is_an_error() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    for name in ["gen-0", "gen-007", "gen-x", "notes", ".staged-", ".staged-x-1"] {
        fs::create_dir(directory.path().join(name)).unwrap();
    }
    for number in 1..=7 {
        commit(&store, &number.to_string());
    }
    for name in ["gen-0", "gen-007", "gen-x", "notes", ".staged-", ".staged-x-1"] {
        assert!(directory.path().join(name).exists(), "{name}");
    }
    fs::remove_file(directory.path().join("current")).unwrap();
    std::os::unix::fs::symlink("notes", directory.path().join("current")).unwrap();
    assert!(matches!(store.current(), Err(StoreError::Current { .. })));
    assert!(staged(&store, "x").commit().is_err());
}

#[test]
fn a_store_that_is_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = private_directory();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(GenerationStore::new(directory.path()).stage(), Err(StoreError::File { .. })));
}

#[test]
fn committers_at_the_same_time_each_get_a_number_of_their_own() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let mut numbers: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    (0..5).map(|round| commit(store, &format!("{writer}-{round}")).number).collect::<Vec<_>>()
                })
            })
            .collect();
        // A reader all the while: it sees whole generations only.
        while threads.iter().any(|thread| !thread.is_finished()) {
            if let Some(generation) = store.current().ok().flatten() {
                let public = generation.read("peer.crt");
                let private = generation.read_private("peer.key");
                if let (Ok(public), Ok(private)) = (public, private) {
                    assert_eq!(public, **private);
                }
            }
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!(store.current().unwrap().unwrap().number, 40);
    assert_eq!(store.generations().unwrap().len(), 5);
    assert!(listing(directory.path()).iter().all(|name| !name.starts_with('.')));
}

#[test]
fn killed_at_any_moment_the_store_stays_whole() {
    if let Some(directory) = child_directory() {
        let store = GenerationStore::new(directory);
        (0..u64::MAX).for_each(|round| drop(commit(&store, &round.to_string())));
    }
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    commit(&store, "0");
    let mut last = 1;
    for round in 0..25u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::killed_at_any_moment_the_store_stays_whole", "--quiet"])
            .env("ZONE_PKI_TEST_DIRECTORY", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Not before it has got somewhere, and then at another moment each time.
        let start = Instant::now();
        while store.current().unwrap().unwrap().number == last && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_micros(100));
        }
        thread::sleep(Duration::from_micros(round * 733 % 5_000));
        child.kill().unwrap();
        child.wait().unwrap();
        in_use(&store).unwrap();
        let number = store.current().unwrap().unwrap().number;
        assert!(number > last, "round {round}: {number} after {last}");
        last = number;
    }
    commit(&store, "end");
    assert_eq!(in_use(&store).as_deref(), Some("end"));
    let names = listing(directory.path());
    assert!(names.iter().all(|name| !name.starts_with(".staged-")), "{names:?}");
    assert_eq!(store.generations().unwrap().len(), 5);
}

#[test]
fn committing_many_at_once_gives_the_same_as_one_by_one() {
    let directory = private_directory();
    let build = |root: PathBuf, at_once: bool| {
        for round in 0..7 {
            let stores = (0..6).map(|node| GenerationStore::new(root.join(format!("node{node}"))));
            let staged: Vec<_> = stores.map(|store| staged(&store, &round.to_string())).collect();
            let generations: Vec<Generation> = if at_once {
                commit_all(staged).unwrap()
            } else {
                staged.into_iter().map(|staged| staged.commit().unwrap()).collect()
            };
            assert!(generations.iter().all(|generation| generation.number == round + 1));
        }
        picture(&root)
    };
    let one_by_one = build(directory.path().join("one by one"), false);
    let at_once = build(directory.path().join("at once"), true);
    assert!(!one_by_one.is_empty());
    assert_eq!(one_by_one, at_once);
    assert_eq!(commit_all(Vec::new()).unwrap(), []);
}

#[test]
fn committing_several_of_one_store_at_once_keeps_their_order() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let generations = commit_all((0..8).map(|round| staged(&store, &round.to_string())).collect()).unwrap();
    assert_eq!(
        generations.iter().map(|generation| generation.number).collect::<Vec<_>>(),
        (1..=8).collect::<Vec<_>>()
    );
    assert_eq!(in_use(&store).as_deref(), Some("7"));
    assert_eq!(store.generations().unwrap().len(), 5);
}

#[test]
fn an_earlier_generation_is_put_in_use_again() {
    let directory = private_directory();
    let store = GenerationStore::new(directory.path());
    let (first, second) = (commit(&store, "first"), commit(&store, "second"));
    store.switch_to(&first).unwrap();
    assert_eq!(in_use(&store).as_deref(), Some("first"));
    store.switch_to(&second).unwrap();
    assert_eq!(in_use(&store).as_deref(), Some("second"));
    assert_eq!(listing(directory.path()), ["current", "gen-1", "gen-2"]);

    fs::remove_dir_all(&first.path).unwrap();
    assert!(matches!(store.switch_to(&first), Err(StoreError::Missing { number: 1, .. })));
    assert_eq!(in_use(&store).as_deref(), Some("second"));
    // A number that was given once is not given again, whichever is in use.
    assert_eq!(commit(&store, "third").number, 3);
}
