//! A data directory that is of no use to the member any more is put aside, and never deleted.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;
use zone_pki::ShowPath;

use super::lock_node;
use host::kernel_text;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report;
use store::site::Site;

/// Renames the data directory to `data.aside-TIME`, in UTC, and returns that. A second one within a second
/// has a number behind it.
pub(super) fn move_away(data: &Path, now: OffsetDateTime) -> Result<PathBuf> {
    let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
    let stamp = now.format(&stamp).unwrap_or_default();
    // rename(2) would replace an empty directory without a word.
    let named = |number: u32| {
        let mut name = data.as_os_str().to_owned();
        name.push(format!(".aside-{stamp}"));
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let aside = (1..).map(named).find(|aside| fs::symlink_metadata(aside).is_err()).unwrap_or_default();
    let aside = aside.as_path();
    refuse_unmovable(data)?;
    fs::rename(data, aside).map_err(|error| match error.kind() {
        std::io::ErrorKind::ResourceBusy => mounted(data),
        _ => Failure::write(aside, &error),
    })?;
    if let Some(parent) = data.parent() {
        let synced = fs::File::open(parent).and_then(|directory| directory.sync_all());
        synced.map_err(|error| Failure::write(parent, &error))?;
    }
    report::message(&format!("put {} aside as {}", data.shown(), aside.shown()));
    Ok(aside.to_owned())
}

/// Refuses a data directory that cannot be renamed.
///
/// # Errors
/// It is a symbolic link, or where a disk is mounted.
pub(super) fn refuse_unmovable(data: &Path) -> Result<()> {
    if let Ok(target) = fs::read_link(data) {
        return Err(Failure::bad_input(format!("{} points to {}", data.shown(), target.shown()))
            .because("the data would stay where it is, and new data would go elsewhere")
            .next(format!("empty it yourself: move what is in {} to another place", target.shown())));
    }
    // Its fifth column (proc_pid_mountinfo(5)). Without /proc the attempt tells.
    let mounts = kernel_text("/proc/self/mountinfo").unwrap_or_default();
    let is_mounted = mounts.lines().any(|line| line.split(' ').nth(4).map(Path::new) == Some(data));
    if is_mounted { Err(mounted(data)) } else { Ok(()) }
}

fn mounted(data: &Path) -> Failure {
    let what = format!("{} is where a disk is mounted, and cannot be renamed", data.shown());
    Failure::new(Exit::CannotCreate, what)
        .next(format!("move what is in it to another place on that disk: {}", data.join("member").shown()))
}

/// Puts the data of a member aside that the cluster does not have any more, and that does not run. `check` is
/// asked when no start can come in between any more.
///
/// # Errors
/// It runs all the same, those of `check`, or the directory cannot be renamed.
pub fn set_data_aside(
    site: &Site,
    node: &Node,
    now: OffsetDateTime,
    check: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let paths = site.node_paths(&node.name);
    let _held = lock_node(&paths)?;
    check()?;
    move_away(&paths.data(), now).map(drop)
}
