//! Changes to text files.

use std::path::Path;

/// Replaces the one place where `old` stands in a file.
#[track_caller]
pub fn replace_in(path: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(path).expect("a text file");
    assert_eq!(text.matches(old).count(), 1, "`{old}` in {}:\n{text}", path.display());
    std::fs::write(path, text.replace(old, new)).expect("the file is written");
}

/// Adds lines to the end of a file.
#[track_caller]
pub fn append(path: &Path, lines: &str) {
    let text = std::fs::read_to_string(path).expect("a text file");
    std::fs::write(path, text + lines).expect("the file is written");
}
