//! Where files go that are not kept.

use std::path::PathBuf;

/// The directory that `TMPDIR` names; `/tmp` if it is unset or empty.
pub fn temporary_directory() -> PathBuf {
    let named = std::env::var_os("TMPDIR").filter(|named| !named.is_empty());
    named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}
