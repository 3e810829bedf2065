//! One verdict on a start: whatever is wrong with a node, `plan` and `check` say what `run` does, and end as
//! it does.

mod activated;
mod zone_directory;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Gives a path a mode.
fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// Checks every row, and names all that fail.
fn each<R>(rows: &[R], name: impl Fn(&R) -> &str, check: impl Fn(&R)) {
    let fails = |row: &&R| catch_unwind(AssertUnwindSafe(|| check(row))).is_err();
    let failed: Vec<&str> = rows.iter().filter(fails).map(name).collect();
    assert!(failed.is_empty(), "{} of {} rows: {failed:#?}", failed.len(), rows.len());
}
