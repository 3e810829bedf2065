//! A report in a file that others read at any moment.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Failure, Result};

/// What a collector of another user has to be able to read.
const MODE: u32 = 0o644;

/// Puts the text in place of what the file held. A reader sees the one or the other, never a part. The file beside it has a
/// name that begins with a dot and ends without `.prom`, so no collector takes it.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".zone-etcd-").tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(MODE))?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error: std::io::Error| Failure::write(path, &error))
}
