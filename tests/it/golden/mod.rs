//! What `plan` prints, and the role table, byte for byte in `tests/golden`.
//! `UPDATE_GOLDEN=1 cargo test --test it golden` writes the files again; the difference is then to be
//! read like any other change.

mod accepted;
mod arguments;
mod reports;
mod roles;
mod zones;

use std::path::PathBuf;

/// The file of a golden text.
fn golden_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Compares a text with the golden one, or replaces that.
#[track_caller]
pub fn compare(name: &str, text: &str) {
    let path = golden_file(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("tests/golden");
        std::fs::write(&path, text).expect("the golden file");
        println!("wrote {}", path.display());
        return;
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    if text != expected {
        let differing = expected.lines().zip(text.lines()).find(|(one, other)| one != other);
        panic!(
            "{name} differs, first in {differing:?}; is now:\n{text}\n\
             UPDATE_GOLDEN=1 writes it, if it is right"
        );
    }
}
