//! A report in a file that others read at any moment.

use std::path::Path;

use zone_pki::printable::visible_lines;

use host::OutputFile;
use model::error::{Failure, Result};

/// What a collector of another user has to be able to read.
const MODE: u32 = 0o644;

/// Puts the text in place of what the file held, or writes it to what is no regular file. The file beside it
/// has a name that no collector takes.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let written = OutputFile::behind(path)
        .and_then(OutputFile::refuse_private)
        .and_then(|file| file.write(visible_lines(text).as_bytes(), MODE));
    written.map_err(|error| Failure::write(path, &error))
}
