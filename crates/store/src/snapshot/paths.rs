//! What lies beside a snapshot, by its name: `NAME.db` or `NAME.db.age`, `NAME.json`, `NAME.drill.json`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;

use model::formats::Seal;

pub(super) const SEALED: &str = ".db.age";
pub(super) const PLAIN: &str = ".db";
pub(super) const MANIFEST: &str = ".json";
pub(super) const DRILL: &str = ".drill.json";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPaths {
    pub file: PathBuf,
    pub manifest: PathBuf,
    pub drill: PathBuf,
}

impl SnapshotPaths {
    /// What lies beside this file.
    pub fn of(file: &Path) -> Self {
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let stem = name.strip_suffix(SEALED).or_else(|| name.strip_suffix(PLAIN)).unwrap_or(name);
        let beside = |end| file.with_file_name(format!("{stem}{end}"));
        Self { file: file.to_owned(), manifest: beside(MANIFEST), drill: beside(DRILL) }
    }

    /// The name of a snapshot, without its end: zone, revision, time. By name is by age, in a zone whose
    /// revision has the same number of digits.
    pub fn stem(zone: &str, revision: i64, at: OffsetDateTime) -> String {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        format!("{zone}-{revision}-{}", at.format(format).unwrap_or_default())
    }

    /// The same as the name of a file.
    pub fn name(stem: &str, seal: Seal) -> String {
        let end = if seal == Seal::Plain { PLAIN } else { SEALED };
        format!("{stem}{end}")
    }
}
