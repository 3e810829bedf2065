//! etcd that is packed into the program: unpacked once, into a cache that only this user can write.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model::error::Exit;
use tempfile::TempDir;

use crate::harness::programs::{copy_program, write_program};
use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};
use crate::support::{FakeBundle, NOBODY, one_member};

const LIMIT: Duration = Duration::from_secs(60);

/// The program with a stand-in for etcd packed into it, and a cache of its own.
struct OneFile {
    place: TempDir,
    file: PathBuf,
}

impl OneFile {
    /// With a file beside etcd that has so many bytes, which do not compress.
    fn with_more(size: usize) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let bundle = FakeBundle::new(place.path(), "3.7.3");
        let mut bytes = vec![0; size];
        aws_lc_rs::rand::fill(&mut bytes).expect("random bytes");
        fs::write(bundle.directory.join("etcdutl"), bytes).expect("a file");
        let named = place.path().join("3.7.3");
        fs::rename(&bundle.directory, &named).expect("renamed");
        let (appended, file) = (place.path().join("appended"), place.path().join("zone-etcd-packed"));
        payload::append(&program(), &[&named], &appended).expect("packed");
        copy_program(&appended, &file);
        Self { place, file }
    }

    fn new() -> Self {
        Self::with_more(1000)
    }

    fn cache(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    fn command(&self, zone: &TestZone, command: &str) -> Command {
        let mut packed = Command::new(&self.file);
        let ours = zone_etcd([command, "--node", "node1", "--zone"]);
        packed
            .args(ours.get_args())
            .arg(zone.path())
            .env("ZONE_ETCD_CACHE", self.cache())
            .env("NO_COLOR", "1");
        for (name, value) in ours.get_envs().filter(|(_, value)| value.is_none()) {
            assert!(value.is_none());
            packed.env_remove(name);
        }
        packed
    }

    #[track_caller]
    fn run(&self, command: &str) -> Outcome {
        outcome(&mut self.command(&one_member(), command))
    }

    /// What is in the cache, but for the lock.
    fn unpacked(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.cache()) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| !path.ends_with(".lock")).collect()
    }

    #[track_caller]
    fn only(&self) -> PathBuf {
        let found = self.unpacked();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("a file").permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

#[track_caller]
fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_first_start_unpacks_and_later_ones_do_not() {
    let one = OneFile::new();
    let planned = one.run("plan").expect_code(0).stdout;
    assert!(planned.contains("packed into this program"), "{planned}");
    let told = outcome(Command::new(&one.file).arg("version").env("ZONE_ETCD_CACHE", one.cache()));
    let told = told.expect_code(0).stdout;
    assert!(told.contains("etcd 3.7.3, the default\n") && told.contains("packed into"), "{told}");
    assert!(!one.cache().exists(), "`plan` or `version` has written");
    one.run("run").expect_code(0);
    let unpacked = one.only();
    let etcd = unpacked.join("3.7.3/etcd");
    for directory in [&one.cache(), &unpacked, &unpacked.join("3.7.3"), &etcd] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    assert!(planned.contains(&etcd.display().to_string()), "{planned}");
    let first = fs::metadata(&etcd).expect("etcd").ino();
    one.run("run").expect_code(0);
    assert_eq!(fs::metadata(&etcd).expect("etcd").ino(), first);
    let planned = one.run("plan").expect_code(0).stdout;
    assert!(planned.contains("bundled: a test"), "{planned}");
}

#[test]
fn damage_is_refused_by_name() {
    let size = program().metadata().expect("the program").len() as usize;
    type Damage = fn(&mut Vec<u8>, usize);
    let damages: [(Damage, &str); 5] = [
        (|bytes, size| bytes[size + 40] ^= 1, "it is damaged"),
        (|bytes, _| *bytes.iter_mut().nth_back(70).expect("the index") ^= 1, "it is damaged"),
        (|bytes, _| bytes.truncate(bytes.len() - 1), "it was cut short"),
        (|bytes, size| bytes.truncate(size + 5), "it was cut short"),
        (|bytes, _| *bytes.iter_mut().nth_back(47).expect("the format") = 2, "its format is 2"),
    ];
    for (damage, said) in damages {
        let one = OneFile::new();
        let mut bytes = fs::read(&one.file).expect("the file");
        damage(&mut bytes, size);
        let altered = one.place.path().join("altered");
        write_program(&altered, bytes);
        let altered = OneFile { file: altered, ..one };
        altered.run("run").expect_code(65).expect_error_with(&["packed into", said, "SHA256SUMS"]);
        assert!(altered.unpacked().is_empty(), "{said}: {:?}", altered.unpacked());
    }
}

#[test]
fn a_cache_that_others_can_change_is_not_believed() {
    let one = OneFile::new();
    one.run("run").expect_code(0);
    let unpacked = one.only();
    let inside = [unpacked.clone(), unpacked.join("3.7.3"), unpacked.join("3.7.3/etcd")];
    for path in [one.place.path().to_owned(), one.cache()].iter().chain(&inside) {
        let before = mode(path);
        for open in [before | 0o020, before | 0o002] {
            chmod(path, open);
            for command in ["run", "plan"] {
                one.run(command).expect_code(77).expect_error_with(&["is not believed", "chmod go-w"]);
            }
        }
        chmod(path, before);
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::lchown(path, Some(NOBODY), None).expect("root may");
            one.run("run").expect_code(77).expect_error_with(&["belongs to user", "ZONE_ETCD_CACHE"]);
            std::os::unix::fs::lchown(path, Some(0), None).expect("root may");
        }
    }
    one.run("run").expect_code(0);
}

#[test]
fn what_was_altered_is_refused_and_what_is_missing_is_unpacked_again() {
    let one = OneFile::new();
    one.run("run").expect_code(0);
    let unpacked = one.only();
    let etcd = unpacked.join("3.7.3/etcd");
    let text = fs::read_to_string(&etcd).expect("the stand-in");
    fs::write(&etcd, text.replace("as it was bundled", "as it was altered")).expect("altered");
    let step = format!("rm -r {}", unpacked.display());
    one.run("run").expect_code(65).expect_error_with(&["was altered", &step]);
    fs::remove_file(&etcd).expect("removed");
    one.run("run").expect_code(0);
    assert_eq!(fs::read_to_string(&etcd).expect("the stand-in"), text);
    // A link to somewhere else is no file of the cache.
    fs::rename(&etcd, one.place.path().join("elsewhere")).expect("moved");
    symlink(one.place.path().join("elsewhere"), &etcd).expect("a link");
    one.run("run").expect_code(77);
}

#[test]
fn many_first_starts_at_once_unpack_once() {
    let one = OneFile::with_more(4 << 20);
    let zones: Vec<TestZone> = (0..6).map(|_| one_member()).collect();
    let start = |zone| one.command(zone, "run").stderr(Stdio::piped()).spawn().expect("it starts");
    let started: Vec<Child> = zones.iter().map(start).collect();
    for child in started {
        Outcome::from(child.wait_with_output().expect("it ends")).expect_code(0);
    }
    one.only();
}

#[test]
fn a_kill_while_it_unpacks_leaves_nothing_half_done() {
    let one = OneFile::with_more(16 << 20);
    let zone = one_member();
    let is_partial = |path: &PathBuf| path.to_string_lossy().contains("/.partial-");
    let mut seen = 0;
    for pause in 0..12_u32 {
        let mut child = one.command(&zone, "run").stderr(Stdio::null()).spawn().expect("it starts");
        await_that("it unpacks", || !one.unpacked().is_empty());
        let begun = Instant::now();
        await_that("an instant", || begun.elapsed() >= Duration::from_millis(2) * pause);
        child.kill().expect("killed");
        child.wait().expect("it ends");
        seen += one.unpacked().iter().filter(|path| is_partial(path)).count();
        for whole in one.unpacked().iter().filter(|path| !is_partial(path)) {
            assert_eq!(fs::metadata(whole.join("3.7.3/etcdutl")).expect("a file").len(), 16 << 20);
            fs::remove_dir_all(whole).expect("removed");
        }
    }
    assert!(seen > 0, "no kill came in time");
    outcome(&mut one.command(&zone, "run")).expect_code(0);
    assert!(!is_partial(&one.only()));
}

#[test]
fn one_that_goes_on_and_on_is_waited_for_until_the_limit() {
    let cache = tempfile::tempdir().expect("a directory");
    let held = payload::lock(cache.path(), LIMIT).expect("nobody has it");
    let limit = Duration::from_millis(50);
    let begun = Instant::now();
    let refused = payload::lock(cache.path(), limit).expect_err("it is held");
    assert!(begun.elapsed() >= limit);
    assert_eq!(refused.exit, Exit::TryAgain);
    assert_eq!(refused.what, format!("another process unpacks etcd in {}", cache.path().display()));
    assert_eq!(refused.causes, ["0.05 s were waited for it"]);
    let lock = cache.path().join(".lock");
    assert_eq!(refused.next, Some(format!("see which it is: fuser -v {}", lock.display())));
    drop(held);
    payload::lock(cache.path(), limit).expect("it is free again");
}

#[test]
fn leftovers_of_one_that_lives_are_left_alone() {
    let one = OneFile::new();
    let leftover = one.cache().join(".partial-other");
    fs::create_dir_all(&leftover).expect("a directory");
    chmod(&one.cache(), 0o700);
    let lock = fs::File::create(one.cache().join(".lock")).expect("the lock");
    lock.lock().expect("locked");
    let zone = one_member();
    let log = one.place.path().join("stderr");
    let stderr = fs::File::create(&log).expect("a file");
    let mut child = one.command(&zone, "run").stderr(stderr).spawn().expect("it starts");
    let waits = || fs::read_to_string(&log).expect("its messages").contains("waiting for another process");
    await_that("it waits", waits);
    assert!(leftover.exists());
    drop(lock);
    assert!(child.wait().expect("it ends").success());
    assert!(!leftover.exists());
    one.only();
}
