//! A machine to install packages on: the root of this one, seen through a layer that takes every write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Outcome, debian, outcome, program};

/// Where the packages are.
const PACKAGES: &str = "/packages";
/// Debian's lintian and rpm, with what they need, below everything that the test writes.
const TOOLS: &str = "package-checks";

/// Puts the layers together and moves there. What was the root is let go of. Packages may have directories
/// where this system has links into `/usr`.
const ENTER: &str = r#"
layers=$1 packages=$2 tools=$3
mount -t tmpfs -o mode=755 tmpfs "$layers"
cd "$layers"
mkdir upper work root
cp -a "$tools" tools
for place in bin sbin lib lib64; do
    if [ -d tools/$place ]; then
        mkdir -p tools/usr/$place
        cp -a tools/$place/. tools/usr/$place/
        rm -r tools/$place
    fi
done
mount -t overlay overlay -o "lowerdir=$layers/tools:/,upperdir=$layers/upper,workdir=$layers/work" root
cd root
mkdir -p packages before output
mount --bind "$packages" packages
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
pivot_root . before
cd /
umount --lazy /before
"#;

/// Makes the packages of two revisions, unless they are there and newer than what they are made of. To be
/// called before [`crate::harness::isolation::isolated`]: it may take longer than a test.
#[track_caller]
pub fn made() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    std::fs::create_dir_all(&place).expect("a directory");
    let lock = File::create(place.join(".lock")).expect("a lock");
    lock.lock().expect("no other test makes them");
    let stamp = place.join(".made");
    let mut newer = Command::new("find");
    newer.args(["packaging", "scripts/packages", "docs", "examples", "README.md", "CHANGELOG.md"]);
    newer.arg(program()).args(["-newer"]).arg(&stamp).current_dir(source);
    if !stamp.exists() || !outcome(&mut newer).expect_code(0).stdout.is_empty() {
        let begun = File::create(place.join(".begun")).expect("a file");
        make(&place, 1, &["3.7.3", "3.6.16"]);
        make(&place, 2, &["3.7.3"]);
        drop(begun);
        std::fs::rename(place.join(".begun"), &stamp).expect("they are made");
    }
    place
}

/// Moves to a machine on which these packages can be installed. To be used in
/// [`crate::harness::isolation::isolated`].
#[track_caller]
pub fn enter(packages: &Path) {
    let tools = debian::fetched(TOOLS);
    assert!(tools.is_dir(), "run scripts/package-checks first");
    let layers = tempfile::tempdir().expect("a directory");
    let mut enter = Command::new("sh");
    enter.args(["-euc", ENTER, "sh"]).arg(layers.path()).arg(packages).arg(tools);
    outcome(&mut enter).expect_code(0);
    std::env::set_current_dir("/").expect("the new root");
}

#[track_caller]
fn make(out: &Path, revision: u32, etcd: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/packages");
    let mut command = Command::new(script);
    command.arg("--out").arg(out).arg("--binary").arg(program());
    command.args(["--maintainer", "An operator <packages@example.com>"]);
    command.args(["--revision", &revision.to_string()]);
    for version in etcd {
        command.args(["--etcd", version]);
    }
    outcome(command.env("CARGO_NET_OFFLINE", "true")).expect_code(0);
}

/// The files of these packages.
#[track_caller]
pub fn files(names: &[&str], revision: u32, format: &str) -> Vec<String> {
    let entries = std::fs::read_dir(PACKAGES).expect("the packages").map(|entry| entry.expect("one").path());
    let is_meant = |path: &PathBuf| {
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let is_named = |name: &&str| {
            let after = file.strip_prefix(name).and_then(|rest| rest.strip_prefix(['-', '_']));
            after.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
        };
        let is_revision = [".", "_"].iter().any(|end| file.contains(&format!("-{revision}{end}")));
        names.iter().any(is_named) && is_revision && file.ends_with(format)
    };
    let found: Vec<String> =
        entries.filter(is_meant).map(|path| path.to_string_lossy().into_owned()).collect();
    assert_eq!(found.len(), names.len(), "{found:?}");
    found
}

/// A command of root's on the machine, without a terminal.
#[track_caller]
pub fn call(words: &[&str]) -> Outcome {
    let mut command = Command::new("setsid");
    command.arg("--wait").args(words).stdin(std::process::Stdio::null());
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("NO_COLOR", "1").env("TMPDIR", "/tmp");
    outcome(&mut command)
}
