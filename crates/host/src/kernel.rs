//! What the kernel tells in files that are made as they are read.

use std::io;

/// The text of such a file, which has no length before it is read, and an end.
#[allow(clippy::disallowed_methods, reason = "only the kernel writes there")]
pub fn kernel_text(path: &str) -> io::Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
